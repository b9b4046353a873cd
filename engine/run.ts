import { UserError } from "../lib/user-error.ts";
import type { Stack } from "../config/stack-file.ts";
import { down, up } from "./main.ts";

// The embedded engine in a process of its own: `node run.ts <up|down> <the stack as JSON>`. For a stack that another program needs, because a
// process runs one Pulumi program only. Everything is printed to standard error.

const [operation, text = ""] = process.argv.slice(2);
const stack = JSON.parse(text) as Stack;
try {
  const succeeded = operation === "up" ? await up(stack, process.stderr) : await down(stack, process.stderr).then(() => true);
  process.exit(succeeded ? 0 : 1);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
