import { spawnSync } from "node:child_process";

/**
 * Deploys a stack whose files this process has changed and reviewed. In a process of its own: the program has run against mocks in this one.
 *
 * @returns whether it succeeded
 */
export function deployChanged(stack: string, json: boolean): boolean {
  const { status } = spawnSync(process.execPath, [process.argv[1]!, "up", "--stack", stack], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit"],
  });
  return status === 0;
}
