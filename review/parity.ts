import { isDeepStrictEqual } from "node:util";
import { RunError } from "@pulumi/pulumi/errors.js";
import { differences, plain, type Properties } from "../lib/values.ts";
import type { Stack } from "../config/stack-file.ts";
import { show } from "./impact/impacts.ts";
import { formatPath, parsePath, valueAt, type Path } from "../lib/property-path.ts";
import { hidden } from "./preview/secrets.ts";
import { registrationsOf, type Registered } from "./render/registrations.ts";

/** A property that is not the same in two stacks; of a resource that only one has, the whole of it. */
export interface Disparity {
  /** Kind and name. */
  resource: string;
  property: string;
  a: unknown;
  b: unknown;
  /** Keys of the stack files that make it so; none where only several together do. */
  keys: string[];
}

/**
 * Where two stacks differ. Both are rendered under the name of the first, so that names are no difference. Why, is found out by giving
 * the first each setting of the second in turn, and one that does not go by itself together with each other: what is gone then, that made.
 */
export async function parityOf(a: Stack, b: Stack, progress: (what: string) => void = () => {}): Promise<Disparity[]> {
  const render = async (config: Stack["config"], secretKeys: string[]) => resourcesOf(await registrationsOf({ ...a, config, secretKeys }));
  const [first, second] = [await render(a.config, a.secretKeys), await render(b.config, b.secretKeys)];
  const found = compare(first, second).map((one) => ({ ...one, keys: [] as string[] }));
  const keys = differingKeys(a, b);
  /** What still differs with some of the settings of the second; undefined where these do not go together. */
  const leftWith = async (paths: Path[]) => {
    progress(paths.map(nameOf).join(" with "));
    const resources = await render(withKeys(a, b, paths), [...a.secretKeys, ...b.secretKeys]).catch((error: Error) => {
      if (error instanceof RunError) return undefined;
      throw error;
    });
    return resources && new Set(compare(resources, second).map(idOf));
  };
  const refused: Path[] = [];
  for (const path of keys) {
    const left = await leftWith([path]);
    if (left) for (const one of found) if (!left.has(idOf(one))) one.keys.push(nameOf(path));
    if (!left) refused.push(path);
  }
  for (const [path, other] of pairs(refused, keys)) {
    const unexplained = found.filter((one) => one.keys.length === 0);
    if (unexplained.length === 0) break;
    const left = await leftWith([path, other]);
    if (left) for (const one of unexplained) if (!left.has(idOf(one))) one.keys.push(`${nameOf(path)} with ${nameOf(other)}`);
  }
  return found;
}

/** Each of some with each of all, every pair once. */
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
  const real = registered.filter(({ type }) => !type.startsWith("slipway:") && !type.startsWith("pulumi:"));
  return new Map(real.map(({ type, name, inputs }) => [`${type.split(":").at(-1)} ${name}`, plain(inputs, hidden)]));
}

function compare(a: Resources, b: Resources): Omit<Disparity, "keys">[] {
  const labels = [...new Set([...a.keys(), ...b.keys()])].sort();
  return labels.flatMap((resource) => {
    const [before, after] = [a.get(resource), b.get(resource)];
    if (!before || !after) return [{ resource, property: "", a: before && "there", b: after && "there" }];
    return differences(before, after).map(({ path, before, after }) => ({ resource, property: path, a: before, b: after }));
  });
}

function idOf({ resource, property, a, b }: Omit<Disparity, "keys">): string {
  return JSON.stringify([resource, property, property === "" ? [a, b] : b]);
}

/** Keys of the stack files that have other values; lists count as a whole. */
function differingKeys(a: Stack, b: Stack): Path[] {
  const paths = differences(parsed(a.config), parsed(b.config)).map(({ path }) => parsePath(path));
  const whole = paths.map((path) => path.slice(0, path.findIndex((part) => typeof part === "number") + 1 || undefined));
  const lists = whole.map((path) => (typeof path.at(-1) === "number" ? path.slice(0, -1) : path));
  return lists.filter((path, i) => lists.findIndex((other) => isDeepStrictEqual(other, path)) === i);
}

/** The configuration of the first stack with some keys of the second. */
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

/** As many resources with the same difference are told of one by one. */
const mostAlike = 3;

/** The differences in words, for a terminal or a log, by what makes them. */
export function formatParity(disparities: Disparity[], a: string, b: string): string {
  const resources = new Set(disparities.map(({ resource }) => resource));
  const lines = [
    `parity of stacks "${a}" and "${b}": ${resources.size === 0 ? "they are the same" : `${resources.size} resources differ`}`,
  ];
  const differs = ({ property, a: first, b: second }: Disparity) =>
    property === "" ? `only in ${first === undefined ? b : a}` : `${property}: ${show(first)} → ${show(second)}`;
  for (const [why, found] of Map.groupBy(disparities, ({ keys }) => keys.join(", ") || "several settings together")) {
    lines.push(`  ${why}`);
    for (const [difference, alike] of Map.groupBy(found, (one) =>
      one.property === "" ? `${differs(one)} ${one.resource}` : differs(one),
    )) {
      if (alike.length > mostAlike) lines.push(`      ${alike.length} resources  ${difference}`);
      else for (const one of alike) lines.push(`      ${one.resource}  ${differs(one)}`);
    }
  }
  return lines.join("\n");
}
