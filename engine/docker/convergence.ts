import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import parseDuration from "parse-duration";
import { linesOf } from "../../lib/docker-logs.ts";
import { pollUntil } from "../../lib/poll.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Properties, Work } from "./kind.ts";

/** A Swarm service that exists but whose tasks do not run. */
export class NotConverged extends UserError {
  readonly id: string;
  constructor(id: string, message: string) {
    super(message);
    this.id = id;
  }
}

/** How many tasks of a new service may fail. There is no earlier version to roll back to. */
const allowedFailures = 3;

/** Milliseconds in which Swarm starts an update, if there is something to update. */
const updateStartMs = 1000;

/**
 * Waits until all tasks of a service run its current version.
 *
 * @throws NotConverged with the last task's error, if Swarm rolled back, tasks keep failing, the timeout passed or the run failed.
 */
export async function converge(docker: Docker, id: string, inputs: Properties, isNew: boolean, { progress, signal }: Work): Promise<void> {
  const { name, convergeConfig, mode } = inputs;
  const began = Date.now();
  const timeoutSeconds = parseDuration(convergeConfig?.timeout ?? "3m", "s") ?? 180;
  let tasks: Properties[] = [];
  let running = 0;
  let wanted = 0;
  const failed = async (what: string) => new NotConverged(id, `${name}: ${what}. ${await lastError(docker, tasks)}`);
  const isConverged = async () => {
    const { UpdateStatus, Spec } = await docker.getService(id).inspect();
    const state: string = UpdateStatus?.State ?? "";
    tasks = await docker.listTasks({ filters: { service: [id] } });
    const isCurrent = (task: Properties) => isDeepStrictEqual(task.Spec.ContainerSpec, Spec.TaskTemplate.ContainerSpec);
    wanted = mode?.global ? nodesOf(tasks) : (mode?.replicated?.replicas ?? 1);
    running = tasks.filter((t) => t.DesiredState === "running" && t.Status.State === "running" && isCurrent(t)).length;
    const stopping = tasks.filter((t) => t.DesiredState !== "running" && !finalStates.includes(t.Status.State)).length;
    if (state === "rollback_completed") throw await failed("the new version failed, and Swarm rolled back to the previous one");
    if (state === "rollback_paused") throw await failed("the new version failed, and so did the rollback to the previous one");
    if (state === "paused") throw await failed("the new version failed, and Swarm paused the update");
    const isSettled = state === "completed" || (state === "" && (isNew || Date.now() - began > updateStartMs));
    if (isSettled && running === wanted && wanted > 0 && stopping === 0) return true;
    const failures = tasks.filter((t) => ["failed", "rejected"].includes(t.Status.State)).length;
    if (isNew && failures >= allowedFailures) throw await failed("its tasks keep failing");
    if (signal.aborted) throw new NotConverged(id, `${name}: ${(signal.reason as Error).message}`);
    progress(state.startsWith("rollback_") ? "the rollback to the previous version" : `${wanted} tasks (${running} running)`);
    return false;
  };
  const onTimeout = () => failed(`${running} of ${wanted} tasks are running after ${timeoutSeconds} s`);
  await pollUntil(isConverged, { timeoutSeconds, intervalMs: 200, onTimeout });
}

/** States that a task does not leave, https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/. */
const finalStates = ["complete", "failed", "shutdown", "rejected", "orphaned", "remove"];

/** A global service has a task on every node that may run it. */
function nodesOf(tasks: Properties[]): number {
  return new Set(tasks.filter((t) => t.DesiredState === "running").map((t) => t.NodeID)).size;
}

/** Swarm's error for the last task that failed, and its last log lines. */
async function lastError(docker: Docker, tasks: Properties[]): Promise<string> {
  const { message, log } = await lastFailure(docker, tasks, 10);
  if (!message) return "Its tasks report no error.";
  return `${message}${log.length > 0 ? `. Last log lines:\n${log.join("\n")}` : ""}`;
}

const failureStates = ["failed", "rejected", "shutdown"];

/** Swarm's message about the last task that failed, otherwise about one that waits. The message is empty if there is neither. */
export async function lastFailure(docker: Docker, tasks: Properties[], logLines: number) {
  const newestFirst = [...tasks].sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt));
  const failed = newestFirst.find((t) => t.Status.Err && failureStates.includes(t.Status.State)) ?? newestFirst.find((t) => t.Status.Err);
  const task = failed ?? newestFirst.find((t) => t.Status.State === "pending" && t.Status.Message);
  const { ContainerID: container, ExitCode: exitCode } = (task?.Status.ContainerStatus ?? {}) as Properties;
  // The log of a task on another node is on that node.
  const logs: Buffer | undefined = container
    ? await docker
        .getContainer(container)
        .logs({ stdout: true, stderr: true, tail: logLines })
        .catch(() => undefined)
    : undefined;
  return {
    message: String(task?.Status.Err ?? task?.Status.Message ?? ""),
    log: logs ? linesOf(logs) : [],
    exitCode,
    image: task?.Spec.ContainerSpec.Image as string | undefined,
  };
}
