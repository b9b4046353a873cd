import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { withPlatformDefaults } from "../../config/check.ts";
import { parseConfigValue, settingsNamespace } from "../../config/config-value.ts";
import { extendSettings, type Source } from "../../config/defaults/extend.ts";
import { position, positionOf, waysTo, type Position } from "../../config/defaults/origin.ts";
import { isSecure } from "../../config/project.ts";
import { definitionOf, Platform, unwrapped } from "../../config/schema/setting.ts";
import { settings, type Settings } from "../../config/settings.ts";
import { problemWithPath, schemaAt } from "../../config/shape.ts";
import { readWritten, type WrittenStack } from "../../config/stack-file.ts";
import { formatPath, isMap, parsePath, startsWith, valueAt, type Path } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadPlatform } from "../../platforms/platform.ts";

/** Where a value comes from. */
export type Origin =
  | ({ kind: "stack" | "defaults" } & Position)
  | ({ kind: "lock"; reason: string } & Position)
  | { kind: "platform"; platform: Platform }
  | { kind: "slipway" };

/** A setting, its value, and where that comes from. */
export interface Explained {
  path: string;
  /** Undefined if it is not set. */
  value?: unknown;
  /** Undefined if it is not set and has no default. */
  from?: Origin;
  /** What happens without it, if it is not set. */
  without?: string;
  /** Values that it would have without the one that counts, the next one first. */
  insteadOf: (Origin & { value: unknown; rejected?: true })[];
}

/**
 * Says where the settings of a stack come from. Needs no passphrase: secrets are `[secret]`.
 *
 * @param path a setting, or what has several. @default - all that do not have Slipway's own default
 * @throws UserError if the stack does not exist, defaults are missing or invalid, or there is no such setting.
 */
export async function explain(name: string, path?: string): Promise<Explained[]> {
  const stack = readWritten(name);
  const given = settingsOf(stack);
  const { settings: extended, sourcesOf } = extendSettings(given, `${stack.file}: ${settingsNamespace}:extends`);
  const merged = { ...("extends" in given && { extends: given["extends"] }), ...extended };
  const { parsed, complete } = await completed(merged);
  const originOf = (source: Source, at: Path): Origin => {
    if (source.kind === "stack") return { kind: "stack", ...positionInStack(stack, at) };
    const found = positionOf(source, at);
    return source.kind === "lock" ? { kind: "lock", reason: source.lock.reason, ...found } : { kind: "defaults", ...found };
  };
  const explainOne = (at: Path): Explained => {
    const value = valueAt(complete, at);
    const sources: Source[] = at[0] === "extends" ? [{ kind: "stack", value }] : sourcesOf(at).filter((source) => !isLockBelow(source, at));
    const isSet = valueAt(merged, at) !== undefined;
    const hidden = (isSet ? sources.slice(1) : sources).map((source) => ({
      ...originOf(source, at),
      value: source.value,
      ...(isSet && isRejected(sources[0]!, source) && { rejected: true as const }),
    }));
    const setting = { path: formatPath(at), insteadOf: hidden };
    if (isSet) return { ...setting, value: valueAt(merged, at), from: originOf(sources[0]!, at) };
    if (value !== undefined && valueAt(parsed, at) === undefined)
      return { ...setting, value, from: { kind: "platform", platform: complete["platform"] as Platform } };
    if (value !== undefined) return { ...setting, value, from: { kind: "slipway" } };
    const { default: fallback, without } = definitionAt(at);
    if (fallback !== undefined) return { ...setting, value: fallback, from: { kind: "slipway" } };
    return { ...setting, ...(without !== undefined && { without }) };
  };
  if (path === undefined)
    return leavesOf(complete)
      .map(explainOne)
      .filter((setting) => setting.from?.kind !== "slipway");
  const at = parsePath(path.replace(/^slipway:/, ""));
  rejectUnknown(at, path, name, merged);
  const set = leavesOf(valueAt(complete, at), at);
  if (set.length === 1 && isDeepStrictEqual(set[0], at)) return [explainOne(at)];
  const open = defaultsBelow(schemaAt(settings, at), at).filter((other) => !set.some((one) => startsWith(one, other)));
  return [...set.filter((one) => valueAt(complete, one) !== undefined), ...open].map(explainOne);
}

/** The stack's own settings, with `[secret]` for secrets. */
function settingsOf({ values }: WrittenStack): Record<string, unknown> {
  const prefix = `${settingsNamespace}:`;
  const own = Object.entries(values).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(
    own.map(([key, value]) => [key.slice(prefix.length), hideSecrets(typeof value === "string" ? parseConfigValue(value) : value)]),
  );
}

function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (!isMap(value)) return value;
  if (isSecure(value)) return "[secret]";
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, hideSecrets(below)]));
}

/** The settings with the defaults in the schema, and then also with those of the platform: as far as their shape allows it. */
async function completed(merged: Record<string, unknown>): Promise<{ parsed: object; complete: Record<string, unknown> }> {
  const data: Partial<Settings> = settings.safeParse(merged).data ?? merged;
  const { platform = Platform.Local, services = {}, jobs = {} } = data;
  try {
    const filled = withPlatformDefaults({ services, jobs }, await loadPlatform(platform), data as Settings);
    return { parsed: data, complete: { ...data, platform, ...filled } };
  } catch {
    return { parsed: data, complete: data };
  }
}

function positionInStack({ file }: WrittenStack, [key, ...below]: Path): Position {
  const [full, short] = [`${settingsNamespace}:${key}`, String(key)].map((first) => waysTo(["config", first, ...below]));
  const inStack = position({ path: file, file }, [...full!, ...short!]);
  return inStack.line === undefined ? position({ path: "Pulumi.yaml", file: "Pulumi.yaml" }, [...full!, ...short!]) : inStack;
}

/** A lock of a part of a list. */
function isLockBelow(source: Source, path: Path): boolean {
  return source.kind === "lock" && source.lock.path.length > path.length;
}

/** Whether a setting of the stack contradicts a lock. */
function isRejected(first: Source, source: Source): boolean {
  return first.kind === "lock" && source.kind === "stack" && !isDeepStrictEqual(first.value, source.value);
}

function definitionAt(path: Path): { default?: unknown; without?: string } {
  const schema = schemaAt(settings, path);
  return (schema && definitionOf(schema)) ?? {};
}

/** The settings below a map; a list is one setting. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (!isMap(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, below]) => (below === undefined ? [] : leavesOf(below, [...path, key])));
}

/** The settings below a schema that have a default of Slipway. */
function defaultsBelow(schema: z.ZodType | undefined, path: Path): Path[] {
  if (!schema) return [];
  const { default: fallback, without } = definitionOf(schema) ?? {};
  if (fallback !== undefined) return [path];
  const inner = unwrapped(schema);
  if (without !== undefined || !(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, below]) => defaultsBelow(below, [...path, key]));
}

function rejectUnknown(at: Path, path: string, stack: string, merged: Record<string, unknown>): void {
  const unknown = at.length === 0 ? "it has no name" : problemWithPath(settings, at);
  if (unknown !== undefined) throw new UserError(`There is no setting "${path}": ${unknown}.`.replace(/\?\.$/, "?"));
  const [root, name] = at;
  if (name === undefined || (root !== "services" && root !== "jobs")) return;
  const known = isMap(merged[root]) ? Object.keys(merged[root]) : [];
  if (!known.includes(String(name)))
    throw new UserError(`${root}: stack "${stack}" has no "${name}". Known names: ${known.join(", ") || "none"}.`);
}
