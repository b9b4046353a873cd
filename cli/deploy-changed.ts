import { spawnSync } from "node:child_process";
import type { ChangedFile } from "./forge/forge.ts";
import { ExitCode } from "./exit-code.ts";
import { restore } from "./reviewed-change.ts";

/**
 * Deploys a stack whose change this process has reviewed. In a process of its own: the program has run against mocks in this one.
 *
 * @param files those that were changed for it. If another run holds the lock of the stack, they are as they were afterwards.
 * @returns the exit code of `slipway up`
 */
export function deployChanged(stack: string, json: boolean, files: Pick<ChangedFile, "file" | "before">[]): ExitCode {
  const { status } = spawnSync(process.execPath, [process.argv[1]!, "up", "--stack", stack], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit"],
  });
  const code = (status ?? ExitCode.Failed) as ExitCode;
  if (code === ExitCode.Locked && files.length > 0) {
    restore(files);
    const names = files.map(({ file }) => file).join(" and ");
    process.stderr.write(`Nothing was changed: ${names} ${files.length === 1 ? "is as it was" : "are as they were"}.\n`);
  }
  return code;
}
