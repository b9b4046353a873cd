import { resolve } from "node:path";
import type { Problem } from "../../lib/problem.ts";
import { isMap, type Path } from "../../lib/property-path.ts";
import { Platform } from "../schema/setting.ts";
import { extendedFiles } from "./chain.ts";
import type { DefaultsFile, Lock } from "./file.ts";
import { applyLocks, type AppliedLock } from "./locks.ts";
import { givenAt, mergedOver, withNames, withoutNulls } from "./merge.ts";

/** What has a value for a setting: the stack itself, a file of defaults, or a lock. */
export type Source = Origin & { value: unknown };
export type Origin = { kind: "stack" } | { kind: "defaults"; file: DefaultsFile } | { kind: "lock"; lock: Lock };

/** The settings of a stack with the defaults and locks that it extends. */
export interface Extended {
  settings: Record<string, unknown>;
  /** Settings of the stack that contradict locks, and locks that contradict each other. */
  problems: Problem[];
  /** What has a value for the setting at a path, the one that counts first. Several may each have a part of a map. */
  sourcesOf: (path: Path) => Source[];
}

/**
 * Merges the settings of a stack with what its `extends` names: defaults below the stack's settings, locked values on top. This is the one
 * place that does it: the program and the commands that read settings without it call it.
 *
 * @param given the settings of the stack, without namespace. They are not changed.
 * @param by the file and key that have `extends`, for messages.
 * @param folder of the project.
 * @throws UserError if a file of defaults is missing or invalid.
 */
export function extendSettings(given: Record<string, unknown>, by: string, folder = "."): Extended {
  const { extends: references, ...stack } = given;
  const files = references === undefined ? [] : extendedFiles(references, by, resolve(folder));
  const platform = platformOf(stack, files);
  const forPlatform = files.map(({ defaults }) => withoutOtherPlatforms(defaults, platform));
  const layers = withNames(forPlatform, stack);
  const defaults = withoutNulls(layers.reduce(mergedMaps, {})) as Record<string, unknown>;
  const settings = structuredClone(mergedMaps(defaults, stack));
  const locks = files.flatMap((file) => file.locks).filter(({ path }) => !isOfOtherPlatform(String(path[0]), platform));
  const { applied, problems } = applyLocks(locks, settings, stack);
  const own = [
    { origin: { kind: "stack" } as const, layer: stack },
    ...layers.map((layer, i) => ({ origin: { kind: "defaults", file: files[i]! } as const, layer })).reverse(),
  ];
  const sourcesOf = (path: Path) => [...applied.around(path).flatMap((one) => sourceInLock(one, path)), ...sourcesIn(own, path)];
  return { settings, problems, sourcesOf };
}

function mergedMaps(lower: Record<string, unknown>, upper: Record<string, unknown>): Record<string, unknown> {
  return mergedOver(lower, upper) as Record<string, unknown>;
}

function platformOf(stack: Record<string, unknown>, files: DefaultsFile[]): unknown {
  const locked = files.flatMap(({ locks }) => locks.filter(({ path }) => path.join() === "platform"));
  const given = [...files.map(({ defaults }) => defaults), stack].map(({ platform }) => platform);
  return locked[0]?.value ?? given.findLast((platform) => platform !== undefined) ?? Platform.Local;
}

/** Defaults are for stacks on any platform, and the settings of a platform may have required ones: only those of the stack's own count. */
function withoutOtherPlatforms(defaults: Record<string, unknown>, platform: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(defaults).filter(([key]) => !isOfOtherPlatform(key, platform)));
}

function isOfOtherPlatform(key: string, platform: unknown): boolean {
  return key !== platform && Object.values<string>(Platform).includes(key);
}

/** The layers that have a value at a path. The highest one with a list hides the lists below it. */
function sourcesIn(layers: { origin: Origin; layer: unknown }[], path: Path): Source[] {
  const found: Source[] = [];
  for (const { origin, layer } of layers) {
    const given = givenAt(layer, path);
    if (given && given.value !== undefined) found.push({ ...origin, value: given.value });
    if (given?.inList) break;
  }
  return found;
}

/** What a lock has at a path that it is at, above or below. */
function sourceInLock({ path: locked, lock }: AppliedLock, path: Path): Source[] {
  return sourcesIn([{ origin: { kind: "lock", lock }, layer: lock.value }], path.slice(locked.length));
}

/** The sources that the value at a path comes from: the first one, and for a map also those that have other parts of it. */
export function contributing(sources: Source[], path: Path): Source[] {
  const last = sources.findIndex((source) => !isMap(source.value) && !(source.kind === "lock" && source.lock.path.length > path.length));
  return last === -1 ? sources : sources.slice(0, last + 1);
}
