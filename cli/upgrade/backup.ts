import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";

/** What restores the files of an upgrade, also after a run that was killed. */
interface Journal {
  /** Contents as base64; null if there was no file. */
  files: { path: string; content: string | null }[];
  /** Folders that are moved, and where they are kept; null if there was no folder. */
  folders: { path: string; kept: string | null }[];
}

const journalIn = (work: string) => join(work, "before.json");

/**
 * Keeps files and folders as they are. Folders are moved, which takes no time and no space.
 *
 * @param work folder in the same file system.
 * @returns the folders that were moved.
 */
export function keep(work: string, files: string[], folders: string[]): { path: string; kept: string }[] {
  const journal: Journal = {
    files: files.map((path) => ({ path, content: existsSync(path) ? readFileSync(path).toString("base64") : null })),
    folders: folders.map((path, i) => ({ path, kept: existsSync(path) ? join(work, `before-${i}`) : null })),
  };
  writeFileAtomic.sync(journalIn(work), JSON.stringify(journal), { mode: 0o600 });
  const moved = journal.folders.flatMap(({ path, kept }) => (kept === null ? [] : [{ path, kept }]));
  for (const { path, kept } of moved) renameSync(path, kept);
  return moved;
}

/**
 * Puts back what was kept, byte for byte.
 *
 * @returns whether something was kept.
 */
export function restore(work: string): boolean {
  if (!existsSync(journalIn(work))) return false;
  const { files, folders } = JSON.parse(readFileSync(journalIn(work), "utf8")) as Journal;
  for (const { path, kept } of folders) {
    if (kept !== null && !existsSync(kept)) continue; // it was not moved yet
    rmSync(path, { recursive: true, force: true });
    if (kept !== null) renameSync(kept, path);
  }
  for (const { path, content } of files)
    if (content === null) rmSync(path, { force: true });
    else if (!existsSync(path) || readFileSync(path).toString("base64") !== content) writeFileSync(path, Buffer.from(content, "base64"));
  rmSync(journalIn(work));
  return true;
}

/** Forgets what was kept, because the upgrade succeeded. */
export function forget(work: string): void {
  rmSync(journalIn(work), { force: true });
}
