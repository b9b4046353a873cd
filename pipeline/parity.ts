import { isDeepStrictEqual } from "node:util";
import { RunError } from "@pulumi/pulumi/errors.js";
import { differences, plain, type Properties } from "../engine/values.ts";
import type { Stack } from "../stack-file.ts";
import { show } from "./impact.ts";
import { formatPath, parsePath, valueAt, type Path } from "./property-path.ts";
import { hidden } from "./preview/secrets.ts";
import { registrationsOf, type Registered } from "./render.ts";

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
 * the first each setting of the second in turn: what is gone then, that setting made.
 */
export async function parityOf(a: Stack, b: Stack, progress: (what: string) => void = () => {}): Promise<Disparity[]> {
  const render = async (config: Stack["config"], secretKeys: string[]) => resourcesOf(await registrationsOf({ ...a, config, secretKeys }));
  const [first, second] = [await render(a.config, a.secretKeys), await render(b.config, b.secretKeys)];
  const found = compare(first, second).map((one) => ({ ...one, keys: [] as string[] }));
  for (const path of differingKeys(a, b)) {
    const key = formatPath(path).replace(/^\["(.+?)"\]/, "$1");
    progress(key);
    const resources = await render(withKey(a, b, path), [...a.secretKeys, ...b.secretKeys]).catch((error: Error) => {
      if (error instanceof RunError) return undefined; // by itself the setting does not go with the others
      throw error;
    });
    if (!resources) continue;
    const left = new Set(compare(resources, second).map(idOf));
    for (const one of found) if (!left.has(idOf(one))) one.keys.push(key);
  }
  return found;
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

/** The configuration of the first stack with one key of the second. */
function withKey(a: Stack, b: Stack, path: Path): Stack["config"] {
  const config = structuredClone(parsed(a.config));
  const value = valueAt(parsed(b.config), path);
  const [key, above] = [path.at(-1)!, path.slice(0, -1)];
  let at = config;
  for (const part of above) at = at[part] ??= {};
  if (value === undefined) delete at[key];
  else at[key] = value;
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

/** The differences in words, for a terminal or a log, by what makes them. */
export function formatParity(disparities: Disparity[], a: string, b: string): string {
  const resources = new Set(disparities.map(({ resource }) => resource));
  const lines = [
    `parity of stacks "${a}" and "${b}": ${resources.size === 0 ? "they are the same" : `${resources.size} resources differ`}`,
  ];
  for (const [why, found] of Map.groupBy(disparities, ({ keys }) => keys.join(", ") || "several settings together")) {
    lines.push(`  ${why}`);
    for (const { resource, property, a: first, b: second } of found) {
      const only = property === "" ? `only in ${first === undefined ? b : a}` : `${property}: ${show(first)} → ${show(second)}`;
      lines.push(`      ${resource}  ${only}`);
    }
  }
  return lines.join("\n");
}
