import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { UserError } from "../lib/user-error.ts";
import { configurationOf } from "../review/configuration.ts";
import { formatVerdict, judge } from "../review/gate.ts";
import { formatImpacts } from "../review/impact/list.ts";
import { impactsOf, type StepImpact } from "../review/impact/impacts.ts";
import { readPreview } from "../review/preview/read.ts";
import { registrationsOf } from "../review/render/registrations.ts";
import type { Review } from "../review/report/review.ts";
import { errorsOf, scoreOn } from "../review/policy/of-stack.ts";
import { formatScore } from "../review/policy/scorecard.ts";
import type { Stack } from "../config/stack-file.ts";
import { step } from "../lib/progress.ts";

/** How a closed gate ends; what cannot be judged ends as any error does, with 1. */
export const closed = 3;

export interface ReviewOptions {
  /** A file with a preview, or `-` for standard input. @default - one is made. */
  preview: string | undefined;
  /** Folder of the report. @default - `.slipway/<stack>/report`. */
  out: string | undefined;
}

/** Says what a change would do to users, judges it, or writes a report of it. Returns the exit code. */
export async function review(command: string, stack: Stack, options: ReviewOptions): Promise<number> {
  const configuration = await configurationOf(stack);
  const impacts = await impactsOn(stack, options);
  if (command === "impact") {
    process.stdout.write(`${formatImpacts(impacts, stack.name)}\n`);
    return 0;
  }
  const { resources, score } = await scoreOn(stack, configuration.policy, impacts, today());
  const problems = configuration.platform === "local" ? score.problems : [...score.problems, ...errorsOf(score)];
  const verdict = judge(impacts, configuration.gate, { platform: configuration.platform, today: today(), problems });
  process.stdout.write(`${formatVerdict(verdict, stack.name)}\n`);
  if (command === "report") {
    const report = { project: stack.project, stack: stack.name, impacts, verdict, resources, score };
    await writeReport(report, options.out ?? join(stack.folder, "report"));
  }
  return verdict.open ? 0 : closed;
}

/** Says how a stack keeps to the policy. Returns the exit code: that of a closed gate for errors and for exceptions that have ended. */
export async function score(stack: Stack): Promise<number> {
  const { policy } = await configurationOf(stack);
  const { score } = await scoreOn(stack, policy, [], today());
  process.stdout.write(`${formatScore(score, stack.name)}\n`);
  return errorsOf(score).length + score.problems.length === 0 ? 0 : closed;
}

/** Writes the Kubernetes objects of a stack into a folder. */
export async function render(stack: Stack, folder: string): Promise<void> {
  const { manifestsOf, writeManifests } = await import("../review/render/manifests.ts");
  const manifests = manifestsOf(await registrationsOf(stack));
  if (manifests.files.size === 0)
    throw new UserError(
      `Stack "${stack.name}" has no Kubernetes objects to write: its platform is ${stack.config["slipway:platform"] ?? "another"}.`,
    );
  const { removed } = writeManifests(manifests, folder);
  for (const file of manifests.files.keys()) process.stdout.write(`${join(folder, file)}\n`);
  for (const file of removed) process.stdout.write(`${join(folder, file)}  removed\n`);
  for (const { name, keys } of manifests.left)
    process.stderr.write(`Secret ${name} is left out; put it into the cluster in another way, with the keys ${keys.join(", ")}.\n`);
}

/** Says where two stacks differ, and why. */
export async function parity(a: Stack, b: Stack): Promise<void> {
  const { formatParity, parityOf } = await import("../review/parity.ts");
  const found = await step(`what differs between "${a.name}" and "${b.name}"`, () => parityOf(a, b));
  process.stdout.write(`${formatParity(found, a.name, b.name)}\n`);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

async function writeReport(report: Review, folder: string): Promise<void> {
  const [{ formatMarkdown }, { formatHtml }] = await Promise.all([
    import("../review/report/markdown.ts"),
    import("../review/report/html.ts"),
  ]);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of [
    ["report.md", formatMarkdown(report)],
    ["report.html", formatHtml(report)],
  ] as const) {
    writeFileSync(join(folder, file), content);
    process.stdout.write(`${join(folder, file)}\n`);
  }
}

async function impactsOn(stack: Stack, { preview }: ReviewOptions): Promise<StepImpact[]> {
  if (preview !== undefined)
    return impactsOf(readPreview(await read(preview), preview === "-" ? "standard input" : preview, expected(stack)));
  const [{ engineFor }, { setUp }] = await Promise.all([import("./engines.ts"), import("../setup/setup.ts")]);
  const engine = await engineFor(stack, true);
  await setUp(stack);
  const title = `preview of stack "${stack.name}" with ${engine.title}`;
  const text = await step(title, () => engine.previewAsJson(), { always: true });
  return impactsOf(readPreview(text, title, expected(stack)));
}

function expected({ project, name }: Stack) {
  return { project, stack: name };
}

async function read(file: string): Promise<string> {
  if (file === "-") return textOf(process.stdin);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file}: cannot be read (${(error as Error).message}). Name a file with a preview, or "-" for standard input.`);
  }
}
