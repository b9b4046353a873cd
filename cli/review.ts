import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import { scansPreviews } from "../config/scans.ts";
import type { Stack } from "../config/stack-file.ts";
import { step } from "../lib/progress.ts";
import { UserError } from "../lib/user-error.ts";
import { configurationOf } from "../review/configuration.ts";
import { impactsOf, type StepImpact } from "../review/impact/step-impact.ts";
import { readPreview } from "../review/preview/read.ts";
import { reviewOf, type Review } from "../review/review.ts";
import type { Configuration } from "../config/settings.ts";
import type { VulnerabilityReview } from "../review/vulnerabilities/judge.ts";
import { today } from "./today.ts";

/** The impacts of the changes in a preview file, or of a preview that is run now. */
export async function previewedImpacts(stack: Stack, file: string | undefined): Promise<StepImpact[]> {
  const expected = { project: stack.project, stack: stack.name };
  if (file !== undefined) return impactsOf(readPreview(await read(file), file === "-" ? "standard input" : file, expected));
  const [{ engineForPreview }, { planImages }] = await Promise.all([import("./engines.ts"), import("../setup/setup.ts")]);
  const engine = await engineForPreview(stack);
  await planImages(stack);
  const title = `preview of stack "${stack.name}" with ${engine.title}`;
  const text = await step(title, () => engine.previewAsJson(), { always: true });
  return impactsOf(readPreview(text, title, expected));
}

/** The review of the changes in a preview file, or of a preview that is run now. An invalid configuration is reported before the preview. */
export async function previewedReview(stack: Stack, file: string | undefined): Promise<Review> {
  const configuration = await configurationOf(stack);
  const impacts = await previewedImpacts(stack, file);
  // After the preview, which may have scanned the same.
  const vulnerabilities = await vulnerabilitiesIn(stack, configuration);
  return reviewOf(stack, configuration, impacts, today(), vulnerabilities);
}

/** What the change does to known vulnerabilities. Undefined if the stack does not require scans. */
export async function vulnerabilitiesIn(stack: Stack, configuration?: Configuration): Promise<VulnerabilityReview | undefined> {
  if (!scansPreviews(stack)) return undefined;
  const { reviewedVulnerabilities } = await import("./scan/scan.ts");
  return reviewedVulnerabilities(stack, configuration ?? (await configurationOf(stack)));
}

async function read(file: string): Promise<string> {
  if (file === "-") return textOf(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read (${(error as Error).message}). Pass a preview file, or "-" for standard input.`);
  }
}
