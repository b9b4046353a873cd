import { isMap, type Path } from "../../lib/property-path.ts";

/**
 * A value over another one: maps merge, lists and other values replace. `null` removes what is below it; where there is nothing, it stays,
 * so that it is rejected like any `null`.
 */
export function mergedOver(lower: unknown, upper: unknown): unknown {
  if (!isMap(lower) || !isMap(upper)) return upper;
  const result = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    if (value === null && Object.hasOwn(lower, key)) delete result[key];
    else result[key] = Object.hasOwn(lower, key) ? mergedOver(lower[key], value) : value;
  }
  return result;
}

/** Without keys that are `null`. */
export function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, below]) => (below === null ? [] : [[key, withoutNulls(below)]])));
}

/** What a layer has at a path. */
export interface Given {
  /** The value there, or instead of a map above it. Undefined in an item of a list that has no such key. */
  value: unknown;
  /** Whether it is in a list, which replaces the lists of lower layers. */
  inList: boolean;
}

/** What a layer has at a path; undefined if it leaves that open. */
export function givenAt(layer: unknown, path: Path): Given | undefined {
  let [value, inList] = [layer, false];
  for (const part of path) {
    if (Array.isArray(value)) inList = true;
    else if (!isMap(value)) break;
    value = Object.hasOwn(value as object, part) ? (value as Record<PropertyKey, unknown>)[part] : undefined;
  }
  return value === undefined && !inList ? undefined : { value, inList };
}

/** The roots in which `*` matches every entry. */
const rootsWithNames = ["services", "jobs"] as const;

/** Layers in which the settings of `*` are part of every service and job that a layer has by name. */
export function withNames(layers: Record<string, unknown>[], stack: Record<string, unknown>): Record<string, unknown>[] {
  return layers.map((layer) => {
    const expanded = rootsWithNames.flatMap((root) => {
      const own = layer[root];
      if (!isMap(own) || !Object.hasOwn(own, "*")) return [];
      const { "*": all, ...named } = own;
      const entries = namesOf(root, [stack, ...layers]).map((name) => [
        name,
        Object.hasOwn(named, name) ? mergedOver(all, named[name]) : all,
      ]);
      return [[root, { ...named, ...(Object.fromEntries(entries) as object) }]];
    });
    return { ...layer, ...(Object.fromEntries(expanded) as object) };
  });
}

function namesOf(root: string, layers: Record<string, unknown>[]): string[] {
  const named = layers.flatMap((layer) => (isMap(layer[root]) ? Object.entries(layer[root]) : []));
  return [...new Set(named.flatMap(([name, value]) => (name === "*" || value === null ? [] : [name])))];
}
