import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import timers from "node:timers/promises";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { timed, type LogLine, type LogRequest, type Logs } from "./log.ts";

const nameLabel = "app.kubernetes.io/name";

/**
 * The logs of the pods of a stack.
 *
 * @param pauseMs milliseconds after which a log that has ended early begins again, and a watch, as each ends after some minutes.
 */
export function kubernetesLogs(cluster: KubernetesCluster, namespace: string, labels: string, pauseMs = 1000): Logs {
  const select = (service: string | undefined) => (service === undefined ? labels : `${labels},${nameLabel}=${service}`);
  const pods = (service?: string) => cluster.select("v1", "Pod", namespace, select(service));
  return {
    async names() {
      return [...new Set((await pods()).flatMap(({ metadata }) => metadata?.labels?.[nameLabel] ?? []))].sort();
    },
    async read(request, emit, signal) {
      const reader = new PodLogs(cluster, request, emit, signal, pauseMs);
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
  hasStopped: boolean;
}

class PodLogs {
  private readonly cluster: KubernetesCluster;
  private readonly request: LogRequest;
  private readonly emit: (line: LogLine) => void;
  private readonly signal: AbortSignal;
  private readonly pauseMs: number;
  private readonly followed = new Set<string>();

  constructor(cluster: KubernetesCluster, request: LogRequest, emit: (line: LogLine) => void, signal: AbortSignal, pauseMs: number) {
    this.cluster = cluster;
    this.request = request;
    this.emit = emit;
    this.signal = signal;
    this.pauseMs = pauseMs;
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
      this.followRun(run).catch((error: Error) =>
        process.stderr.write(`warning: the log of ${pod.metadata?.name} ends: ${error.message}\n`),
      );
    }
  }

  /**
   * Reads the log of a container until it has stopped. The kubelet may refuse the log of a container that has just started, or end it early, and
   * no change of the pod need follow: the log goes on where it ended.
   */
  private async followRun(run: Run): Promise<void> {
    let last: string | undefined;
    const emit = (line: LogLine) => {
      if (last !== undefined && line.time <= last) return;
      last = line.time;
      this.emit(line);
    };
    for (let current: Run | undefined = run; current !== undefined;) {
      const { hasStopped } = current;
      const isComplete = await this.read(current, false, emit, last).then(
        () => true,
        (error: Error) => {
          if (!(error instanceof KubernetesError) || error.status === 403) throw error;
          return false;
        },
      );
      if (this.signal.aborted || (hasStopped && isComplete)) return;
      await timers.setTimeout(this.pauseMs, undefined, { signal: this.signal }).catch(() => undefined);
      if (this.signal.aborted) return;
      const pod = await this.cluster.find(run.pod).catch(() => run.pod);
      // A pod that is deleted has no log.
      if (pod?.metadata?.uid !== run.pod.metadata?.uid) return;
      current = runsOf(pod!).find(({ container, restarts }) => container === run.container && restarts === run.restarts);
    }
  }

  /** @param after the time from which lines are wanted, instead of those of the request */
  private async read({ pod, container }: Run, previous: boolean, emit = this.emit, after?: string): Promise<void> {
    const { since, lines, follow } = this.request;
    const stream = new PassThrough();
    const from = after === undefined ? since : new Date(after);
    const options = {
      follow: follow && !previous,
      previous,
      timestamps: true,
      ...(lines !== undefined && after === undefined && { tailLines: lines }),
      ...(from !== undefined && { sinceTime: from.toISOString() }),
    };
    const service = String(pod.metadata?.labels?.[nameLabel]);
    const name = String(pod.metadata?.name);
    const reading = createInterface({ input: stream }).on("line", (line) => emit({ ...timed(line), service, from: name }));
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
    hasStopped: state?.terminated !== undefined,
  }));
}
