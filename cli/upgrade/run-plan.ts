import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { UserError } from "../../lib/user-error.ts";
import { protocol, type Plan, type PlanRequest } from "./protocol.ts";

/**
 * Asks the staged version what the upgrade changes. Its messages go to standard error.
 *
 * @returns undefined if that version has no `slipway upgrade`.
 * @throws UserError if it fails.
 */
export async function runPlan({ stage, project, from }: { stage: string; project: string; from: string }): Promise<Plan | undefined> {
  const program = join(stage, "node_modules/slipway/cli/upgrade/plan.js");
  if (!existsSync(program)) return undefined;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    cwd: project,
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => {}); // a program that ends without reading it
  child.stdin.end(JSON.stringify({ protocol, from, stage } satisfies PlanRequest));
  const [output, code] = await Promise.all([
    textOf(child.stdout),
    new Promise<number | null>((done, failed) => child.on("error", failed).on("close", done)),
  ]);
  if (code !== 0) throw new UserError("The new version could not plan the upgrade; its message is above. Nothing was changed.");
  return JSON.parse(output) as Plan;
}
