import * as pulumi from "@pulumi/pulumi";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../config/settings.ts";
import { loadPlatform } from "../platforms/platform.ts";
import { writtenConfig, type Stack } from "../config/stack-file.ts";
import { rpcError } from "../lib/rpc-error.ts";

/**
 * The validated configuration of a stack, for commands that do not run the program.
 *
 * @throws UserError if the configuration is invalid.
 */
export async function configurationOf(stack: Stack): Promise<Configuration> {
  const reject = () => Promise.reject(rpcError(new Error("The program does not run.")));
  await pulumi.runtime.setMocks({ newResource: reject, call: reject }, stack.project, stack.name);
  pulumi.runtime.setAllConfig(writtenConfig(stack), stack.secretKeys);
  return loadConfiguration(loadPlatform);
}
