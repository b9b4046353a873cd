import { unknown, type Properties } from "../../lib/values.ts";
import { formatPath, isBelow, valueAt } from "../../lib/property-path.ts";
import type { Change, Operation, Step } from "../preview/step.ts";
import type { Impact } from "../../lib/impact.ts";

/** The impact of a change to a resource, or to some of its properties. */
export interface ImpactRule {
  id: string;
  /** Types of resources. `*` matches any text without a colon. */
  types: string[];
  operations: Operation[];
  /** Updated properties that the rule covers, with everything below them. @default - the rule covers the resource as a whole. */
  properties?: string[];
  /** A further condition. @default - none. */
  when?: (step: Step, change?: Change) => boolean;
  impact: Impact;
  /**
   * The reason for the impact. `{kind}` is the kind of the resource, `{changed}` lists the properties (or the operation), `{before}` and
   * `{after}` are the values of the first property, `{hosts}` are the host names, and any other name, such as `{spec.size}`, is an input.
   */
  reason: string;
}

/** What a rule says about a step. */
export interface Finding {
  impact: Impact;
  reason: string;
  /** The changed properties; for a replacement, those that cause it. Empty for a creation or deletion. */
  changes: Change[];
  /** The rule's id. @default - no rule covers the change. */
  rule?: string;
}

const patterns = new Map<string, RegExp>();

/** Whether a type matches a pattern, in which `*` stands for any text without a colon. */
export function isOfType(type: string, pattern: string): boolean {
  if (!pattern.includes("*")) return type === pattern;
  const known = patterns.get(pattern) ?? new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^:]*")}$`);
  patterns.set(pattern, known);
  return known.test(type);
}

/** Whether a rule matches a step, or one of its changes. */
export function matches(rule: ImpactRule, step: Step, change?: Change): boolean {
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
    changed: changedIn(step, changes),
    before: formatValue(first?.before),
    after: formatValue(first?.after),
    hosts: hostsOf(step),
  };
  const reason = rule.reason.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => values[name] ?? formatValue(property(step, name)));
  return { impact: rule.impact, reason, changes, rule: rule.id };
}

/** `kubernetes:apps/v1:Deployment` → `Deployment` */
export function kindOf(type: string): string {
  return type.split(":").at(-1)!;
}

/** `Deployment web` */
export function labelOf({ type, name }: Pick<Step, "type" | "name">): string {
  return `${kindOf(type)} ${name}`;
}

/** `spec.selector and 2 more changed`; without changed properties, the operation: `deleted`. */
function changedIn(step: Step, changes: Change[]): string {
  const [first, ...others] = changes;
  if (!first) return participles[step.operation];
  return `${formatPath(first.path)}${others.length > 0 ? ` and ${others.length} more` : ""} changed`;
}

const participles: Record<Operation, string> = {
  same: "unchanged",
  create: "created",
  import: "imported",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  unknown: "unknown operation",
};

function hostsOf({ before, after }: Step): string {
  const hosts = hostsIn(Object.keys(after).length > 0 ? after : before);
  return hosts.length > 0 ? hosts.map((host) => (host === undefined ? anyHost : formatValue(host))).join(", ") : anyHost;
}

const anyHost = "any host";

/** Host names in the inputs of an Ingress, a route of a Gateway, or routes of Traefik. Undefined means any host. */
export function hostsIn({ spec = {}, ...inputs }: Properties): (string | undefined)[] {
  // A route of a Gateway also has rules, but without hosts.
  if (Array.isArray(spec.hostnames)) return spec.hostnames;
  return Array.isArray(spec.rules) ? spec.rules.map(({ host }: { host?: string }) => host) : hostsInRoutes(inputs);
}

/** Host names in routes of Traefik: those of a ProxyRoute, or of a Swarm config, whose data is in base64 unless it comes from a preview. */
export function hostsInRoutes({ content, data = "" }: Properties): string[] {
  const text = String(content ?? data);
  const routes = text.includes("Host(") ? text : Buffer.from(text, "base64").toString();
  return [...new Set([...routes.matchAll(/Host\(`([^`]+)`\)/g)].map(([, host]) => host!))];
}

/** A value in at most 80 characters. */
export function formatValue(value: unknown): string {
  if (value === undefined) return "not set";
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replaceAll(unknown, "(not known yet)");
  const shortened = text.replaceAll(/(sha256:[0-9a-f]{8})[0-9a-f]{56}/g, "$1…");
  return shortened.length > 80 ? `${shortened.slice(0, 79)}…` : shortened;
}

/** An input of the resource after the step, or before it if the step deletes the resource. */
export function property(step: Step, path: string): unknown {
  return valueAt(Object.keys(step.after).length > 0 ? step.after : step.before, path.split("."));
}
