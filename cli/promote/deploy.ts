import { spawnSync } from "node:child_process";

/** Deploys the stack that images were promoted to. In a process of its own: the program has run against mocks in this one. */
export function deployPromoted(stack: string, json: boolean): boolean {
  const { status } = spawnSync(process.execPath, [process.argv[1]!, "up", "--stack", stack], {
    stdio: ["inherit", json ? 2 : "inherit", "inherit"],
  });
  return status === 0;
}
