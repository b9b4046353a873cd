import { spawn } from "node:child_process";
import { extname, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { readStack } from "../../config/stack-file.ts";
import { isDeployed } from "../engines.ts";
import { step } from "../../lib/progress.ts";
import type { PlannedStack } from "./protocol.ts";

/** How long a preview may take: one that waits for a cluster that does not answer must not stop an upgrade. */
const timeoutSeconds = 300;

/** A module beside this one, which is TypeScript in a clone and JavaScript in the package. */
const beside = (name: string) => join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);

/**
 * What the next `slipway up` would do to the users of a stack, from a preview by this version, in a process of its own: its program imports
 * the packages of the upgrade. A stack that was not deployed from here has no users yet, or is deployed by a pipeline, which previews it.
 */
export async function impactOf(name: string, stage: string): Promise<Pick<PlannedStack, "impact" | "withoutImpact">> {
  const stack = readStack(name, { withoutSecrets: true });
  try {
    if (!(await isDeployed(stack))) return { withoutImpact: "it was not deployed from this folder" };
  } catch (error) {
    return { withoutImpact: (error as Error).message };
  }
  const options = [process.env["NODE_OPTIONS"], `--import=${pathToFileURL(beside("use-staged-packages")).href}`];
  const env = { ...process.env, NODE_OPTIONS: options.filter(Boolean).join(" "), SLIPWAY_STAGED_PACKAGES: stage };
  return step(`preview of stack "${name}" with the new version`, async () => {
    const child = spawn(process.execPath, [beside("preview"), name], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutSeconds * 1000,
    });
    const closed = new Promise<number | null>((done, failed) => child.on("error", failed).on("close", done));
    const [output, messages, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), closed]);
    if (code === 0) return { impact: JSON.parse(output) as PlannedStack["impact"] };
    return { withoutImpact: `the preview failed: ${lastError(messages) ?? `no answer after ${timeoutSeconds} s`}` };
  });
}

/** The error of a preview in one line: the last one is the cause. */
function lastError(messages: string): string | undefined {
  const lines = messages
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (
    lines.findLast((line) => line.startsWith("- "))?.slice(2) ??
    lines.findLast((line) => line.startsWith("error: "))?.slice(7) ??
    lines.at(-1)
  );
}
