import { awsRules } from "./aws/rules.ts";
import { Impact, impacts, worst } from "../../lib/impact.ts";
import { dockerRules } from "./docker.ts";
import { immutable } from "./kubernetes/immutable.ts";
import { kubernetesRules } from "./kubernetes/rules.ts";
import { pulumiRules } from "./pulumi.ts";
import { findingOf, formatValue, isOfType, kindOf, matches, type Finding, type ImpactRule } from "./rule.ts";
import { formatPath, isBelow } from "../../lib/property-path.ts";
import type { Change, Operation, Preview, Step } from "../preview/step.ts";

/** All rules. For one type, specific rules come before general ones. */
export const impactRules: ImpactRule[] = [...kubernetesRules, ...awsRules, ...dockerRules, ...pulumiRules];

/** A step of a preview with its impact on users. */
export interface StepImpact {
  step: Step;
  /** The worst impact of the findings. */
  impact: Impact;
  findings: Finding[];
}

/** The impact of every step of a preview, the worst first. */
export function impactsOf({ steps }: Preview, rules = impactRules): StepImpact[] {
  const found = steps.map((step) => {
    const findings = findingsIn(step, rules);
    return { step, findings, impact: worst(findings.map(({ impact }) => impact)) };
  });
  const rank = ({ impact }: StepImpact) => impacts.indexOf(impact);
  return found.sort((a, b) => rank(b) - rank(a) || (a.step.urn < b.step.urn ? -1 : 1));
}

function findingsIn(step: Step, rules: ImpactRule[]): Finding[] {
  // A component has no impact; its children have steps of their own.
  if (step.operation === "same" || (!step.custom && step.operation !== "unknown")) return [];
  if (step.retained && step.operation === "delete")
    return [{ impact: Impact.Nothing, reason: "only removed from the state; the resource remains (retainOnDelete)", changes: [] }];
  const ofType = rules.filter((rule) => rule.types.some((type) => isOfType(step.type, type)));
  const replacing = step.changes.filter((change) => isImmutable(step, change));
  const resolved =
    step.operation === "update" && replacing.length > 0 ? { ...step, operation: "replace" as const, deletesFirst: true } : step;
  const found = resolved.operation === "update" ? findingsOfUpdate(resolved, ofType) : [findingOfWhole(resolved, ofType, replacing)];
  const rejected = step.protected && resolved.operation !== "update" && resolved.operation !== "create";
  return rejected
    ? found.map((finding) => ({ ...finding, reason: `${finding.reason}. The resource is protected, so Pulumi rejects this` }))
    : found;
}

/** For each property, the first rule that matches. Properties with the same rule are one finding. */
function findingsOfUpdate(step: Step, rules: ImpactRule[]): Finding[] {
  if (step.changes.length === 0) return [findingOfWhole(step, rules, [])];
  const byRule = Map.groupBy(step.changes, (change) => rules.find((rule) => matches(rule, step, change)));
  return [...byRule].flatMap(([rule, changes]) =>
    rule ? [findingOf(rule, step, changes)] : changes.map((change) => unknownProperty(step, change)),
  );
}

function findingOfWhole(step: Step, rules: ImpactRule[], immutable: Change[]): Finding {
  const rule = rules.find((rule) => rule.properties === undefined && matches(rule, step));
  const reported = step.changes.filter(({ replaces }) => replaces);
  const causes = [immutable.filter(({ replaces }) => replaces || reported.length === 0), reported, step.changes].find(
    (changes) => changes.length > 0,
  );
  if (rule) return findingOf(rule, step, causes ?? []);
  const what = step.operation === "unknown" ? `operation "${step.rawOperation}"` : `${nouns[step.operation]} of a ${kindOf(step.type)}`;
  return { impact: Impact.Unclassified, reason: `no rule covers the ${what} (${step.type})`, changes: step.changes };
}

const nouns: Record<Exclude<Operation, "unknown">, string> = {
  same: "unchanged state",
  create: "creation",
  import: "import",
  update: "update",
  replace: "replacement",
  delete: "deletion",
};

function unknownProperty(step: Step, change: Change): Finding {
  const values = `${formatValue(change.before)} → ${formatValue(change.after)}`;
  const reason = `no rule covers ${formatPath(change.path)} of a ${kindOf(step.type)}: ${values}`;
  return { impact: Impact.Unclassified, reason, changes: [change] };
}

function isImmutable(step: Step, { path }: Change): boolean {
  return immutable.some(
    ({ types, properties, except = [], when }) =>
      types.some((type) => isOfType(step.type, type)) &&
      properties.some((property) => isBelow(path, property)) &&
      !except.some((property) => isBelow(path, property)) &&
      (when?.(step) ?? true),
  );
}
