import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../lib/user-error.ts";

/** A file that a command writes, or leaves as it is. */
export interface Change {
  /** Relative to the working directory. */
  path: string;
  before: string | undefined;
  after: string;
  state: "created" | "changed" | "unchanged";
}

/** The change of a file to a text; undefined leaves it as it is. */
export function changeOf(path: string, text: (before: string | undefined) => string | undefined): Change {
  if (existsSync(path) && !statSync(path).isFile())
    throw new UserError(`${path}: is not a file. Rename it, or use another folder: slipway init --dir deploy`);
  const before = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  const after = text(before) ?? before ?? "";
  const state = before === after ? "unchanged" : before === undefined ? "created" : "changed";
  return { path, before, after, state };
}

/** Writes all files, or none: each is written beside its place first, and then all are renamed. */
export function writeAll(changes: Change[]): void {
  const pending = changes
    .filter(({ state }) => state !== "unchanged")
    .map(({ path, after }) => ({ path, after, temporary: `${path}.slipway-new` }));
  const folders: string[] = [];
  const written: string[] = [];
  try {
    for (const { path, after, temporary } of pending) {
      const created = mkdirSync(dirname(path), { recursive: true });
      if (created !== undefined) folders.push(created);
      written.push(temporary);
      writeFileSync(temporary, after);
    }
  } catch (error) {
    for (const temporary of written) rmSync(temporary, { force: true });
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    throw new UserError(`${(error as Error).message}. Nothing was written.`);
  }
  for (const { path, temporary } of pending) renameSync(temporary, path);
}

/** The changes as added lines below the name of their file. */
export function formatDiff(changes: Change[]): string {
  return changes
    .filter(({ state }) => state !== "unchanged")
    .map(({ path, before, after, state }) => {
      const lines = difference(linesOf(before ?? ""), linesOf(after));
      return [`${state === "created" ? "+" : "~"} ${path}`, ...lines.map((line) => `    ${line}`)].join("\n");
    })
    .join("\n");
}

/** The lines that differ, `+` and `-`, by their longest common subsequence. */
function difference(before: string[], after: string[]): string[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i]![j] = before[i] === after[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      i++;
      j++;
    } else if (j < after.length && (i === before.length || lengths[i]![j + 1]! > lengths[i + 1]![j]!)) lines.push(`+ ${after[j++]}`);
    else lines.push(`- ${before[i++]}`);
  }
  return lines;
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
