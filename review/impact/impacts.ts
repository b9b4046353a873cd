import { awsRules } from "./aws/rules.ts";
import { Impact, worst } from "../../lib/impact.ts";
import { dockerRules } from "./docker.ts";
import { immutable } from "./kubernetes/immutable.ts";
import { kubernetesRules } from "./kubernetes/rules.ts";
import { pulumiRules } from "./pulumi.ts";
import { findingOf, holds, isOfType, kindOf, show, type Finding, type ImpactRule } from "./rule.ts";
import { formatPath, isBelow } from "../../lib/property-path.ts";
import type { Change, Preview, Step } from "../preview/step.ts";

export * from "../../lib/impact.ts";
export { kindOf, show, type Finding, type ImpactRule } from "./rule.ts";

/** All rules; of those about one type the particular come before the general. */
export const impactRules: ImpactRule[] = [...kubernetesRules, ...awsRules, ...dockerRules, ...pulumiRules];

/** A step of a preview and what it does to users. */
export interface StepImpact {
  step: Step;
  /** The worst of what was found. */
  impact: Impact;
  findings: Finding[];
}

/** What every step of a preview does to users, the worst first. */
export function impactsOf({ steps }: Preview, rules = impactRules): StepImpact[] {
  const found = steps.map((step) => {
    const findings = findingsIn(step, rules);
    return { step, findings, impact: worst(findings.map(({ impact }) => impact)) };
  });
  const rank = ({ impact }: StepImpact) => Object.values(Impact).indexOf(impact);
  return found.sort((a, b) => rank(b) - rank(a) || (a.step.urn < b.step.urn ? -1 : 1));
}

/** A component does nothing by itself; what is in it has steps of its own. */
function findingsIn(step: Step, rules: ImpactRule[]): Finding[] {
  if (step.operation === "same" || (!step.custom && step.operation !== "unknown")) return [];
  if (step.retained && step.operation === "delete")
    return [{ impact: Impact.Nothing, reason: "Pulumi only forgets it; it stays", changes: [] }];
  const ofType = rules.filter((rule) => rule.types.some((type) => isOfType(step.type, type)));
  const replacing = step.changes.filter((change) => isImmutable(step, change));
  const resolved =
    step.operation === "update" && replacing.length > 0 ? { ...step, operation: "replace" as const, deletesFirst: true } : step;
  const found = resolved.operation === "update" ? ofUpdate(resolved, ofType) : ofWhole(resolved, ofType, replacing);
  const refused = step.protected && resolved.operation !== "update" && resolved.operation !== "create";
  return refused ? found.map((finding) => ({ ...finding, reason: `${finding.reason}. It is protected: Pulumi will refuse this` })) : found;
}

/** For every property the first rule that holds; properties of one rule are told of together. */
function ofUpdate(step: Step, rules: ImpactRule[]): Finding[] {
  if (step.changes.length === 0) return ofWhole(step, rules, []);
  const decided = Map.groupBy(step.changes, (change) => rules.find((rule) => holds(rule, step, change)));
  return [...decided].flatMap(([rule, changes]) =>
    rule ? [findingOf(rule, step, changes)] : changes.map((change) => unknownProperty(step, change)),
  );
}

function ofWhole(step: Step, rules: ImpactRule[], immutable: Change[]): Finding[] {
  const rule = rules.find((rule) => rule.properties === undefined && holds(rule, step));
  const told = step.changes.filter(({ replaces }) => replaces);
  const because = [immutable.filter(({ replaces }) => replaces || told.length === 0), told, step.changes].find(
    (changes) => changes.length > 0,
  );
  if (rule) return [findingOf(rule, step, because ?? [])];
  const what = step.operation === "unknown" ? `: the operation "${step.said}"` : ` that a ${kindOf(step.type)} is ${done[step.operation]}`;
  return [{ impact: Impact.Unclassified, reason: `no rule says what it does${what} (${step.type})`, changes: step.changes }];
}

const done = {
  same: "unchanged",
  create: "created",
  import: "imported",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  unknown: "",
};

function unknownProperty(step: Step, change: Change): Finding {
  const values = `${show(change.before)} → ${show(change.after)}`;
  const reason = `no rule says what ${formatPath(change.path)} of a ${kindOf(step.type)} does: ${values}`;
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
