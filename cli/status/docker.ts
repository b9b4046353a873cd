import type Docker from "dockerode";
import { text as textOf } from "node:stream/consumers";
import { jobLabel, serviceLabel, stackLabel } from "../../lib/docker-labels.ts";
import type { Properties } from "../../engine/docker/kind.ts";
import {
  containersOf,
  failedJobs,
  failedSwarmJobs,
  imageOf,
  troubleWithContainers,
  troubleWithService,
} from "../workloads/docker-trouble.ts";
import { eventSeconds, Health, healthOf, recent, type PlaceStatus, type StatusEvent, type WorkloadStatus } from "./status.ts";

/** What runs of a stack in containers of one Docker host. */
export async function containerStatus(docker: Docker, stack: string): Promise<PlaceStatus> {
  const labels = { [stackLabel]: stack };
  const [services, jobs, failed, events] = await Promise.all([
    containersOf(docker, labels),
    docker.listContainers({ all: true, filters: { label: [`${stackLabel}=${stack}`, jobLabel] } }),
    failedJobs(docker, labels),
    eventsOf(docker, stack),
  ]);
  const ofServices = [...services].map(([name, containers]) => serviceStatus(docker, name, containers));
  const ofJobs = jobs.map(({ Labels, State, Image, Created }): WorkloadStatus => {
    const name = String(Labels[jobLabel]);
    const health = failed[name] ? Health.Failing : State === "running" ? Health.Running : Health.Succeeded;
    const reason = failed[name] && { reason: failed[name].reason.join(": ") };
    return { name, health, ...reason, image: Image, since: new Date(Created * 1000).toISOString() };
  });
  return { workloads: [...(await Promise.all(ofServices)), ...ofJobs], events };
}

async function serviceStatus(docker: Docker, name: string, all: Docker.ContainerInspectInfo[]): Promise<WorkloadStatus> {
  // One that has been handed over from, and is still to be removed, does not restart.
  const wanted = all.filter(({ HostConfig }) => HostConfig.RestartPolicy?.Name !== "no");
  const ready = wanted.filter(({ State }) => State.Running && (State.Health?.Status ?? "healthy") === "healthy").length;
  const isStarting = wanted.some(({ State }) => State.Running && State.Health?.Status === "starting");
  const trouble = ready < wanted.length && !isStarting ? await troubleWithContainers(docker, wanted) : undefined;
  const reason = trouble?.reason.join(": ");
  const [since] = wanted.map(({ State }) => State.StartedAt).sort();
  return {
    name,
    health: healthOf(ready, wanted.length, true, reason),
    ...(reason !== undefined && { reason }),
    ready,
    replicas: wanted.length,
    restarts: wanted.reduce((sum, { RestartCount }) => sum + RestartCount, 0),
    image: String(wanted[0]?.Config.Image),
    ...(since !== undefined && { since }),
  };
}

/** What runs of a stack in a swarm. */
export async function swarmStatus(docker: Docker, stack: string): Promise<PlaceStatus> {
  const label = [`${stackLabel}=${stack}`];
  // The types of dockerode lack `status`, https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Service/operation/ServiceList.
  const list = docker.listServices.bind(docker) as unknown as (options: object) => Promise<Properties[]>;
  const [services, failed] = await Promise.all([
    list({ filters: { label }, status: true }),
    failedSwarmJobs(docker, { [stackLabel]: stack }),
  ]);
  const all = services.flatMap((service): Promise<WorkloadStatus>[] => {
    const { Spec, UpdatedAt, ServiceStatus } = service;
    const [name, job] = [Spec.Labels?.[serviceLabel], Spec.Labels?.[jobLabel]] as (string | undefined)[];
    if (job !== undefined) return [Promise.resolve(swarmJob(job, service, failed[job]?.reason.join(": ")))];
    // The stack's proxy is not a service of the user.
    return name === undefined ? [] : [swarmService(docker, name, service, ServiceStatus ?? {}, UpdatedAt)];
  });
  return { workloads: await Promise.all(all), events: [] };
}

async function swarmService(docker: Docker, name: string, service: Properties, status: Properties, since: string): Promise<WorkloadStatus> {
  const [ready, replicas] = [Number(status["RunningTasks"] ?? 0), Number(status["DesiredTasks"] ?? 0)];
  const state = String(service["UpdateStatus"]?.State ?? "");
  const isUpdating = state === "updating" || state === "rollback_started";
  const trouble = isUpdating ? undefined : await troubleWithService(docker, service);
  const reason = trouble?.reason.join(": ");
  return {
    name,
    health: healthOf(ready, replicas, !isUpdating, reason),
    ...(reason !== undefined && { reason }),
    ready,
    replicas,
    image: imageOf(service["Spec"]),
    since: new Date(since).toISOString(),
  };
}

function swarmJob(name: string, { Spec, ServiceStatus, UpdatedAt }: Properties, reason: string | undefined): WorkloadStatus {
  const isDone = Number(ServiceStatus?.CompletedTasks ?? 0) > 0;
  const health = reason !== undefined ? Health.Failing : isDone ? Health.Succeeded : Health.Running;
  return { name, health, ...(reason !== undefined && { reason }), image: imageOf(Spec), since: new Date(UpdatedAt).toISOString() };
}

/** What went wrong with containers lately, as Docker remembers it. */
async function eventsOf(docker: Docker, stack: string): Promise<StatusEvent[]> {
  const now = Math.floor(Date.now() / 1000);
  const filters = JSON.stringify({ type: ["container"], event: ["die", "oom"], label: [`${stackLabel}=${stack}`] });
  const text = await textOf(await docker.getEvents({ since: now - eventSeconds, until: now, filters }));
  const all = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Properties);
  const wrong = all.filter(({ Action, Actor }) => Action === "oom" || !["0", "137", "143"].includes(String(Actor.Attributes.exitCode)));
  return recent(
    wrong.map(({ Action, Actor, time }) => ({
      time: new Date(time * 1000).toISOString(),
      object: `container ${Actor.Attributes.name}`,
      reason: Action === "oom" ? "out of memory" : "exited",
      message: Action === "oom" ? "exceeded its memory limit" : `with code ${Actor.Attributes.exitCode}`,
      count: 1,
    })),
  );
}
