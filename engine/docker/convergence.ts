import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import parseDuration from "parse-duration";
import { UserError } from "../../lib/user-error.ts";
import type { Properties, Work } from "./kind.ts";

/** A service whose tasks do not come up; it is there all the same. */
export class NotConverged extends UserError {
  readonly id: string;
  constructor(id: string, message: string) {
    super(message);
    this.id = id;
  }
}

/** How many tasks may fail at the first deployment, which nothing is rolled back from. */
const patience = 3;

/** Milliseconds within which Swarm begins an update, if there is something to update. */
const beginning = 1000;

/**
 * Waits until Swarm has brought a service to what it was asked to be.
 *
 * @throws NotConverged where it went back to the version before, or cannot bring up any task, with what the last one said.
 */
export async function converge(docker: Docker, id: string, inputs: Properties, isNew: boolean, { progress, signal }: Work): Promise<void> {
  const { name, convergeConfig, mode } = inputs;
  const began = Date.now();
  const seconds = parseDuration(convergeConfig?.timeout ?? "3m", "s") ?? 180;
  for (;;) {
    const { UpdateStatus, Spec } = await docker.getService(id).inspect();
    const state: string = UpdateStatus?.State ?? "";
    const tasks: Properties[] = await docker.listTasks({ filters: { service: [id] } });
    const failed = async (what: string) => new NotConverged(id, `${name}: ${what}. ${await reason(docker, tasks)}`);
    const isCurrent = (task: Properties) => isDeepStrictEqual(task.Spec.ContainerSpec, Spec.TaskTemplate.ContainerSpec);
    const wanted = mode?.global ? nodesOf(tasks) : (mode?.replicated?.replicas ?? 1);
    const running = tasks.filter((t) => t.DesiredState === "running" && t.Status.State === "running" && isCurrent(t)).length;
    const ending = tasks.filter((t) => t.DesiredState !== "running" && !over.includes(t.Status.State)).length;
    if (state === "rollback_completed") throw await failed("the new version did not come up, and Swarm went back to the one before");
    if (state === "rollback_paused" || state === "paused") throw await failed("neither the new version nor the one before comes up");
    const settled = state === "completed" || (state === "" && (isNew || Date.now() - began > beginning));
    if (settled && running === wanted && wanted > 0 && ending === 0) return;
    const failures = tasks.filter((t) => ["failed", "rejected"].includes(t.Status.State)).length;
    if (isNew && failures >= patience) throw await failed("its tasks do not come up");
    if (signal.aborted) throw new NotConverged(id, `${name}: it is no longer waited for`);
    if (Date.now() - began > seconds * 1000) throw await failed(`${running} of ${wanted} tasks run after ${seconds} s`);
    progress(state.startsWith("rollback_") ? "the version before, for the new one did not come up" : `${wanted} tasks: ${running} run`);
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** States of tasks that nothing more comes of, https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/. */
const over = ["complete", "failed", "shutdown", "rejected", "orphaned", "remove"];

/** A global service has a task on every node that it may be on. */
function nodesOf(tasks: Properties[]): number {
  return new Set(tasks.filter((t) => t.DesiredState === "running").map((t) => t.NodeID)).size;
}

/** What the engine and the program said of the last task that failed. */
async function reason(docker: Docker, tasks: Properties[]): Promise<string> {
  const { said, log } = await lastFailure(docker, tasks, 10);
  if (!said) return "Its tasks say nothing.";
  return `${said}${log.length > 0 ? `; its last lines:\n${log.join("\n")}` : ""}`;
}

export const statesOfFailure = ["failed", "rejected", "shutdown"];

/** The same in its parts; `said` is empty where no task failed. */
export async function lastFailure(docker: Docker, tasks: Properties[], tail: number) {
  const inOrder = [...tasks].sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt));
  const failed = inOrder.find((t) => t.Status.Err && statesOfFailure.includes(t.Status.State)) ?? inOrder.find((t) => t.Status.Err);
  const waiting = failed ?? inOrder.find((t) => t.Status.State === "pending" && t.Status.Message);
  const { ContainerID: container, ExitCode: exitCode } = (waiting?.Status.ContainerStatus ?? {}) as Properties;
  // A task of another node has its lines there.
  const logs: Buffer | undefined = container
    ? await docker
        .getContainer(container)
        .logs({ stdout: true, stderr: true, tail })
        .catch(() => undefined)
    : undefined;
  return {
    said: String(waiting?.Status.Err ?? waiting?.Status.Message ?? ""),
    log: logs ? linesOf(logs) : [],
    exitCode,
    image: waiting?.Spec.ContainerSpec.Image as string | undefined,
  };
}

/** Lines as a program wrote them: the engine puts eight bytes before each piece, the last four of which are its length. */
export function linesOf(logs: Buffer): string[] {
  const header = 8;
  let text = "";
  for (let at = 0; at + header <= logs.length;) {
    const end = at + header + logs.readUInt32BE(at + 4);
    text += logs.toString("utf8", at + header, end);
    at = end;
  }
  const printable = text.replace(/[^\P{C}\n\t]/gu, "");
  return printable.split("\n").filter((line) => line.trim() !== "");
}
