import { relative } from "node:path";
import semver from "semver";
import { z } from "zod";
import { formatProblem, throwIfAny, type Problem } from "../../lib/problem.ts";
import { isMap, parsePath, type Path } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import packageDescription from "../../package.json" with { type: "json" };
import { readYaml, secretsBelow } from "../project.ts";
import { extendsSetting } from "../schema/extends.ts";
import { problemsWithShape } from "../shape.ts";

/** A value that a setting must have. */
export interface Lock {
  /** Where, with `*` for any one key or index. */
  path: Path;
  value: unknown;
  reason: string;
  /** The file that has it, and where. */
  file: Pick<DefaultsFile, "path" | "file">;
  at: Path;
}

/** A file with defaults and locks for stacks. */
export interface DefaultsFile {
  path: string;
  /** The path in messages, relative to the project. */
  file: string;
  /** What it extends itself. */
  extends: string[];
  defaults: Record<string, unknown>;
  locks: Lock[];
}

const text = z.string().min(1);

const content = z.strictObject({
  extends: extendsSetting,
  slipway: z
    .string()
    .refine((range) => semver.validRange(range) !== null, 'must be a range of versions such as ">=0.1.0"')
    .optional(),
  defaults: z.record(z.string(), z.unknown()).default({}),
  locks: z.array(z.strictObject({ path: text, value: z.unknown().optional(), reason: text })).default([]),
});

/**
 * Reads a file of defaults.
 *
 * @param project folder that paths in messages start from.
 * @throws UserError with every problem of the file, or because it is for another version of Slipway.
 */
export function readDefaultsFile(path: string, project: string): DefaultsFile {
  const file = relative(project, path);
  const written = readYaml(path, file);
  checkVersion(written, file);
  const { data, error } = content.safeParse(written);
  const problems = [
    ...(error?.issues ?? []).flatMap((issue) => problemsWithShape(issue, content, written)),
    ...problemsWithDefaults(isMap(written) ? written["defaults"] : undefined),
    ...problemsWithLocks(isMap(written) ? written["locks"] : undefined),
  ];
  throwIfAny(problems.map(formatProblem), `The file of defaults ${file} is invalid:`);
  const { extends: others = [], defaults, locks } = data!;
  return {
    path,
    file,
    extends: [others].flat(),
    defaults,
    locks: locks.map((lock, i) => ({ ...lock, path: parsePath(lock.path), value: lock.value, file: { path, file }, at: ["locks", i] })),
  };
}

/** First, because a file for another version may well have another shape. */
function checkVersion(written: unknown, file: string): void {
  const { version } = packageDescription;
  const range = isMap(written) ? written["slipway"] : undefined;
  if (typeof range !== "string" || semver.validRange(range) === null) return;
  if (semver.satisfies(version, range, { includePrerelease: true })) return;
  throw new UserError(`${file}: is for Slipway ${range}, but this is Slipway ${version}. Install another version of one of them.`);
}

const noSecret = "is a secret, which only a stack file can have, because each stack has its own key. Set it there";

function problemsWithDefaults(defaults: unknown): Problem[] {
  if (!isMap(defaults)) return [];
  const secrets = secretsBelow(defaults).map((path) => ({
    path: ["defaults", ...path],
    message: noSecret,
  }));
  return "extends" in defaults
    ? [{ path: ["defaults", "extends"], message: "is not a default. Move it to the top of the file" }, ...secrets]
    : secrets;
}

/** Whether a path is a setting shows when its value is set: then it is checked like the rest of the stack. */
function problemsWithLocks(locks: unknown): Problem[] {
  if (!Array.isArray(locks)) return [];
  return locks.flatMap((lock: unknown, i): Problem[] => {
    if (!isMap(lock)) return [];
    const { path, value } = lock;
    const missing = value === undefined || value === null;
    return [
      ...(isLockable(path) ? [] : [{ path: ["locks", i, "path"], message: "must be a setting other than extends. Correct it" }]),
      ...(missing ? [{ path: ["locks", i, "value"], message: "is missing: it must be the value that the setting has" }] : []),
      ...secretsBelow(value).map((below) => ({ path: ["locks", i, "value", ...below], message: noSecret })),
    ];
  });
}

/** Whether a path, if there is one, names a setting that a stack can have. */
function isLockable(path: unknown): boolean {
  if (typeof path !== "string" || path === "") return true;
  const [root = "extends"] = parsePath(path);
  return root !== "extends";
}
