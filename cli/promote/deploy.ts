import { spawnSync } from "node:child_process";
import { ExitCode } from "../exit-code.ts";

/**
 * Deploys the stack that images were promoted to. In a process of its own: the program has run against mocks in this one.
 *
 * @returns the exit code of `slipway up`
 */
export function deployPromoted(stack: string, json: boolean): ExitCode {
  const { status } = spawnSync(process.execPath, [process.argv[1]!, "up", "--stack", stack], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit"],
  });
  return (status ?? ExitCode.Failed) as ExitCode;
}
