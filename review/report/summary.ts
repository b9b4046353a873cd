import { Impact, impacts as allImpacts, worst } from "../../lib/impact.ts";
import { kindOf, labelOf } from "../impact/rule.ts";
import type { StepImpact } from "../impact/step-impact.ts";
import type { Review } from "../review.ts";

/** The head of a report. */
export interface Summary {
  overall: Impact;
  /** Number of steps by impact, the worst first. */
  counts: [Impact, number][];
  /** Steps with findings. */
  changed: StepImpact[];
  /** Number of unchanged resources. */
  unchanged: number;
}

export function summaryOf({ impacts }: Pick<Review, "impacts">): Summary {
  const changed = impacts.filter(({ findings }) => findings.length > 0);
  const count = (impact: Impact) => changed.filter((one) => one.impact === impact).length;
  const counts = allImpacts.map((impact): [Impact, number] => [impact, count(impact)]).filter(([, n]) => n > 0);
  return {
    overall: worst(changed.map(({ impact }) => impact)),
    counts: counts.reverse(),
    changed,
    unchanged: impacts.filter(({ step }) => step.operation === "same" && step.custom).length,
  };
}

/** `1 × data loss · 2 × cost change · 8 unchanged` */
export function formatCounts({ counts, unchanged }: Summary): string {
  return [...counts.map(([impact, n]) => `${n} × ${impact}`), ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(" · ");
}

/** The text with a capital first letter. */
export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** CSS class for the colour of an impact. Colour is never the only sign: the text names the impact too. */
export function classOf(impact: Impact): "quiet" | "good" | "warn" | "bad" {
  if (impact === Impact.Nothing || impact === Impact.Metadata) return "quiet";
  if (impact === Impact.Rolling) return "good";
  return impact === Impact.Cost || impact === Impact.Access ? "warn" : "bad";
}

/** One or more changes with the same findings. */
export interface Entry {
  /** Kind and name; for several resources, kinds and numbers. */
  label: string;
  impact: Impact;
  operation: string;
  findings: StepImpact["findings"];
  /** Kinds and names of the resources. Empty for one resource. */
  names: string[];
}

/** Up to this number, equal changes are separate entries. */
const maxSeparate = 2;

/** Combines equal changes, but never those with the worst impacts. */
export function entriesOf(changed: StepImpact[]): Entry[] {
  const groupOf = ({ step, impact, findings }: StepImpact) =>
    classOf(impact) === "bad" || findings.some(({ changes }) => changes.length > 0)
      ? step.urn
      : JSON.stringify([step.rawOperation, findings.map(({ impact, reason }) => [impact, reason])]);
  return [...Map.groupBy(changed, groupOf).values()].flatMap((group): Entry[] => {
    const entries = group.map(({ step, impact, findings }): Entry => {
      return { label: labelOf(step), impact, operation: step.rawOperation, findings, names: [] };
    });
    if (group.length <= maxSeparate) return entries;
    const kinds = Map.groupBy(group, ({ step }) => kindOf(step.type));
    const labels = [...kinds].map(([kind, steps]) => (steps.length === 1 ? labelOf(steps[0]!.step) : `${kind} × ${steps.length}`));
    return [{ ...entries[0]!, label: labels.join(", "), names: entries.map(({ label }) => label) }];
  });
}
