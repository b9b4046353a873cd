import "./early-builds.ts"; // before what takes time to load
import "../lib/lazy-packages.ts"; // before the SDK
import { styleText } from "node:util";
import { exitAfterOutput } from "../lib/exit.ts";
import { LockedError } from "../lib/file-lock.ts";
import { fullDiskError } from "../lib/full-disk.ts";
import { UserError } from "../lib/user-error.ts";
import { commands } from "./commands/index.ts";
import { ExitCode } from "./exit-code.ts";
import { runProgram } from "./program.ts";
import { runInProject } from "./project-packages.ts";

const args = process.argv.slice(2);
run().then(
  (code) => exitAfterOutput(code),
  (error: Error) => {
    const text = error instanceof UserError ? error.message : (fullDiskError(error)?.message ?? error.stack);
    process.stderr.write(`${styleText("red", "error:", { stream: process.stderr })} ${text}\n`);
    return exitAfterOutput(error instanceof LockedError ? ExitCode.Locked : ExitCode.Failed);
  },
);

async function run(): Promise<number> {
  return (await runInProject(args)) ?? runProgram(commands, args);
}
