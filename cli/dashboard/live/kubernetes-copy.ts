import { KubernetesError, type KubernetesCluster, type Manifest, type ObjectReader } from "../../../lib/kubernetes-client.ts";

/** The kinds that the state of a stack is read from. Events have no labels of the stack. */
const kinds = [
  ["v1", "Pod", true],
  ["apps/v1", "Deployment", true],
  ["apps/v1", "StatefulSet", true],
  ["apps/v1", "ReplicaSet", true],
  ["batch/v1", "Job", true],
  ["batch/v1", "CronJob", true],
  ["v1", "Event", false],
] as const;

/** A copy of a stack's objects that watches keep up to date, so that reading the state asks the cluster for nothing. */
export class KubernetesCopy implements ObjectReader {
  private readonly cluster: KubernetesCluster;
  private readonly namespace: string;
  private readonly labels: string;
  private readonly lists = new Map<string, () => Manifest[]>();

  constructor(cluster: KubernetesCluster, namespace: string, labels: string) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.labels = labels;
  }

  /** Starts the watches, and waits until the copy is complete. A kind that the deployer may not list has no objects. */
  async start(changed: () => void, failed: (error: Error | undefined) => void, signal: AbortSignal): Promise<void> {
    const failing = new Map<string, Error>();
    await Promise.all(
      kinds.map(async ([apiVersion, kind, hasLabels]) => {
        const report = (error: Error | undefined) => {
          if (error instanceof KubernetesError && (error.status === 403 || error.isUnknownKind)) return;
          if (error === undefined ? !failing.delete(kind) : failing.set(kind, error).size > 1) return;
          failed(error ?? [...failing.values()][0]);
        };
        const options = { changed, failed: report, signal };
        this.lists.set(kind, await this.cluster.follow(apiVersion, kind, this.namespace, hasLabels ? this.labels : undefined, options));
      }),
    );
    if (failing.size === 0) failed(undefined);
  }

  select(_apiVersion: string, kind: string, _namespace: string | undefined, labels: string): Promise<Manifest[]> {
    const wanted = labels.split(",").map((pair) => pair.split("=") as [string, string]);
    const has = ({ metadata }: Manifest) => wanted.every(([key, value]) => metadata?.labels?.[key] === value);
    return Promise.resolve(this.all(kind).filter(has));
  }

  events(_namespace: string | undefined, field: "type" | "involvedObject.uid", value: string): Promise<Manifest[]> {
    const of = (event: Manifest) => (field === "type" ? event["type"] : event["involvedObject"]?.uid);
    return Promise.resolve(this.all("Event").filter((event) => of(event) === value));
  }

  all(kind: (typeof kinds)[number][1] | (string & {})): Manifest[] {
    return this.lists.get(kind)?.() ?? [];
  }
}
