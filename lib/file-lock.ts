import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { UserError } from "./user-error.ts";

/** Another process holds the lock. */
export class LockedError extends UserError {}

/**
 * Locks a folder while `work` changes it. The lock of a process that no longer runs, for example after a crash, is taken over.
 *
 * @param what What the folder holds, for messages: `Stack "dev"`.
 * @param command What holds the lock, for messages: `slipway up`.
 * @throws LockedError that names the holder.
 */
export async function locked<T>(folder: string, what: string, command: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = resolve(folder, "lock");
  const holder = { pid: process.pid, started: startOf(process.pid), user: userInfo().username, command, since: new Date().toISOString() };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(holder), { flag: "wx", mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const { pid, started, user, command, since } = JSON.parse(readFileSync(file, "utf8") || "{}");
      if (pid && startOf(pid) === started) {
        throw new LockedError(`${what} is locked by "${command}" of ${user} (process ${pid}, since ${since}). Wait until it has finished.`);
      }
      rmSync(file, { force: true });
    }
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  return work().finally(() => {
    process.off("exit", release);
    release();
  });
}

/** When a process started, in clock ticks since boot. It differs for a later process with the same id. Needs Linux' /proc. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
  } catch {
    return undefined;
  }
}
