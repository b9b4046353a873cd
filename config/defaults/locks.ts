import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../lib/problem.ts";
import { isMap, valueAt, type Path } from "../../lib/property-path.ts";
import type { Lock } from "./file.ts";
import { givenAt } from "./merge.ts";

/** A lock of one setting of a stack: its path has no `*`. */
export interface AppliedLock {
  path: Path;
  lock: Lock;
}

/**
 * Sets the locked values.
 *
 * @param merged what the stack and the defaults have together; it is changed.
 * @param stack what the stack has itself.
 * @returns the locks, and what contradicts them: settings of the stack, and locks of later files.
 */
export function applyLocks(
  locks: Lock[],
  merged: Record<string, unknown>,
  stack: Record<string, unknown>,
): { applied: AppliedLock[]; problems: Problem[] } {
  const applied: AppliedLock[] = [];
  const problems: Problem[] = [];
  for (const lock of locks)
    for (const path of pathsIn(merged, lock.path)) {
      if (!hasEntry(merged, path)) continue;
      const conflict = applied.find((other) => contradicts(other, { path, lock }));
      if (conflict) {
        problems.push({ path, message: contradiction(conflict.lock, lock) });
        continue;
      }
      if (applied.some((other) => isDeepStrictEqual(other.path, path))) continue;
      // What the stack removes with null is open, too.
      const given = givenAt(stack, path)?.value ?? undefined;
      if (given !== undefined && !isDeepStrictEqual(given, lock.value)) problems.push({ path, message: violation(lock, given) });
      set(merged, path, lock.value);
      applied.push({ path, lock });
    }
  return { applied, problems };
}

function violation({ value, file, reason }: Lock, given: unknown): string {
  return `must be ${JSON.stringify(value)} (got ${JSON.stringify(given)}). ${file.file} locks it: "${reason}". Remove it`;
}

function contradiction(first: Lock, second: Lock): string {
  const [one, other] = [first, second].map(({ value, file, reason }) => `${JSON.stringify(value)} in ${file.file} ("${reason}")`);
  return `has locks that contradict each other: ${one} and ${other}. Remove the second one`;
}

/** Whether the service or job of a path exists: a lock of its settings does not create it. */
function hasEntry(merged: Record<string, unknown>, [root, name]: Path): boolean {
  return name === undefined || (root !== "services" && root !== "jobs") || valueAt(merged, [root, name]) !== undefined;
}

/** The settings that a path with `*` stands for: existing keys and indices for `*`, and for other parts also what is not set. */
function pathsIn(value: unknown, [part, ...rest]: Path, above: Path = []): Path[] {
  if (part === undefined) return [above];
  return partsIn(value, part).flatMap((key) => pathsIn(valueAt(value, [key]), rest, [...above, key]));
}

function partsIn(value: unknown, part: string | number): Path {
  if (Array.isArray(value) && typeof part === "number") return part < value.length ? [part] : [];
  if (part === "*") return Array.isArray(value) ? [...value.keys()] : isMap(value) ? Object.keys(value) : [];
  return typeof part === "number" ? [] : [part];
}

/** Whether one lock leaves no value that satisfies the other. */
function contradicts(a: AppliedLock, b: AppliedLock): boolean {
  const [outer, inner] = a.path.length <= b.path.length ? [a, b] : [b, a];
  if (!outer.path.every((part, i) => part === inner.path[i])) return false;
  return !isDeepStrictEqual(valueAt(outer.lock.value, inner.path.slice(outer.path.length)), inner.lock.value);
}

function set(target: Record<string, unknown>, path: Path, value: unknown): void {
  let at: Record<PropertyKey, unknown> = target;
  for (const part of path.slice(0, -1)) {
    // A value in place of a map is a problem of its own.
    if (Object(at[part]) !== at[part]) at[part] = {};
    at = at[part] as typeof at;
  }
  at[path.at(-1)!] = structuredClone(value);
}
