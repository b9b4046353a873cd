import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import timers from "node:timers/promises";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { timed, type LogLine, type LogRequest, type Logs } from "./log.ts";

/** Milliseconds after which a watch that has ended, as each does after some minutes, begins again. */
const pauseMs = 1000;

const nameLabel = "app.kubernetes.io/name";

/** The logs of the pods of a stack. */
export function kubernetesLogs(cluster: KubernetesCluster, namespace: string, labels: string): Logs {
  const select = (service: string | undefined) => (service === undefined ? labels : `${labels},${nameLabel}=${service}`);
  const pods = (service?: string) => cluster.select("v1", "Pod", namespace, select(service));
  return {
    async names() {
      return [...new Set((await pods()).flatMap(({ metadata }) => metadata?.labels?.[nameLabel] ?? []))].sort();
    },
    async read(request, emit, signal) {
      const reader = new PodLogs(cluster, request, emit, signal);
      if (!request.follow) return reader.once(await pods(request.service));
      const path = `/api/v1/namespaces/${namespace}/pods`;
      while (!signal.aborted) {
        await cluster.watch(path, { labelSelector: select(request.service) }, (pod) => reader.follow(pod), signal);
        await timers.setTimeout(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** A run of a container: it has another log after a restart. */
interface Run {
  pod: Manifest;
  container: string;
  restarts: number;
  hasStarted: boolean;
}

class PodLogs {
  private readonly cluster: KubernetesCluster;
  private readonly request: LogRequest;
  private readonly emit: (line: LogLine) => void;
  private readonly signal: AbortSignal;
  private readonly followed = new Set<string>();

  constructor(cluster: KubernetesCluster, request: LogRequest, emit: (line: LogLine) => void, signal: AbortSignal) {
    this.cluster = cluster;
    this.request = request;
    this.emit = emit;
    this.signal = signal;
  }

  /** The lines until now, also those before the last restart of a container. */
  async once(pods: Manifest[]): Promise<void> {
    await Promise.all(
      pods.flatMap(runsOf).map(async (run) => {
        if (run.restarts > 0) await this.read(run, true);
        if (run.hasStarted) await this.read(run, false);
      }),
    );
  }

  /** Follows the containers of a pod that have started, and that are not followed yet. */
  follow(pod: Manifest): void {
    for (const run of runsOf(pod)) {
      const key = `${pod.metadata?.uid} ${run.container} ${run.restarts}`;
      if (!run.hasStarted || this.followed.has(key)) continue;
      this.followed.add(key);
      // A pod that is deleted meanwhile has no log.
      this.read(run, false).catch((error: Error) => {
        this.followed.delete(key);
        if (!(error instanceof KubernetesError)) process.stderr.write(`warning: the log of ${pod.metadata?.name} ends: ${error.message}\n`);
      });
    }
  }

  private async read({ pod, container }: Run, previous: boolean): Promise<void> {
    const { since, lines, follow } = this.request;
    const stream = new PassThrough();
    const options = {
      follow: follow && !previous,
      previous,
      timestamps: true,
      ...(lines !== undefined && { tailLines: lines }),
      ...(since !== undefined && { sinceTime: since.toISOString() }),
    };
    const service = String(pod.metadata?.labels?.[nameLabel]);
    const from = String(pod.metadata?.name);
    const reading = createInterface({ input: stream }).on("line", (line) => this.emit({ ...timed(line), service, from }));
    await this.cluster.streamLog(pod, container, stream, options, this.signal);
    await once(reading, "close");
  }
}

function runsOf(pod: Manifest): Run[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].map(({ name, restartCount, state }) => ({
    pod,
    container: name,
    restarts: restartCount,
    hasStarted: state?.running !== undefined || state?.terminated !== undefined,
  }));
}
