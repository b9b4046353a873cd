import { isDeepStrictEqual } from "node:util";
import type { Problem } from "../../lib/problem.ts";
import { isMap, startsWith, valueAt, type Path } from "../../lib/property-path.ts";
import type { Lock } from "./file.ts";
import { givenAt } from "./merge.ts";

/** A lock of one setting of a stack: its path has no `*`. */
export interface AppliedLock {
  path: Path;
  lock: Lock;
}

/** The locks of a stack. Of a thousand services, each setting is compared only with the locks of its own service. */
export class AppliedLocks {
  private readonly byEntry = new Map<string, AppliedLock[]>();

  add(applied: AppliedLock): void {
    const key = entryOf(applied.path);
    this.byEntry.set(key, [...(this.byEntry.get(key) ?? []), applied]);
  }

  /** The locks of a setting, of what it is in, and of what is in it. */
  around(path: Path): AppliedLock[] {
    const near =
      path.length === 1
        ? [...this.byEntry.values()].flat()
        : [...(this.byEntry.get(entryOf(path.slice(0, 1))) ?? []), ...(this.byEntry.get(entryOf(path)) ?? [])];
    return near.filter((other) => startsWith(other.path, path) || startsWith(path, other.path));
  }
}

function entryOf(path: Path): string {
  return JSON.stringify(path.slice(0, 2));
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
): { applied: AppliedLocks; problems: Problem[] } {
  const applied = new AppliedLocks();
  const problems: Problem[] = [];
  for (const lock of locks)
    for (const path of pathsIn(merged, lock.path)) {
      if (!hasEntry(merged, path)) continue;
      const others = applied.around(path);
      const conflict = others.find((other) => contradict(other, { path, lock }));
      if (conflict) {
        problems.push({ path, message: contradiction(conflict.lock, lock) });
        continue;
      }
      if (others.some((other) => other.path.length === path.length)) continue;
      // What the stack removes with null is open, too.
      const given = givenAt(stack, path)?.value ?? undefined;
      if (given !== undefined && !isDeepStrictEqual(given, lock.value)) problems.push({ path, message: violation(lock, given) });
      set(merged, path, lock.value);
      applied.add({ path, lock });
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

/** The settings that a path with `*` matches. `*` matches what is set; the other parts also match what is not. */
function pathsIn(value: unknown, [part, ...rest]: Path, above: Path = []): Path[] {
  if (part === undefined) return [above];
  return partsIn(value, part).flatMap((key) => pathsIn(valueAt(value, [key]), rest, [...above, key]));
}

function partsIn(value: unknown, part: string | number): Path {
  if (Array.isArray(value) && typeof part === "number") return part < value.length ? [part] : [];
  if (part === "*") return Array.isArray(value) ? [...value.keys()] : isMap(value) ? Object.keys(value) : [];
  return typeof part === "number" ? [] : [part];
}

/** Whether two locks, of which one has a part of what the other has, demand different values. */
function contradict(a: AppliedLock, b: AppliedLock): boolean {
  const [outer, inner] = a.path.length <= b.path.length ? [a, b] : [b, a];
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
