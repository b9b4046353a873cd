import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

/** A lock of a stack in a backend of files, https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/lock.go. */
export interface BackendLock {
  file: string;
  pid: number;
  username: string;
  hostname: string;
  /** When the run began, in ISO 8601. */
  timestamp: string;
}

/** The locks of a stack; none if the backend is not a folder of this machine. */
export function locksOf(backendUrl: string | undefined, project: string, stack: string): BackendLock[] {
  if (!backendUrl?.startsWith("file://")) return [];
  const root = backendUrl.slice("file://".length).replace(/^~/, homedir());
  // A backend from before projects had stacks of their own has the second form.
  const folders = [`organization/${project}/${stack}`, stack].map((path) => join(root, ".pulumi/locks", path));
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).flatMap((name) => readLock(join(folder, name))));
}

function readLock(file: string): BackendLock[] {
  if (!file.endsWith(".json")) return [];
  try {
    return [{ file, ...(JSON.parse(readFileSync(file, "utf8")) as Omit<BackendLock, "file">) }];
  } catch {
    return []; // being written, or removed meanwhile
  }
}

/**
 * Removes the locks of runs on this machine that no longer exist, such as one that was killed: `pulumi cancel` for them alone.
 *
 * @returns what was removed, for people.
 */
export function removeDeadLocks(locks: BackendLock[]): string[] {
  const dead = locks.filter((lock) => lock.hostname === hostname() && !mayBePulumi(lock.pid));
  for (const { file } of dead) rmSync(file, { force: true });
  return dead.map(({ pid, timestamp }) => `removed the lock of a run that has ended without removing it (process ${pid}, ${timestamp})`);
}

/** Whether a process is a Pulumi CLI, or may be one. Its number may have been given to another program since. */
function mayBePulumi(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  try {
    return execFileSync("ps", ["-o", "comm=", "-p", String(pid)], { encoding: "utf8" }).includes("pulumi");
  } catch (error) {
    // Without `ps`, nobody knows; otherwise the process has just ended.
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

/** What to say of a stack that another run has locked. */
export function describeLocks(locks: BackendLock[], stack: string, variables: Record<string, string>): string {
  const owners = locks.map((lock) => `${lock.username}@${lock.hostname} (process ${lock.pid}) since ${lock.timestamp}`);
  const settings = Object.entries(variables)
    .filter(([name]) => name.startsWith("PULUMI_BACKEND") || name.startsWith("PULUMI_CONFIG"))
    .map(([name, value]) => `${name}='${value}' `);
  return [
    `Stack "${stack}" is locked by another run${owners.length > 0 ? `: ${owners.join(", ")}` : ""}. Wait until it has finished.`,
    `If it was killed, run: ${settings.join("")}pulumi cancel --yes --stack ${stack}`,
  ].join(" ");
}
