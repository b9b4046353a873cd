import { impactClasses, type ImpactClass } from "./classes.ts";
import type { Change, Plan, Step } from "./plan.ts";
import { rules } from "./rules/index.ts";

/** A rule that says what a change of some kind of resource does. */
export interface Rule {
  /** Names it in reports and tests. */
  id: string;
  /** Types that it is for, such as `kubernetes:apps/v1:Deployment`. */
  type: RegExp;
  operations: ("create" | "update" | "replace" | "delete")[];
  /** Property paths that it is for, of what is updated. Without, it is for the operation as a whole. */
  path?: RegExp;
  /** What else must hold. */
  when?: (step: Step, change: Change | undefined) => boolean;
  class: ImpactClass;
  /** In words, as the end of a sentence that begins with the resource. */
  why: string | ((step: Step, change: Change) => string);
}

export interface Reason {
  class: ImpactClass;
  why: string;
  /** Of the property; absent where the operation as a whole is what counts. */
  path?: string;
  rule?: string;
  /** How many properties more it is the same for. */
  more?: number;
}

/** A step, and what it does: the worst of its reasons. */
export interface Impact {
  step: Step;
  class: ImpactClass;
  /** The worst first. */
  reasons: Reason[];
}

/** What every step of a plan does, the worst first. What no rule knows is unclassified, never nothing. */
export function classify({ steps }: Plan, by: Rule[] = rules): Impact[] {
  const impacts = steps.map((step) => {
    const reasons = together(reasonsFor(step, by)).sort((a, b) => severity(b.class) - severity(a.class));
    return { step, class: reasons[0]?.class ?? ("nothing" as const), reasons };
  });
  return impacts.sort((a, b) => severity(b.class) - severity(a.class) || a.step.urn.localeCompare(b.step.urn));
}

/** What is said of several properties in the same words is said once. */
function together(reasons: Reason[]): Reason[] {
  const same = [...Map.groupBy(reasons, ({ class: impact, why }) => `${impact} ${why}`).values()];
  return same.map((group) => (group.length === 1 ? group[0]! : { ...group[0]!, more: group.length - 1 }));
}

export function severity(impact: ImpactClass): number {
  return impactClasses.indexOf(impact);
}

function reasonsFor(step: Step, rules: Rule[]): Reason[] {
  const { operation, changes, type } = step;
  if (operation === "same" || isComponent(step)) return [];
  const fitting = rules.filter((rule) => rule.type.test(type) && rule.operations.includes(operation));
  if (operation === "update") {
    if (changes.length === 0) return [unclassified(`is updated, and nobody says what of it`)];
    return changes.map((change) => reasonOf(fitting, step, change) ?? unclassified(`no rule knows ${change.path} of ${type}`, change.path));
  }
  const whole = fitting.find((rule) => rule.path === undefined && (rule.when?.(step, undefined) ?? true));
  const causes = changes.filter(({ replaces }) => replaces);
  const cause = causes[0] ?? { path: "", replaces: true, before: undefined, after: undefined };
  const because = causes.length > 0 ? `${causes.map(({ path }) => path).join(" and ")} changed: ` : "";
  const own = whole
    ? [{ class: whole.class, why: because + words(whole, step, cause), rule: whole.id, ...(causes[0] && { path: causes[0].path }) }]
    : [unclassified(`${because}no rule knows what it means that ${type} is ${past[operation]}`, causes[0]?.path)];
  return own;
}

const past = { create: "created", replace: "replaced", delete: "deleted" };

function reasonOf(fitting: Rule[], step: Step, change: Change): Reason | undefined {
  const rule = fitting.find(({ path, when }) => path?.test(change.path) && (when?.(step, change) ?? true));
  return rule && { class: rule.class, why: words(rule, step, change), path: change.path, rule: rule.id };
}

function words({ why }: Rule, step: Step, change: Change): string {
  return typeof why === "string" ? why : why(step, change);
}

function unclassified(why: string, path?: string): Reason {
  return { class: "unclassified", why, ...(path !== undefined && { path }) };
}

/** Components and the stack itself are made of others, and are nothing by themselves. */
function isComponent({ type }: Step): boolean {
  return type === "pulumi:pulumi:Stack" || /^slipway:index:/.test(type);
}
