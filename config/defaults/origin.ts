import { readFileSync } from "node:fs";
import { formatProblem, type Problem } from "../../lib/problem.ts";
import type { Path } from "../../lib/property-path.ts";
import { lineFinder } from "../../lib/yaml-line.ts";
import { contributing, type Source } from "./extend.ts";

/** Where a file has a value: `../platform/defaults/slipway.yaml:7`. */
export interface Position {
  file: string;
  line?: number;
}

/** Adds to a problem which file has the value, if that is not in the stack, and how a default is removed. */
export function withOrigin(problem: Problem, sources: Source[]): Problem {
  const { path } = problem;
  const from = contributing(sources, path);
  const elsewhere = from.filter((source) => source.kind !== "stack");
  if (from.length === 0 || elsewhere.length < from.length) return problem;
  const places = (kind: Source["kind"]) =>
    [...new Set(elsewhere.filter((source) => source.kind === kind).map((source) => formatPosition(positionOf(source, path))))].join(
      " and ",
    );
  const [locks, defaults] = [places("lock"), places("defaults")];
  const notes = [
    ...(locks === "" ? [] : [`Locked in ${locks}.`]),
    ...(defaults === "" ? [] : [`Default of ${defaults}; null in the stack file removes it.`]),
  ];
  return { path, message: [formatProblem({ path: [], message: problem.message }), ...notes].join(" ") };
}

/** Where the files of defaults have what they give for the setting at a path. */
export function positionOf(source: Exclude<Source, { kind: "stack" }>, path: Path): Position {
  if (source.kind === "lock") return position(source.lock.file, [source.lock.at]);
  const [root, , ...below] = path;
  return position(source.file, waysTo(["defaults", ...path], path.length > 1 ? ["defaults", root!, "*", ...below] : undefined));
}

/** A path and, because a list or a map may be given as a whole, those above it. `general` is the same path for every service or job. */
export function waysTo(path: Path, general?: Path): Path[] {
  const candidates: Path[] = [];
  for (let length = path.length; length > 1; length--) {
    candidates.push(path.slice(0, length));
    if (general) candidates.push(general.slice(0, length));
  }
  return candidates;
}

/** The line of the first path that a file has. */
export function position({ path, file }: { path: string; file: string }, candidates: Path[]): Position {
  const lineOf = linesOf(path);
  for (const candidate of candidates) {
    const line = lineOf(candidate);
    if (line !== undefined) return { file, line };
  }
  return { file };
}

const found = new Map<string, { text: string; lineOf: ReturnType<typeof lineFinder> }>();

/** Parses a file again only if it has changed. */
function linesOf(path: string): ReturnType<typeof lineFinder> {
  const text = readFileSync(path, "utf8");
  const known = found.get(path);
  if (known?.text === text) return known.lineOf;
  const lineOf = lineFinder(text);
  found.set(path, { text, lineOf });
  return lineOf;
}

export function formatPosition({ file, line }: Position): string {
  return line === undefined ? file : `${file}:${line}`;
}
