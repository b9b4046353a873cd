import type Docker from "dockerode";
import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import timers from "node:timers/promises";
import { proxyMetricsPort } from "../../../components/ports.ts";
import type { DockerError } from "../../../lib/docker-client.ts";
import { serviceLabel, jobLabel, stackLabel } from "../../../lib/docker-labels.ts";
import type { Properties } from "../../../engine/docker/kind.ts";
import { containerStatus, swarmStatus } from "../../status/docker.ts";
import type { StatusEvent } from "../../status/status.ts";
import type { Allowance, Replica } from "../page/model.ts";
import { StreamAgent } from "../../../lib/stream-agent.ts";
import { connectIn } from "../../dev/containers.ts";
import { parseTraffic } from "../figures/traefik.ts";
import { Unknown, type Running, type Source, type Usage, type Traffic } from "./source.ts";

/** Milliseconds between two looks at a swarm: a manager has no events of containers on other nodes. */
const swarmPollMs = 1000;

/** Milliseconds after which a lost connection is tried again. */
const retryMs = 1000;

/** The containers of a stack on one Docker host, or its services in a swarm. */
export class DockerSource implements Source {
  private readonly docker: Docker;
  private readonly stack: string;
  private readonly kind: "docker" | "swarm";
  /** Nanoseconds of CPU of each container, and of all CPUs, at the last look. */
  private cpuBefore = new Map<string, { own: number; time: number }>();

  /** Connections to the proxies, by container. */
  private readonly agents = new Map<string, StreamAgent>();

  constructor(docker: Docker, stack: string, kind: "docker" | "swarm") {
    this.docker = docker;
    this.stack = stack;
    this.kind = kind;
  }

  async watch(changed: () => void, failed: (problem: string | undefined) => void, signal: AbortSignal): Promise<void> {
    void this.follow(changed, failed, signal);
    if (this.kind === "swarm") void this.poll(changed, signal);
    return Promise.resolve();
  }

  private async follow(changed: () => void, failed: (problem: string | undefined) => void, signal: AbortSignal): Promise<void> {
    const type: ("container" | "service")[] = this.kind === "docker" ? ["container"] : ["service", "container"];
    while (!signal.aborted) {
      try {
        const events = (await this.docker.getEvents({ filters: { type, label: [`${stackLabel}=${this.stack}`] } })) as unknown as Readable;
        signal.addEventListener("abort", () => events.destroy(), { once: true });
        failed(undefined);
        changed();
        for await (const line of createInterface({ input: events })) {
          // Probes run in the containers all the time.
          if (!/"Action":"exec_/.test(line)) changed();
        }
      } catch (error) {
        if (signal.aborted) return;
        failed((error as Error).message);
      }
      await timers.setTimeout(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async poll(changed: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await timers.setTimeout(swarmPollMs, undefined, { signal }).catch(() => undefined);
      changed();
    }
  }

  async read(): Promise<{ services: Running[]; events: StatusEvent[] }> {
    const status = this.kind === "docker" ? containerStatus(this.docker, this.stack) : swarmStatus(this.docker, this.stack);
    const [{ workloads, events }, replicas] = await Promise.all([status, this.kind === "docker" ? this.containers() : this.tasks()]);
    const services = workloads.map((workload): Running => {
      const own = replicas.get(workload.name) ?? [];
      return {
        ...workload,
        kind: workload.replicas === undefined ? "job" : "service",
        replicasNow: own.map(({ replica }) => replica),
        cpu: sumOf(own.map(({ cpu }) => cpu)),
        memory: sumOf(own.map(({ memory }) => memory)),
      };
    });
    return { services, events };
  }

  private async containers(): Promise<Map<string, Found[]>> {
    const listed = await this.docker.listContainers({ all: true, filters: { label: [`${stackLabel}=${this.stack}`] } });
    const own = listed.filter(({ Labels }) => nameIn(Labels) !== undefined);
    const all = await Promise.all(
      own.map(async ({ Id }) => {
        const gone = (error: DockerError) => (error.statusCode === 404 ? undefined : Promise.reject(error));
        const container = await this.docker.getContainer(Id).inspect().catch(gone);
        return container && { name: nameIn(container.Config.Labels)!, ...foundIn(container) };
      }),
    );
    return Map.groupBy(
      all.filter((one) => one !== undefined),
      ({ name }) => name,
    );
  }

  private async tasks(): Promise<Map<string, Found[]>> {
    const filters = { label: [`${stackLabel}=${this.stack}`] };
    const [tasks, services] = (await Promise.all([
      this.docker.listTasks({ filters: { ...filters, "desired-state": ["running"] } }),
      this.docker.listServices({ filters }),
    ])) as [Properties[], Properties[]];
    const names = new Map(services.map(({ ID, Spec }) => [ID as string, nameIn(Spec.Labels ?? {})]));
    const all = tasks.flatMap((task) => {
      const name = names.get(task["ServiceID"] as string);
      return name === undefined ? [] : [{ name, ...foundInTask(task, name) }];
    });
    return Map.groupBy(all, ({ name }) => name);
  }

  async usage(): Promise<Record<string, Usage> | Unknown> {
    const filters = { label: [this.kind === "docker" ? `${stackLabel}=${this.stack}` : "com.docker.swarm.service.name"] };
    const running = await this.docker.listContainers({ filters });
    const names = this.kind === "docker" ? undefined : await this.swarmNames();
    const usage: Record<string, Usage> = {};
    const before = this.cpuBefore;
    this.cpuBefore = new Map();
    await Promise.all(
      running.map(async ({ Id, Labels }) => {
        const service = names ? names.get(String(Labels["com.docker.swarm.service.name"])) : nameIn(Labels);
        if (service === undefined) return;
        const stats = await this.docker
          .getContainer(Id)
          .stats({ stream: false, "one-shot": true })
          .catch(() => undefined);
        if (stats?.memory_stats?.usage === undefined) return;
        const now = { own: stats.cpu_stats.cpu_usage.total_usage, time: performance.now() };
        this.cpuBefore.set(Id, now);
        const then = before.get(Id);
        const sum = (usage[service] ??= { cpu: 0, memory: 0 });
        if (then) sum.cpu += Math.max(0, now.own - then.own) / 1e6 / (now.time - then.time);
        // As `docker stats` shows it: without the cache that can be dropped.
        const { inactive_file: cgroup2, total_inactive_file: cgroup1 } = stats.memory_stats.stats as unknown as Record<string, number>;
        sum.memory += Math.max(0, stats.memory_stats.usage - (cgroup2 ?? cgroup1 ?? 0));
      }),
    );
    return usage;
  }

  private async swarmNames(): Promise<Map<string, string | undefined>> {
    const services = (await this.docker.listServices({ filters: { label: [`${stackLabel}=${this.stack}`] } })) as Properties[];
    return new Map(services.map(({ Spec }) => [String(Spec.Name), nameIn(Spec.Labels ?? {})]));
  }

  async traffic(): Promise<Record<string, Traffic> | Unknown> {
    const texts = await Promise.all((await this.proxies()).map((id) => this.metricsOf(id).catch(() => undefined)));
    const read = texts.filter((text) => text !== undefined);
    if (read.length === 0)
      return new Unknown(
        `The metrics of the proxy cannot be read. Requests are shown if ${this.kind === "swarm" ? "it runs on the manager's node, and " : ""}the stack was deployed with this version of Slipway.`,
      );
    return parseTraffic(read, (name) => /^([^@]+)@file$/.exec(name)?.[1]);
  }

  /** Ids of the containers of the stack's proxy on this host. */
  private async proxies(): Promise<string[]> {
    const label = `${stackLabel}=${this.stack}`;
    const running = await this.docker.listContainers({ filters: { label: [label] } });
    const nameOf = ({ Names, Labels }: Docker.ContainerInfo) => Labels["com.docker.swarm.service.name"] ?? Names[0] ?? "";
    return running
      .filter((container) => nameIn(container.Labels) === undefined && nameOf(container).endsWith("-proxy"))
      .map(({ Id }) => Id);
  }

  /** The connection is kept for the next time. */
  private async metricsOf(container: string): Promise<string | undefined> {
    let agent = this.agents.get(container);
    if (agent === undefined)
      this.agents.set(container, (agent = new StreamAgent(() => connectIn(this.docker, container, proxyMetricsPort))));
    const signal = AbortSignal.timeout(metricsTimeoutMs);
    const answer = await new Promise<IncomingMessage>((answered, failed) => {
      request({ agent, host: "proxy", path: "/metrics", signal }, answered).on("error", failed).end();
    });
    const body = await text(answer);
    return answer.statusCode === 200 ? body : undefined;
  }
}

/** Milliseconds until metrics that do not come are given up. */
const metricsTimeoutMs = 3000;

interface Found {
  replica: Replica;
  cpu: Allowance;
  memory: Allowance;
}

function nameIn(labels: Record<string, string>): string | undefined {
  return labels[serviceLabel] ?? labels[jobLabel];
}

function foundIn({ Name, State, RestartCount, HostConfig }: Docker.ContainerInspectInfo): Found {
  const health = State.Health?.Status;
  return {
    replica: {
      name: Name.slice(1),
      state: State.Running ? (health === undefined ? "running" : health) : State.Status,
      ready: State.Running && (health ?? "healthy") === "healthy",
      restarts: RestartCount,
      since: State.StartedAt,
    },
    cpu: HostConfig.NanoCpus ? { limit: HostConfig.NanoCpus / 1e9 } : {},
    memory: {
      ...(HostConfig.MemoryReservation ? { request: HostConfig.MemoryReservation } : {}),
      ...(HostConfig.Memory ? { limit: HostConfig.Memory } : {}),
    },
  };
}

function foundInTask({ ID, Status, Spec }: Properties, service: string): Found {
  const { Limits = {}, Reservations = {} } = Spec.Resources ?? {};
  const allowance = (request: number | undefined, limit: number | undefined): Allowance => ({
    ...(request ? { request } : {}),
    ...(limit ? { limit } : {}),
  });
  return {
    replica: {
      name: `${service}-${String(ID).slice(0, 12)}`,
      state: Status.State,
      ready: Status.State === "running",
      restarts: 0,
      since: Status.Timestamp,
    },
    cpu: allowance(Reservations.NanoCPUs / 1e9, Limits.NanoCPUs / 1e9),
    memory: allowance(Reservations.MemoryBytes, Limits.MemoryBytes),
  };
}

function sumOf(all: Allowance[]): Allowance {
  const sum = (key: keyof Allowance) =>
    all.length === 0 || all.some((one) => one[key] === undefined) ? undefined : all.reduce((total, one) => total + one[key]!, 0);
  const [request, limit] = [sum("request"), sum("limit")];
  return { ...(request !== undefined && { request }), ...(limit !== undefined && { limit }) };
}
