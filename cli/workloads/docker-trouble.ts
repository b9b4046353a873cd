import type Docker from "dockerode";
import { lastFailure } from "../../engine/docker/convergence.ts";
import type { Properties } from "../../engine/docker/kind.ts";
import { lastRun } from "../../engine/docker/last-run.ts";
import { jobLabel } from "../../lib/docker-labels.ts";
import { missingFile } from "./missing-file.ts";
import { formatServing, type FailureCard } from "./failure-card.ts";

/** Why a version of a service failed. */
export interface Trouble {
  /** The container or service, and what still serves. */
  where: FailureCard["where"];
  image: string;
  /** What is wrong, and the message of Docker if it has one. */
  reason: string[];
  log: string[];
  /** The most frequent cause, and what to do. */
  likely: string;
}

const logLines = 8;

const likely = {
  image: "The image is not in the registry, or Docker may not pull it. Check the digest and the registry credentials.",
  start: "The container cannot start. Check that the entrypoint exists, is executable, and is built for this platform.",
  exited: "The program exits by itself. Its last log lines say why.",
  memory: "The program needs more memory than its limit. Raise resources.memory, or find out what uses it.",
  probe: "The probe fails. Check that the program listens on `port` and answers 200 at the path of probes.readiness.",
  room: "No node can run the task. Lower resources, check nodeSelector and swarm.constraints, or add nodes.",
  unknown: "See the reason above.",
};

/** The containers of a stack, by service. */
export async function containersOf(docker: Docker, labels: Record<string, string>): Promise<Map<string, Docker.ContainerInspectInfo[]>> {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const all = await docker.listContainers({ all: true, filters: { label: [...label, "dev.slipway.service"] } });
  const inspected = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
  return Map.groupBy(
    inspected.sort((a, b) => Date.parse(b.Created) - Date.parse(a.Created)),
    ({ Config }) => String(Config.Labels["dev.slipway.service"]),
  );
}

/** The jobs of a stack that failed, by name. */
export async function failedJobs(docker: Docker, labels: Record<string, string>): Promise<Record<string, Trouble>> {
  const label = [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), jobLabel];
  const containers = await docker.listContainers({ all: true, filters: { label } });
  const failed: Record<string, Trouble> = {};
  for (const { Id, Labels } of containers) {
    const container = await docker.getContainer(Id).inspect();
    const { State, Name, Config } = container;
    if (State.Running || (State.Status === "exited" && State.ExitCode === 0)) continue;
    const { exit, log } = await lastRun(docker, container, logLines);
    const [reason, remedy] = State.OOMKilled
      ? ["killed because it exceeded its memory limit", likely.memory]
      : State.Error
        ? [State.Error, likely.start]
        : [`the container ${exit}`, likely.exited];
    failed[String(Labels[jobLabel])] = {
      where: ["container", Name.slice(1)],
      image: Config.Image,
      reason: [reason],
      log,
      likely: missingFile(log) ?? remedy,
    };
  }
  return failed;
}

/** The jobs of a stack in a swarm that failed, by name. */
export async function failedSwarmJobs(docker: Docker, labels: Record<string, string>): Promise<Record<string, Trouble>> {
  const label = [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), jobLabel];
  const failed: Record<string, Trouble> = {};
  for (const { ID, Spec } of (await docker.listServices({ filters: { label } })) as Properties[]) {
    const tasks: Properties[] = await docker.listTasks({ filters: { service: [ID] } });
    const newest = tasks.sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt))[0];
    if (newest?.Status.State === "complete" || newest?.Status.State === "running") continue;
    const { message, log, exitCode, image } = await lastFailure(docker, tasks, logLines);
    failed[String(Spec.Labels[jobLabel])] = {
      where: ["service", Spec.Name],
      image: image ?? imageOf(Spec),
      reason: [message || "no task has started"],
      log,
      likely: missingFile(log) ?? likelyFor(message, exitCode),
    };
  }
  return failed;
}

/** What is wrong with the newest container of a service that is not healthy; undefined if all are. */
export async function troubleWithContainers(docker: Docker, all: Docker.ContainerInspectInfo[]): Promise<Trouble | undefined> {
  // A container that has been handed over from, and is still to be removed, does not restart.
  const wanted = all.filter(({ HostConfig }) => HostConfig.RestartPolicy?.Name !== "no");
  const failed = wanted.find((container) => !serves(container));
  if (!failed) return undefined;
  const { State, RestartCount, Config, Name } = failed;
  const { exit, log } = await lastRun(docker, failed, logLines);
  const old = wanted.filter((container) => serves(container) && container.Created < failed.Created).length;
  const exited = !State.Running || RestartCount > 0;
  const output = State.Health?.Log?.at(-1)?.Output?.trim();
  const [reason, remedy] = State.OOMKilled
    ? [["killed because it exceeded its memory limit"], likely.memory]
    : State.Status === "created"
      ? [["the container was not started", ...(State.Error ? [State.Error] : [])], likely.start]
      : exited
        ? [[`the container ${exit}`], likely.exited]
        : [["the container is not healthy", ...(output ? [output] : [])], likely.probe];
  return {
    where: ["container", `${Name.slice(1)} (${formatServing(old)})`],
    image: Config.Image,
    reason,
    log,
    likely: (exited && missingFile(log)) || remedy,
  };
}

function serves({ State }: Docker.ContainerInspectInfo): boolean {
  return State.Running && !State.Restarting && State.Health?.Status === "healthy";
}

/** What is wrong with a Swarm service. Swarm itself may have rolled it back. */
export async function troubleWithService(docker: Docker, { ID, Spec, UpdateStatus }: Properties): Promise<Trouble | undefined> {
  const tasks: Properties[] = await docker.listTasks({ filters: { service: [ID] } });
  const state: string = UpdateStatus?.State ?? "";
  const rolledBack = state.startsWith("rollback_");
  const running = tasks.filter((t) => t.DesiredState === "running" && t.Status.State === "running").length;
  const wanted = Spec.Mode.Replicated?.Replicas ?? 1;
  if (!rolledBack && state !== "paused" && running >= wanted) return undefined;
  const { message, log, exitCode, image } = await lastFailure(docker, tasks, logLines);
  return {
    where: ["service", `${Spec.Name} (${formatServing(running)})`],
    image: image ?? imageOf(Spec),
    reason: [
      rolledBack ? "Swarm rolled back to the previous version" : `${running} of ${wanted} tasks are running`,
      ...(message ? [message] : []),
    ],
    log,
    likely: missingFile(log) ?? likelyFor(message, exitCode),
  };
}

function likelyFor(message: string, exitCode: number | undefined): string {
  if (/image|pull/i.test(message)) return likely.image;
  if (/unhealthy/.test(message)) return likely.probe;
  if (/no suitable node|insufficient/.test(message)) return likely.room;
  if (/starting container failed|OCI runtime/.test(message)) return likely.start;
  if (exitCode === 137) return likely.memory;
  return /exit/.test(message) ? likely.exited : likely.unknown;
}

export function imageOf({ TaskTemplate }: Properties): string {
  return TaskTemplate.ContainerSpec.Image;
}
