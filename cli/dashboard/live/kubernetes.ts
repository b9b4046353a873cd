import { connectionProblem } from "../../../lib/kubernetes-connection.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";
import { parseQuantity } from "../../../lib/quantity.ts";
import { asEvent, kubernetesStatus } from "../../status/kubernetes.ts";
import { recent, type StatusEvent } from "../../status/status.ts";
import type { Allowance, Replica } from "../page/model.ts";
import { parseTraffic } from "../figures/traefik.ts";
import { KubernetesCopy } from "./kubernetes-copy.ts";
import { shownEvents, Unknown, type Running, type Source, type Traffic, type Usage } from "./source.ts";

const nameLabel = "app.kubernetes.io/name";

/** Where k3s, and Slipway's stand-in for it, run Traefik, and the port of its metrics, as in its Helm chart (https://github.com/traefik/traefik-helm-chart). */
const traefik = { namespace: "kube-system", labels: `${nameLabel}=traefik`, port: 9100 };

export class KubernetesSource implements Source {
  private readonly cluster: KubernetesCluster;
  private readonly namespace: string;
  private readonly labels: string;
  private readonly copy: KubernetesCopy;

  constructor(cluster: KubernetesCluster, namespace: string, labels: string) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.labels = labels;
    this.copy = new KubernetesCopy(cluster, namespace, labels);
  }

  watch(changed: () => void, failed: (problem: string | undefined) => void, signal: AbortSignal): Promise<void> {
    return this.copy.start(changed, (error) => failed(error && connectionProblem(error)), signal);
  }

  async read(): Promise<{ services: Running[]; events: StatusEvent[] }> {
    const { workloads } = await kubernetesStatus(this.copy, this.namespace, this.labels);
    const pods = Map.groupBy(this.copy.all("Pod"), ({ metadata }) => metadata?.labels?.[nameLabel]);
    const updated = new Map(
      [...this.copy.all("Deployment"), ...this.copy.all("StatefulSet")].map(({ metadata, status }) => [
        metadata?.name,
        Number(status?.updatedReplicas ?? 0),
      ]),
    );
    const services = workloads.map((workload): Running => {
      const own = pods.get(workload.name) ?? [];
      const isService = workload.replicas !== undefined;
      return {
        ...workload,
        kind: isService ? "service" : "job",
        ...(isService && { updated: updated.get(workload.name) ?? 0 }),
        replicasNow: own.map(replicaOf),
        cpu: allowanceOf(own, "cpu"),
        memory: allowanceOf(own, "memory"),
      };
    });
    return { services, events: recent(this.copy.all("Event").map(asEvent), Date.now(), shownEvents) };
  }

  async usage(): Promise<Record<string, Usage> | Unknown> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${this.namespace}/pods`;
    const found = await this.cluster.ask<{ items: PodMetrics[] }>(path);
    if (found === undefined)
      return new Unknown(
        "The cluster has no metrics server, or the deployer may not read pods.metrics.k8s.io. Install metrics-server, or allow it.",
      );
    const usage: Record<string, Usage> = {};
    for (const { metadata, containers } of found.items) {
      const service = this.copy.all("Pod").find((pod) => pod.metadata?.name === metadata.name)?.metadata?.labels?.[nameLabel];
      if (service === undefined) continue;
      const sum = (usage[service] ??= { cpu: 0, memory: 0 });
      for (const { usage: used } of containers) {
        sum.cpu += amountOf(used.cpu);
        sum.memory += amountOf(used.memory);
      }
    }
    return usage;
  }

  async traffic(): Promise<Record<string, Traffic> | Unknown> {
    const unreadable = new Unknown(
      "The metrics of Traefik in kube-system cannot be read. Requests are shown where it runs with --metrics.prometheus on port 9100, and the deployer may get pods/proxy there.",
    );
    const hidden = (error: Error) => (error instanceof KubernetesError ? [] : Promise.reject(error));
    const pods = await this.cluster.select("v1", "Pod", traefik.namespace, traefik.labels).catch(hidden);
    const texts = await Promise.all(
      pods
        .filter(({ status }) => status?.phase === "Running")
        .map(({ metadata }) =>
          this.cluster.ask<string>(`/api/v1/namespaces/${traefik.namespace}/pods/${metadata?.name}:${traefik.port}/proxy/metrics`),
        ),
    );
    const read = texts.filter((text) => typeof text === "string");
    if (read.length === 0) return unreadable;
    const names = [...this.copy.all("Deployment"), ...this.copy.all("StatefulSet")].map(({ metadata }) => String(metadata?.name));
    return parseTraffic(read, (service) => serviceIn(service, this.namespace, names));
  }
}

/** https://kubernetes.io/docs/reference/external-api/metrics.v1beta1/ */
interface PodMetrics {
  metadata: { name: string };
  containers: { usage: { cpu: string; memory: string } }[];
}

/** The metrics API has nanocores, `1234567n`. */
function amountOf(quantity: string): number {
  const [, billionths] = /^(\d+)n$/.exec(quantity) ?? [];
  const [, millionths] = /^(\d+)u$/.exec(quantity) ?? [];
  if (billionths !== undefined) return Number(billionths) / 1e9;
  return millionths !== undefined ? Number(millionths) / 1e6 : (parseQuantity(quantity) ?? 0);
}

/** The service of the stack that a service of Traefik such as `shop-local-web-8080@kubernetes` is for: the longest name that fits. */
export function serviceIn(traefikName: string, namespace: string, names: string[]): string | undefined {
  const [name = ""] = traefikName.split("@");
  return names.filter((one) => name.includes(`${namespace}-${one}-`)).sort((a, b) => b.length - a.length)[0];
}

function replicaOf({ metadata, status = {} }: Manifest): Replica {
  const statuses: Manifest[] = status.containerStatuses ?? [];
  const waiting = [...(status.initContainerStatuses ?? []), ...statuses].find(({ state }: Manifest) => state?.waiting)?.["state"].waiting;
  const terminated = statuses.find(({ state }) => state?.terminated)?.["state"].terminated;
  const since = status.startTime ?? metadata?.creationTimestamp;
  return {
    name: String(metadata?.name),
    state: metadata?.deletionTimestamp ? "Terminating" : (waiting?.reason ?? terminated?.reason ?? status.phase ?? "Pending"),
    ready: statuses.length > 0 && statuses.every(({ ready }) => ready),
    restarts: statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
  };
}

/** Of all pods together. If one container has no limit, there is none. */
function allowanceOf(pods: Manifest[], resource: "cpu" | "memory"): Allowance {
  const running = pods.filter(({ metadata, status }) => !metadata?.deletionTimestamp && !["Succeeded", "Failed"].includes(status?.phase));
  const containers: Manifest[] = running.flatMap(({ spec }) => spec?.containers ?? []);
  const sumOf = (of: "requests" | "limits") => {
    const amounts = containers.map(({ resources }) => parseQuantity(String(resources?.[of]?.[resource])));
    return amounts.length === 0 || amounts.includes(undefined) ? undefined : amounts.reduce((a: number, b) => a + b!, 0);
  };
  const [request, limit] = [sumOf("requests"), sumOf("limits")];
  return { ...(request !== undefined && { request }), ...(limit !== undefined && { limit }) };
}
