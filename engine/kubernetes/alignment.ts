import { isSecret, type Properties } from "../../lib/values.ts";

/** Keys by which Kubernetes tells the entries of a list apart: https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy. */
const mergeKeys = ["name", "mountPath", "devicePath", "containerPort", "port", "topologyKey", "ip", "type"];

/**
 * A value with the entries of its lists at the places that they have in another value, so that an entry that was removed is not compared with
 * the next one. An entry that is missing leaves a hole; entries that only this value has come last.
 */
export function alignedWith(reference: unknown, value: unknown): unknown {
  if (Array.isArray(reference) && Array.isArray(value)) return alignedLists(reference, value);
  if (!isMap(reference) || !isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, alignedWith(reference[key], below)]));
}

function alignedLists(reference: unknown[], value: unknown[]): unknown[] {
  const key = mergeKeys.find((candidate) => identifies(candidate, reference) && identifies(candidate, value));
  if (key === undefined) return value.map((item, i) => alignedWith(reference[i], item));
  const left = new Map((value as Properties[]).map((item) => [item[key], item]));
  const aligned = (reference as Properties[]).map((wanted) => {
    const found = left.get(wanted[key]);
    left.delete(wanted[key]);
    return found && alignedWith(wanted, found);
  });
  return [...aligned, ...left.values()];
}

/** Whether every entry of a list has a value of its own for the key. */
function identifies(key: string, list: unknown[]): boolean {
  const values = list.map((item) => (isMap(item) ? item[key] : undefined));
  return values.every((value) => ["string", "number"].includes(typeof value)) && new Set(values).size === list.length;
}

function isMap(value: unknown): value is Properties {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !isSecret(value);
}
