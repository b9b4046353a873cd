import { writeFileSync } from "node:fs";
import type { GateSettings } from "../../config/schema/gate.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import type { DriftResult } from "../../engine/drift.ts";
import { step } from "../../lib/progress.ts";
import { UserError } from "../../lib/user-error.ts";
import { configurationOf } from "../../review/configuration.ts";
import { formatVerdict, judge, verdictAsJson, type Verdict } from "../../review/gate.ts";
import { engineFor } from "../engines.ts";
import { ExitCode } from "../exit-code.ts";
import { today } from "../today.ts";
import { driftAsJson, formatDrift } from "./format.ts";
import { updateIssue, type IssueResult } from "./issue.ts";
import { driftAsMarkdown } from "./markdown.ts";
import { reportOf, type DriftReport } from "./report.ts";

export interface DriftOptions {
  stack: string;
  json: boolean;
  /** File for the report in Markdown. @default - none is written */
  markdown?: string | undefined;
  /** Whether drifted objects are restored. */
  fix: boolean;
  /** Whether an issue on GitHub is opened, updated or closed. */
  issue: boolean;
}

/** Compares the live objects of a stack with its state, and restores those that differ if asked to. */
export async function drift({ stack: name, json, markdown, fix, issue }: DriftOptions): Promise<ExitCode> {
  const stack = readStack(name);
  const engine = await engineFor(stack, { json });
  const say = (text: string) => (json ? process.stderr : process.stdout).write(`${text}\n`);
  const compare = async () => reportOf(stack, await step(`compare stack "${name}" with its live objects`, () => engine.drift()));
  let verdict: Verdict | undefined;
  let restored: boolean | undefined;
  if (fix) {
    // An invalid configuration is reported before anything is compared.
    const { platform, gate } = await configurationOf(stack);
    const approve = async (result: DriftResult) => {
      const found = reportOf(stack, result);
      say(formatDrift(found));
      verdict = verdictOn(found, gate, platform);
      if (!verdict.open || verdict.approved.length > 0) say(formatVerdict(verdict, name));
      if (verdict.open) say(`\nrestoration of stack "${name}" with ${engine.title}`);
      return verdict.open;
    };
    restored = await engine.restoreDrift(approve);
  }
  const report = await compare();
  const isOpen = verdict === undefined || verdict.open;
  if (!json && isOpen) say(formatDrift(report));
  if (markdown !== undefined) write(markdown, driftAsMarkdown(report));
  const posted = issue ? await updateIssue(report) : undefined;
  if (posted) say(sayIssue(posted));
  if (json) print({ ...driftAsJson(report), ...fixAsJson(stack, verdict, restored), ...(posted && { issue: posted }) });
  if (!isOpen) return ExitCode.GateClosed;
  return restored === false ? ExitCode.Failed : exitCodeOf(report);
}

/** Drift was found, or nobody knows whether there is more: both are not "no drift". */
function exitCodeOf({ objects, uncompared }: DriftReport): ExitCode {
  if (objects.length > 0) return ExitCode.Drifted;
  return uncompared.length > 0 ? ExitCode.Failed : ExitCode.Success;
}

/** Whether the gate lets the restoration through. Approvals that it does not need may be for another change. */
function verdictOn({ objects }: DriftReport, gate: GateSettings, platform: string): Verdict {
  const impacts = objects.filter(({ needsBuild }) => !needsBuild).map(({ restored }) => restored);
  return { ...judge(impacts, gate, { platform, today: today() }), unusedApprovals: [] };
}

function fixAsJson({ name }: Stack, verdict: Verdict | undefined, restored: boolean | undefined): object {
  if (verdict === undefined) return {};
  return { fix: { restored: verdict.open && restored === true, gate: verdictAsJson(verdict, name) } };
}

function sayIssue({ action, number, url }: IssueResult): string {
  return action === "none" ? "issue: none is open, and none is needed" : `issue: ${action} #${number} (${url})`;
}

function print(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function write(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new UserError(`--markdown: ${file} cannot be written (${(error as Error).message}). Give a file in a folder that exists.`);
  }
}
