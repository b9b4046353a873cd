import "../../lib/lazy-packages.ts";
import { main } from "@pulumi/pulumi/provider/server.js";
import { servedByPlugin } from "../internal/dynamic-resource.ts";
import { withoutStack } from "./errors.ts";
import { ComponentPlugin } from "./plugin.ts";

/** @param args What Pulumi starts the plugin with: the address of its engine. */
export async function serve(args: string[]): Promise<void> {
  servedByPlugin();
  // Before the listener of the SDK, which prints the stack of an error in an `apply`.
  process.prependListener("unhandledRejection", (error) => withoutStack(error));
  await main(new ComponentPlugin(), args);
}
