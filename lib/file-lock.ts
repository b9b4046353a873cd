import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { poll } from "./poll.ts";
import { UserError } from "./user-error.ts";
import { userName } from "./user-name.ts";

/** Another process holds the lock. */
export class LockedError extends UserError {}

/** SQLITE_BUSY, https://www.sqlite.org/rescode.html#busy */
const busy = 5;

/**
 * Locks a folder while `work` changes it. The lock ends with this process, however that ends.
 *
 * @param what What the folder holds, for messages: `Stack "dev"`.
 * @param command What holds the lock, for messages: `slipway up`.
 * @throws LockedError that names the holder.
 */
export async function locked<T>(folder: string, what: string, command: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Node has no file locks of the operating system, but SQLite locks its files with them. Nothing is stored in this one.
  const lock = new DatabaseSync(resolve(folder, "lock.db"), { timeout: 0 });
  const holder = resolve(folder, "lock.json");
  try {
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== busy) throw error;
      throw new LockedError(`${what} is locked by ${describe(holder)}. Wait until it has finished.`);
    }
    const { pid } = process;
    writeFileSync(holder, JSON.stringify({ pid, user: userName(), command, since: new Date().toISOString() }), { mode: 0o600 });
    try {
      return await work();
    } finally {
      rmSync(holder, { force: true });
    }
  } finally {
    lock.close();
  }
}

/**
 * Locks a folder as `locked` does, and waits while another process or another call holds the lock.
 *
 * @throws LockedError that names the holder, after `timeoutSeconds`.
 */
export async function lockedInTurn<T>(
  folder: string,
  what: string,
  command: string,
  work: () => Promise<T>,
  timeoutSeconds = 600,
): Promise<T> {
  let last: Error;
  const attempt = () =>
    locked(folder, what, command, async () => ({ result: await work() })).catch((error: Error) => {
      if (!(error instanceof LockedError)) throw error;
      last = error;
      return undefined;
    });
  return (await poll(attempt, { timeoutSeconds, intervalMs: 50, onTimeout: () => last })).result;
}

/** Who holds the lock, from the file that the holder writes after it got the lock. */
function describe(holder: string): string {
  try {
    const { pid, user, command, since } = JSON.parse(readFileSync(holder, "utf8"));
    return `"${command}" of ${user} (process ${pid}, since ${since})`;
  } catch {
    return "another process";
  }
}
