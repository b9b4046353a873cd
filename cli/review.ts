import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import type { Stack } from "../config/stack-file.ts";
import { step } from "../lib/progress.ts";
import { UserError } from "../lib/user-error.ts";
import { configurationOf } from "../review/configuration.ts";
import { judge, type Verdict } from "../review/gate.ts";
import { impactsOf, type StepImpact } from "../review/impact/impacts.ts";
import { errorsOf, scoreOn } from "../review/policy/of-stack.ts";
import { readPreview } from "../review/preview/read.ts";
import type { Review } from "../review/report/review.ts";

/** What a change does to users. */
export async function impactsOn(stack: Stack, preview: string | undefined): Promise<StepImpact[]> {
  const expected = { project: stack.project, stack: stack.name };
  if (preview !== undefined) return impactsOf(readPreview(await read(preview), preview === "-" ? "standard input" : preview, expected));
  const [{ engineForPreview }, { planImages }] = await Promise.all([import("./engines.ts"), import("../setup/setup.ts")]);
  const engine = await engineForPreview(stack);
  await planImages(stack);
  const title = `preview of stack "${stack.name}" with ${engine.title}`;
  const text = await step(title, () => engine.previewAsJson(), { always: true });
  return impactsOf(readPreview(text, title, expected));
}

/** Whether the stack's gate lets a change through, with everything that a report shows of it. */
export async function reviewOf(stack: Stack, preview: string | undefined): Promise<Review & { verdict: Verdict }> {
  const { platform, gate, policy } = await configurationOf(stack);
  const impacts = await impactsOn(stack, preview);
  const { resources, score } = await scoreOn(stack, policy, impacts, today());
  const problems = platform === "local" ? score.problems : [...score.problems, ...errorsOf(score)];
  const verdict = judge(impacts, gate, { platform, today: today(), problems });
  return { project: stack.project, stack: stack.name, impacts, verdict, resources, score };
}

/** Today's date, such as 2026-12-31. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

async function read(file: string): Promise<string> {
  if (file === "-") return textOf(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read (${(error as Error).message}). Name a file with a preview, or "-" for standard input.`);
  }
}
