import { createHash } from "node:crypto";
import { impactClasses, type ImpactClass } from "./classes.ts";
import type { Impact } from "./impact.ts";

/** Somebody's word that a change may be made which the gate would refuse. It is in the stack file, and so in its history. */
export interface Approval {
  /** Id of the change, which the gate tells. Another change has another. */
  change: string;
  by: string;
  reason: string;
  /** The last day on which it holds, `2026-12-31`. */
  until: string;
}

/** What an environment allows; `slipway:gate` of a stack file. */
export interface GateSettings {
  /** @default - all but data loss, cluster or network replacement, and what is unclassified. */
  allow?: ImpactClass[];
  /** @default - none. */
  approvals?: Approval[];
}

/** What no environment allows unless its stack file says so. */
export const refusedByDefault: ImpactClass[] = ["unclassified", "cluster or network replacement", "data loss"];

export interface Verdict {
  open: boolean;
  /** What the environment does not allow. */
  refused: Impact[];
  /** Id of what is refused; absent where nothing is. */
  change?: string;
  /** The approval that opened the gate, or the one that would have, were it not over. */
  approval?: Approval;
}

/** Whether a change may be made. */
export function judge(impacts: Impact[], { allow, approvals = [] }: GateSettings, today: Date): Verdict {
  const allowed = allow ?? impactClasses.filter((impact) => !refusedByDefault.includes(impact));
  const refused = impacts.filter((impact) => impact.class !== "nothing" && !allowed.includes(impact.class));
  if (refused.length === 0) return { open: true, refused };
  const change = idOf(refused);
  const approval = approvals.findLast((one) => one.change === change);
  return { open: approval !== undefined && holds(approval, today), refused, change, ...(approval && { approval }) };
}

export function holds({ until }: Approval, today: Date): boolean {
  return today.toISOString().slice(0, 10) <= until;
}

/** The same for the same resources, operations and properties, and for no others. */
function idOf(refused: Impact[]): string {
  const facts = refused.map(({ step, class: impact }) => [
    step.urn,
    step.operation,
    impact,
    step.changes.map(({ path, after }) => [path, after]),
  ]);
  return createHash("sha256").update(JSON.stringify(facts.sort())).digest("hex").slice(0, 12);
}
