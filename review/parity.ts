import { isDeepStrictEqual } from "node:util";
import { RunError } from "@pulumi/pulumi/errors.js";
import { differences, plain, type Properties } from "../lib/values.ts";
import type { Stack } from "../config/stack-file.ts";
import { formatValue, labelOf } from "./impact/rule.ts";
import { formatPath, parsePath, valueAt, type Path } from "../lib/property-path.ts";
import { hidden } from "./preview/secrets.ts";
import { registrationsOf, type Registered } from "./render/registrations.ts";

/** A difference between two stacks. */
export interface Disparity {
  /** Kind and name. */
  resource: string;
  /** Path of the property. Empty if only one stack has the resource. */
  property: string;
  /** Value in the first stack, or undefined if not set. */
  a: unknown;
  /** Value in the second stack, or undefined if not set. */
  b: unknown;
  /** Settings that cause the difference, such as `slipway:services.web.replicas`. Empty if no setting or pair of settings does. */
  keys: string[];
}

/**
 * The differences between two stacks, with their causes. Both are rendered under the name of the first, so that names do not differ. To
 * find the causes, the first stack is rendered with each setting of the second in turn. A setting that is invalid alone is combined with
 * each other setting. The differences that disappear are caused by those settings.
 */
export async function parityOf(a: Stack, b: Stack): Promise<Disparity[]> {
  // With the defaults that each extends, so that the causes are settings, and not the whole of the defaults.
  const render = async (config: Stack["config"], secretKeys: string[]) =>
    resourcesOf(await registrationsOf({ ...a, config, written: config, secretKeys }));
  const [first, second] = [await render(a.config, a.secretKeys), await render(b.config, b.secretKeys)];
  const found = compare(first, second).map((one) => ({ ...one, keys: [] as string[] }));
  const keys = differingKeys(a, b);
  /** The differences that remain with some settings of the second stack. Undefined if they are invalid together. */
  const remainingWith = async (paths: Path[]) => {
    const resources = await render(withKeys(a, b, paths), [...a.secretKeys, ...b.secretKeys]).catch((error: Error) => {
      if (error instanceof RunError) return undefined;
      throw error;
    });
    return resources && Map.groupBy(compare(resources, second), ({ resource }) => resource);
  };
  const invalidAlone: Path[] = [];
  for (const path of keys) {
    const remaining = await remainingWith([path]);
    if (!remaining) invalidAlone.push(path);
    else for (const one of found) if (!remains(one, remaining)) one.keys.push(nameOf(path));
  }
  for (const [path, other] of pairs(invalidAlone, keys)) {
    const unexplained = found.filter((one) => one.keys.length === 0);
    if (unexplained.length === 0) break;
    const remaining = await remainingWith([path, other]);
    if (remaining) for (const one of unexplained) if (!remains(one, remaining)) one.keys.push(`${nameOf(path)} with ${nameOf(other)}`);
  }
  return found;
}

/** Pairs of one of `some` with one of `all`, each pair once. */
function pairs(some: Path[], all: Path[]): [Path, Path][] {
  return some.flatMap((one, i) =>
    all.filter((other) => other !== one && !some.slice(0, i).includes(other)).map((other): [Path, Path] => [one, other]),
  );
}

/** `slipway:services.web.replicas` */
function nameOf(path: Path): string {
  return formatPath(path).replace(/^\["(.+?)"\]/, "$1");
}

type Resources = Map<string, Properties>;

function resourcesOf(registered: Registered[]): Resources {
  const managed = registered.filter(({ type }) => !type.startsWith("slipway:") && !type.startsWith("pulumi:"));
  return new Map(managed.map((resource) => [labelOf(resource), plain(resource.inputs, hidden)]));
}

function compare(a: Resources, b: Resources): Omit<Disparity, "keys">[] {
  const labels = [...new Set([...a.keys(), ...b.keys()])].sort();
  return labels.flatMap((resource) => {
    const [before, after] = [a.get(resource), b.get(resource)];
    if (!before || !after) return [{ resource, property: "", a: before && "present", b: after && "present" }];
    return differences(before, after).map(({ path, before, after }) => ({ resource, property: path, a: before, b: after }));
  });
}

/**
 * Whether a difference is among those that remain, by resource: at its path, or below or above it, because a value that is there in one
 * stack only is compared as a whole.
 */
function remains({ resource, property }: Omit<Disparity, "keys">, remaining: Map<string, Omit<Disparity, "keys">[]>): boolean {
  const isBelow = (path: string, above: string) => path.startsWith(`${above}.`) || path.startsWith(`${above}[`);
  const concerns = (other: string) =>
    other === property || (property !== "" && (other === "" || isBelow(other, property) || isBelow(property, other)));
  return (remaining.get(resource) ?? []).some((other) => concerns(other.property));
}

/** Settings with different values. A list is one setting. */
function differingKeys(a: Stack, b: Stack): Path[] {
  const paths = differences(parsed(a.config), parsed(b.config)).map(({ path }) => parsePath(path));
  const whole = paths.map((path) => path.slice(0, path.findIndex((part) => typeof part === "number") + 1 || undefined));
  const lists = whole.map((path) => (typeof path.at(-1) === "number" ? path.slice(0, -1) : path));
  return lists.filter((path, i) => lists.findIndex((other) => isDeepStrictEqual(other, path)) === i);
}

/** The configuration of the first stack with some settings of the second. */
function withKeys(a: Stack, b: Stack, paths: Path[]): Stack["config"] {
  const config = structuredClone(parsed(a.config));
  for (const path of paths) {
    const value = valueAt(parsed(b.config), path);
    const [key, above] = [path.at(-1)!, path.slice(0, -1)];
    let at = config;
    for (const part of above) at = at[part] ??= {};
    if (value === undefined) delete at[key];
    else at[key] = value;
  }
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

function parsed(config: Stack["config"]): Properties {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  };
  return Object.fromEntries(Object.entries(config).map(([key, text]) => [key, parse(text)]));
}

/** Up to this number, resources with the same difference have a line each. */
const maxSeparate = 3;

/** The differences as `slipway parity` prints them, by cause. */
export function formatParity(disparities: Disparity[], a: string, b: string): string {
  const resources = new Set(disparities.map(({ resource }) => resource));
  const count = resources.size === 1 ? "1 resource differs" : `${resources.size} resources differ`;
  const lines = [`parity of stacks "${a}" and "${b}": ${resources.size === 0 ? "no differences" : count}`];
  const differs = ({ property, a: first, b: second }: Disparity) =>
    property === "" ? `only in ${first === undefined ? b : a}` : `${property}: ${formatValue(first)} → ${formatValue(second)}`;
  for (const [cause, found] of Map.groupBy(disparities, ({ keys }) => keys.join(", ") || "a combination of settings")) {
    lines.push(`  ${cause}`);
    for (const [difference, alike] of Map.groupBy(found, (one) =>
      one.property === "" ? `${differs(one)} ${one.resource}` : differs(one),
    )) {
      if (alike.length > maxSeparate) lines.push(`      ${alike.length} resources  ${difference}`);
      else for (const one of alike) lines.push(`      ${one.resource}  ${differs(one)}`);
    }
  }
  return lines.join("\n");
}
