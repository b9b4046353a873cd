import { impacts as order, kindOf, worst, Impact, type StepImpact } from "../impact/impacts.ts";
import type { Verdict } from "../gate.ts";
import type { Registered } from "../render/registrations.ts";
import type { Step } from "../preview/step.ts";

/** Everything that a report tells of. */
export interface Review {
  project: string;
  stack: string;
  impacts: StepImpact[];
  verdict: Verdict;
  /** What the stack consists of, for the picture. */
  resources: Pick<Registered, "urn" | "type" | "name" | "parent" | "inputs">[];
  /** How the stack keeps to the policy. @default - nothing is told of it. */
  score?: Score;
}

export interface Score {
  /** Of 100. */
  points: number;
  rules: number;
  kept: number;
  findings: { rule: string; severity: string; resource: string; message: string; remedy: string; reference: string }[];
  /** Findings that are excused, and until when. */
  excused: { rule: string; resource: string; reason: string; until: string }[];
}

/** What the review comes to, in a few words. */
export interface Summary {
  overall: Impact;
  /** How many steps do what, the worst first. */
  counts: [Impact, number][];
  /** Steps that do something. */
  changed: StepImpact[];
  unchanged: number;
}

export function summaryOf({ impacts }: Review): Summary {
  const changed = impacts.filter(({ findings }) => findings.length > 0);
  const count = (impact: Impact) => changed.filter((one) => one.impact === impact).length;
  const counts = order.map((impact): [Impact, number] => [impact, count(impact)]).filter(([, n]) => n > 0);
  return {
    overall: worst(changed.map(({ impact }) => impact)),
    counts: counts.reverse(),
    changed,
    unchanged: impacts.filter(({ step }) => step.operation === "same" && step.custom).length,
  };
}

/** `Deployment web` */
export function labelOf({ type, name }: Pick<Step, "type" | "name">): string {
  return `${kindOf(type)} ${name}`;
}

/** How bad it is, as a colour; the words say it too. */
export function classOf(impact: Impact): string {
  if (impact === Impact.Nothing || impact === Impact.Metadata) return "quiet";
  if (impact === Impact.Rolling) return "good";
  return impact === Impact.Cost || impact === Impact.Access ? "warn" : "bad";
}

/** Changes that are told of in one line: one, or many that do the same. */
export interface Entry {
  /** Kind and name, or kinds and numbers. */
  label: string;
  impact: Impact;
  said: string;
  findings: StepImpact["findings"];
  /** Kinds and names, where it is of many. */
  names: string[];
}

/** As many that do the same are told of one by one, and whatever hurts always is. */
const mostAlike = 2;

export function entriesOf(changed: StepImpact[]): Entry[] {
  const alike = ({ step, impact, findings }: StepImpact) =>
    classOf(impact) === "bad" || findings.some(({ changes }) => changes.length > 0)
      ? step.urn
      : JSON.stringify([step.said, findings.map(({ impact, reason }) => [impact, reason])]);
  return [...Map.groupBy(changed, alike).values()].flatMap((group): Entry[] => {
    const entry = ({ step, impact, findings }: StepImpact) => ({ label: labelOf(step), impact, said: step.said, findings, names: [] });
    if (group.length <= mostAlike) return group.map(entry);
    const kinds = Map.groupBy(group, ({ step }) => kindOf(step.type));
    const labels = [...kinds].map(([kind, steps]) => (steps.length === 1 ? labelOf(steps[0]!.step) : `${kind} × ${steps.length}`));
    return [{ ...entry(group[0]!), label: labels.join(", "), names: group.map(({ step }) => labelOf(step)) }];
  });
}
