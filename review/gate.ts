import { createHash } from "node:crypto";
import type { Approval, GateSettings } from "../config/schema/gate.ts";
import { Impact } from "../lib/impact.ts";
import { formatPath } from "../lib/property-path.ts";
import { labelOf, type Finding } from "./impact/rule.ts";
import type { StepImpact } from "./impact/step-impact.ts";
import type { Step } from "./preview/step.ts";

/** A finding that needs an approval. */
export interface GatedFinding {
  step: Step;
  finding: Finding;
  /** Identifies the change in approvals: 12 hexadecimal digits. */
  change: string;
  /** The approval of the change. It can be expired. @default - none */
  approval?: Approval;
}

export interface Verdict {
  open: boolean;
  /** Findings without a valid approval. */
  rejected: GatedFinding[];
  /** Findings with a valid approval. */
  approved: GatedFinding[];
  /** Other reasons for a closed gate, such as a policy error. */
  problems: string[];
  /** Approvals of changes that are not in the preview. */
  unusedApprovals: Approval[];
}

/** Impacts that every platform but `local` rejects by default. */
const rejectedByDefault: Impact[] = [Impact.DataLoss, Impact.Replacement, Impact.Unclassified];

/** Decides whether a stack lets the changes of a preview through. `today` is a date such as 2026-12-31. */
export function judge(
  impacts: StepImpact[],
  { refuse, approvals }: GateSettings,
  { platform, today, problems = [] }: { platform: string; today: string; problems?: string[] },
): Verdict {
  const rejectedImpacts = refuse ?? (platform === "local" ? [] : rejectedByDefault);
  const isValid = (approval: Approval | undefined) => approval !== undefined && approval.until >= today;
  const gated = impacts
    .flatMap(({ step, findings }) => findings.map((finding) => ({ step, finding })))
    .filter(({ finding }) => rejectedImpacts.includes(finding.impact))
    .map(({ step, finding }): GatedFinding => {
      const change = fingerprint(step, finding);
      const ofChange = approvals.filter((approval) => approval.change === change);
      return { step, finding, change, approval: ofChange.find(isValid) ?? ofChange[0] };
    });
  const approved = gated.filter(({ approval }) => isValid(approval));
  const rejected = gated.filter(({ approval }) => !isValid(approval));
  const unusedApprovals = approvals.filter((approval) => !gated.some(({ change }) => change === approval.change));
  return { open: rejected.length === 0 && problems.length === 0, rejected, approved, problems, unusedApprovals };
}

/** Identifies the change of a resource. Another value, property or operation is another change. */
function fingerprint({ urn, operation }: Step, { impact, changes }: Finding): string {
  const about = changes.map(({ path, before, after }) => [formatPath(path), before ?? null, after ?? null]);
  return createHash("sha256")
    .update(JSON.stringify([urn, operation, impact, about]))
    .digest("hex")
    .slice(0, 12);
}

/** The verdict as `slipway gate --json` prints it. */
export function verdictAsJson({ open, rejected, approved, problems, unusedApprovals }: Verdict, stack: string): object {
  const shown = ({ step: { urn, type, name }, finding: { impact, reason }, change, approval }: GatedFinding) => ({
    change,
    urn,
    type,
    name,
    impact,
    reason,
    approval,
  });
  return { stack, open, rejected: rejected.map(shown), approved: approved.map(shown), problems, unusedApprovals };
}

/** The verdict as `slipway gate` prints it. */
export function formatVerdict({ open, rejected, approved, problems, unusedApprovals }: Verdict, stack: string): string {
  const lines = [`gate of stack "${stack}": ${open ? "open" : "closed"}`];
  for (const { step, finding, change, approval } of rejected) {
    lines.push(`  ✗ ${finding.impact}  ${labelOf(step)}`, `      ${finding.reason}`);
    lines.push(approval ? `      approval ${change} expired on ${approval.until}` : `      change ${change}`);
  }
  for (const problem of problems) lines.push(`  ✗ ${problem}`);
  for (const { step, finding, approval } of approved)
    lines.push(
      `  ✓ ${finding.impact}  ${labelOf(step)}`,
      `      ${finding.reason}`,
      `      approved by ${approval!.approvedBy} until ${approval!.until}: ${approval!.reason}`,
    );
  for (const { change } of unusedApprovals) lines.push(`  approval ${change} matches no change in this preview. Remove it.`);
  if (rejected.length > 0) lines.push("", ...howToApprove(rejected, stack));
  return lines.join("\n");
}

/** The approvals to add to the stack file. */
function howToApprove(rejected: GatedFinding[], stack: string): string[] {
  const entries = rejected.map(({ change, step }) => [
    `        - change: ${change} # ${labelOf(step)}`,
    "          reason: …",
    "          approvedBy: …",
    "          until: …",
  ]);
  return [
    `To approve, complete these lines in stacks/Pulumi.${stack}.yaml, and have them reviewed:`,
    "    slipway:gate:",
    "      approvals:",
    ...entries.flat(),
  ];
}
