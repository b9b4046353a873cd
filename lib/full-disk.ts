import { cacheFolder } from "./cache-folder.ts";
import { UserError } from "./user-error.ts";

/** SQLITE_FULL, https://www.sqlite.org/rescode.html#full */
const sqliteFull = 13;

const codes = ["ENOSPC", "EDQUOT"];

/** What to do about a full disk. */
export const freeSpace = `Free space: go clean -cache deletes what Go has compiled, and the folders blobs and go in ${cacheFolder()} are created again, too.`;

/** An error with the remedy, if this one is that of a write to a full disk. */
export function fullDiskError(error: unknown): UserError | undefined {
  const { code, errcode, message } = (error ?? {}) as { code?: string; errcode?: number; message?: string };
  if (errcode !== sqliteFull && !codes.includes(code ?? "")) return undefined;
  return new UserError(`The disk is full (${message}). ${freeSpace}`);
}

/** A line of what another program has printed that says that a disk is full. */
export function fullDiskIn(output: string): string | undefined {
  return /^.*(?:no space left on device|disk quota exceeded).*$/im.exec(output)?.[0].trim();
}
