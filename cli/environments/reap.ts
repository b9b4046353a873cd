import { LockedError } from "../../lib/file-lock.ts";
import { environmentsOf, hasExpired, type Environment } from "./environment.ts";
import { removeEnvironment } from "./remove.ts";
import type { Template } from "./template.ts";

/** What became of an environment. */
export interface Reaped {
  id: string;
  /** Why it is deleted. */
  reason: "expired" | "closed" | "not open";
  result: "deleted" | "to delete" | "in use" | "renewed" | "failed";
  /** Why it could not be deleted. */
  problem?: string;
}

export interface ReapOptions {
  /** IDs whose pull requests are open. Other environments with a number as ID are deleted. @default - only the time decides */
  open?: string[] | undefined;
  dryRun: boolean;
}

/** Deletes the environments whose time is over, that were closed, or whose pull request is not open. What fails does not stop the others. */
export async function reap(template: Template, { open, dryRun }: ReapOptions): Promise<{ kept: Environment[]; reaped: Reaped[] }> {
  const environments = await environmentsOf(template.cluster, template.project, template.name);
  const reasonOf = (one: Environment): Reaped["reason"] | undefined => {
    if (one.isClosed) return "closed";
    if (hasExpired(one, template.cluster)) return "expired";
    return open !== undefined && /^\d+$/.test(one.id) && !open.includes(one.id) ? "not open" : undefined;
  };
  const kept = environments.filter((one) => reasonOf(one) === undefined);
  const over = environments.filter((one) => reasonOf(one) !== undefined);
  const reaped = over.map(async (one): Promise<Reaped> => {
    const found = { id: one.id, reason: reasonOf(one)! };
    if (dryRun) return { ...found, result: "to delete" };
    try {
      const removed = await removeEnvironment(template, one, { stillWanted: (now) => reasonOf(now) === undefined });
      return { ...found, result: removed === "still wanted" ? "renewed" : "deleted" };
    } catch (error) {
      return { ...found, result: error instanceof LockedError ? "in use" : "failed", problem: (error as Error).message };
    }
  });
  return { kept, reaped: await Promise.all(reaped) };
}
