import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { UserError } from "../components/internal/user-error.ts";

interface Holder {
  pid: number;
  started: string;
  host: string;
  user: string;
  command: string;
  since: string;
}

/**
 * Holds a stack while `work` changes it. A lock whose process is gone, as after a crash, is taken over.
 *
 * @throws UserError that names the holder, where there is one.
 */
export async function locked<T>(folder: string, command: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, "lock");
  const me: Holder = { pid: process.pid, started: startOf(process.pid), host: hostname(), user: userInfo().username, command, since: new Date().toISOString() };
  take(file, me);
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

function take(file: string, me: Holder): void {
  try {
    writeFileSync(file, JSON.stringify(me), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const holder = read(file);
    const alive = holder !== undefined && (holder.host !== me.host || startOf(holder.pid) === holder.started);
    if (alive) {
      throw new UserError(
        `The stack is being changed by "${holder.command}" of ${holder.user} (process ${holder.pid} on ${holder.host}, since ${holder.since}). Wait for it to end; if it has, remove ${file}.`,
      );
    }
    rmSync(file, { force: true });
    take(file, me);
  }
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // half-written by a process that was killed, or gone by now
  }
}

/** When a process started, in the kernel's ticks: the same number given to another process later differs in it. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";
  } catch {
    try {
      process.kill(pid, 0);
      return "unknown"; // no /proc on this system
    } catch {
      return "gone";
    }
  }
}
