import { unknown, type Properties } from "../../lib/values.ts";
import { formatPath, isBelow, valueAt } from "../../lib/property-path.ts";
import type { Change, Operation, Step } from "../preview/step.ts";
import type { Impact } from "../../lib/impact.ts";

/** What a change of a resource, or of some of its properties, does to users. */
export interface ImpactRule {
  /** By what it is named in tests and approvals. */
  id: string;
  /** Types of resources; `*` stands for any text without a colon. */
  types: string[];
  operations: Operation[];
  /** Properties that an update is about, and what is below them. @default - any, and the resource as a whole. */
  properties?: string[];
  /** What else must hold. @default - nothing. */
  when?: (step: Step, change?: Change) => boolean;
  impact: Impact;
  /**
   * Why, in words. `{kind}` is the kind of the resource, `{changed}` names the properties, `{before}` and `{after}` are the values of
   * the first of them, `{hosts}` the names by which it is reached, and `{spec.size}`, say, another input.
   */
  reason: string;
}

/** What was found about a step. */
export interface Finding {
  impact: Impact;
  reason: string;
  /** What it is about, and where it is replaced, why. Empty where it comes or goes. */
  changes: Change[];
  /** The rule's id. @default - no rule knows of it. */
  rule?: string;
}

const patterns = new Map<string, RegExp>();

export function isOfType(type: string, pattern: string): boolean {
  if (!pattern.includes("*")) return type === pattern;
  const known = patterns.get(pattern) ?? new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^:]*")}$`);
  patterns.set(pattern, known);
  return known.test(type);
}

export function holds(rule: ImpactRule, step: Step, change?: Change): boolean {
  return (
    rule.operations.includes(step.operation) &&
    rule.types.some((type) => isOfType(step.type, type)) &&
    (rule.properties === undefined || (change !== undefined && rule.properties.some((property) => isBelow(change.path, property)))) &&
    (rule.when?.(step, change) ?? true)
  );
}

export function findingOf(rule: ImpactRule, step: Step, changes: Change[]): Finding {
  const [first] = changes;
  const values: Record<string, string> = {
    kind: kindOf(step.type),
    changed: changed(step, changes),
    before: show(first?.before),
    after: show(first?.after),
    hosts: hostsOf(step),
  };
  const reason = rule.reason.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => values[name] ?? show(property(step, name)));
  return { impact: rule.impact, reason, changes, rule: rule.id };
}

/** `kubernetes:apps/v1:Deployment` → `Deployment` */
export function kindOf(type: string): string {
  return type.split(":").at(-1)!;
}

/** `spec.selector changed`, with the number of others; or that it comes or goes. */
function changed(step: Step, changes: Change[]): string {
  const [first, ...others] = changes;
  if (!first) return told[step.operation];
  return `${formatPath(first.path)}${others.length > 0 ? ` and ${others.length} more` : ""} changed`;
}

const told: Record<Operation, string> = {
  same: "it stays as it is",
  create: "it is new",
  import: "it is taken over",
  update: "it is updated",
  replace: "it is replaced",
  delete: "it is deleted",
  unknown: "it is not clear what happens to it",
};

function hostsOf({ before, after }: Step): string {
  const names = hostsIn(Object.keys(after).length > 0 ? after : before);
  return names.length > 0 ? names.map((name) => show(name ?? "any name")).join(", ") : "any name";
}

/** Names by which something is reached, as an Ingress, a Gateway's route, or routes of Traefik have them; undefined stands for any. */
export function hostsIn({ spec = {}, ...inputs }: Properties): (string | undefined)[] {
  // A Gateway's route has rules too, without hosts.
  if (Array.isArray(spec.hostnames)) return spec.hostnames;
  return Array.isArray(spec.rules) ? spec.rules.map(({ host }: { host?: string }) => host) : hostsInRoutes(inputs);
}

/** Hosts in a file with routes of Traefik: that of a ProxyRoute, or of a config of Swarm, whose text is in base64 unless a preview was read. */
export function hostsInRoutes({ content, data = "" }: Properties): string[] {
  const text = String(content ?? data);
  const routes = text.includes("Host(") ? text : Buffer.from(text, "base64").toString();
  return [...new Set([...routes.matchAll(/Host\(`([^`]+)`\)/g)].map(([, host]) => host!))];
}

/** A value as short as it fits into a line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replaceAll(unknown, "(not known yet)");
  const shortened = text.replaceAll(/(sha256:[0-9a-f]{8})[0-9a-f]{56}/g, "$1…");
  return shortened.length > 80 ? `${shortened.slice(0, 79)}…` : shortened;
}

/** A property of the inputs: as they come, or as they were where they go. */
export function property(step: Step, path: string): unknown {
  return valueAt(Object.keys(step.after).length > 0 ? step.after : step.before, path.split("."));
}
