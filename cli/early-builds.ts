import { join } from "node:path";
import { recordBuilds, startEarlyBuilds } from "../lib/go-command.ts";
import { stackOption } from "./command.ts";

// Imported before everything else: Go compiles while the command and the program are loaded.

const commands = ["up", "preview"];

/** The stack of a command that compiles. Undefined for other commands. */
function stackOf([command = "", ...rest]: string[]): string | undefined {
  if (!commands.includes(command) || rest.includes("--help")) return undefined;
  const inline = rest.find((arg) => arg.startsWith("--stack="));
  if (inline !== undefined) return inline.slice("--stack=".length);
  const at = rest.indexOf("--stack");
  return at === -1 ? stackOption.default : rest[at + 1];
}

const stack = stackOf(process.argv.slice(2));
if (stack !== undefined && /^[\w.-]+$/.test(stack)) {
  const folder = join(".slipway", stack);
  startEarlyBuilds(folder);
  process.once("exit", () => recordBuilds(folder, process.argv[2] === "up"));
}
