import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { UserError } from "./user-error.ts";

/** Somebody else holds the lock. */
export class LockedError extends UserError {}

/**
 * Holds a folder (of `what`, for messages) while `work` changes it. A lock whose process is gone, as after a crash, is
 * taken over.
 *
 * @throws UserError that names the holder, where there is one.
 */
export async function locked<T>(folder: string, what: string, command: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
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
  return work().finally(release);
}

/** When a process started, in ticks of the kernel: a later process with the same number differs in it. Needs Linux' /proc. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
  } catch {
    return undefined;
  }
}
