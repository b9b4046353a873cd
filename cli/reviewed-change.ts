import { rmSync } from "node:fs";
import writeFileAtomic from "write-file-atomic";
import { command } from "../lib/command.ts";
import type { Review } from "../review/review.ts";
import { propose, type ChangedFile, type ProposedChange } from "./forge/forge.ts";

/**
 * Changes files of the project, and reviews what that does to a stack. If the gate is closed or the review fails, the files are as they were.
 *
 * @param files paths are relative to the project's root
 */
export async function reviewedChange(files: ChangedFile[], review: () => Promise<Review>): Promise<Review> {
  let isOpen = false;
  try {
    for (const { file, after } of files) write(file, after);
    const found = await review();
    isOpen = found.verdict.open;
    return found;
  } finally {
    if (!isOpen) restore(files);
  }
}

/** Gives files the content that they had before. */
export function restore(files: Pick<ChangedFile, "file" | "before">[]): void {
  for (const { file, before } of files) write(file, before);
}

/** Gives a file a content, or deletes it. */
export function write(file: string, text: string | undefined): void {
  if (text === undefined) rmSync(file, { force: true });
  else writeFileAtomic.sync(file, text);
}

/**
 * Opens a pull request with changed files of the project. Returns its URL.
 *
 * @param change paths are relative to the project's root
 * @throws UserError if that fails.
 */
export async function proposeInProject({ files, ...change }: ProposedChange): Promise<string> {
  // The project need not be the root of the repository.
  const prefix = (await command("git", ["rev-parse", "--show-prefix"])).trim();
  return propose({ ...change, files: files.map((one) => ({ ...one, file: `${prefix}${one.file}` })) });
}
