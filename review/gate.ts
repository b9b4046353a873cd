import { createHash } from "node:crypto";
import type { Approval, GateSettings } from "../config/schema/gate.ts";
import { Impact, kindOf, type Finding, type StepImpact } from "./impact/impacts.ts";
import { formatPath } from "../lib/property-path.ts";
import type { Step } from "./preview/step.ts";

/** What a gate looks at: a finding about a resource, and by what it is approved. */
export interface Held {
  step: Step;
  finding: Finding;
  /** The same for the same change, another one for any other. */
  change: string;
  approval?: Approval;
}

export interface Verdict {
  open: boolean;
  /** What is refused and by nothing approved. An approval that is there has ended. */
  refused: Held[];
  /** What would be refused, but for an approval. */
  approved: Held[];
  /** Other reasons to stay closed, as an exception of the policy that has ended. */
  problems: string[];
  /** Approvals of changes that are not in this preview. */
  needless: Approval[];
}

/** What every environment but a laptop refuses unless it says otherwise. */
const refusedByDefault: Impact[] = [Impact.DataLoss, Impact.Replacement, Impact.Unclassified];

/** Whether a preview may go through. `today` is a date such as 2026-12-31. */
export function judge(
  impacts: StepImpact[],
  { refuse, approvals }: GateSettings,
  { platform, today, problems = [] }: { platform: string; today: string; problems?: string[] },
): Verdict {
  const refusing = refuse ?? (platform === "local" ? [] : refusedByDefault);
  const held = impacts
    .flatMap(({ step, findings }) => findings.map((finding) => ({ step, finding })))
    .filter(({ finding }) => refusing.includes(finding.impact))
    .map((one): Held => {
      const change = fingerprint(one.step, one.finding);
      return { ...one, change, approval: approvals.find((approval) => approval.change === change) };
    });
  const [approved, refused] = [held.filter((one) => counts(one, today)), held.filter((one) => !counts(one, today))];
  const needless = approvals.filter(({ change }) => !held.some((one) => one.change === change));
  return { open: refused.length === 0 && problems.length === 0, refused, approved, problems, needless };
}

function counts({ approval }: Held, today: string): boolean {
  return approval !== undefined && approval.until >= today;
}

/** What is approved is this change of this resource: the same to another value, or of another property, is another change. */
function fingerprint({ urn, operation }: Step, { impact, changes }: Finding): string {
  const about = changes.map(({ path, before, after }) => [formatPath(path), before ?? null, after ?? null]);
  return createHash("sha256")
    .update(JSON.stringify([urn, operation, impact, about]))
    .digest("hex")
    .slice(0, 12);
}

/** The verdict as `slipway gate --json` prints it. */
export function verdictAsJson({ open, refused, approved, problems, needless }: Verdict, stack: string): object {
  const shown = ({ step: { urn, type, name }, finding: { impact, reason }, change, approval }: Held) => ({
    change,
    urn,
    type,
    name,
    impact,
    reason,
    approval,
  });
  return { stack, open, refused: refused.map(shown), approved: approved.map(shown), problems, unusedApprovals: needless };
}

/** The verdict in words, for a terminal or a log. */
export function formatVerdict({ open, refused, approved, problems, needless }: Verdict, stack: string): string {
  const lines = [`gate of stack "${stack}": ${open ? "open" : "closed"}`];
  for (const { step, finding, change, approval } of refused) {
    lines.push(`  ✗ ${finding.impact}  ${kindOf(step.type)} ${step.name}`, `      ${finding.reason}`);
    lines.push(approval ? `      approval ${change} ended on ${approval.until}` : `      change ${change}`);
  }
  for (const problem of problems) lines.push(`  ✗ ${problem}`);
  for (const { step, finding, approval } of approved)
    lines.push(
      `  ✓ ${finding.impact}  ${kindOf(step.type)} ${step.name}`,
      `      ${finding.reason}`,
      `      approved by ${approval!.approvedBy} until ${approval!.until}: ${approval!.reason}`,
    );
  for (const { change } of needless) lines.push(`  approval ${change} is of no change in this preview; remove it`);
  if (refused.length > 0) lines.push("", ...howToApprove(refused, stack));
  return lines.join("\n");
}

/** What to write where, ready to be filled in. */
function howToApprove(refused: Held[], stack: string): string[] {
  const entries = refused.map(({ change, step }) => [
    `        - change: ${change} # ${kindOf(step.type)} ${step.name}`,
    "          reason: …",
    "          approvedBy: …",
    "          until: …",
  ]);
  return [
    `To let this through all the same, say so in stacks/Pulumi.${stack}.yaml, and have it reviewed:`,
    "    slipway:gate:",
    "      approvals:",
    ...entries.flat(),
  ];
}
