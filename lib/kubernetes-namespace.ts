import { KubernetesError, type KubernetesCluster, type Manifest } from "./kubernetes-client.ts";
import { blockedObject, deletionBlockers } from "./kubernetes-deletion.ts";
import { pollUntil } from "./poll.ts";

/** Seconds after which an object with finalizers is reported. Those of volumes disappear by themselves once the pods have stopped. */
const reportAfterSeconds = 5;

export interface NamespaceRemoval {
  /** Seconds after which the deletion has failed. */
  timeoutSeconds: number;
  /** Seconds that pods get to stop. */
  graceSeconds: number;
  /** Whether to wait until the name is free too, and not only until nothing is left in the namespace. @default false */
  untilGone?: boolean;
  /** Reports what keeps the namespace from being deleted, once for each change. @default - nothing is reported */
  progress?: (what: string) => void;
}

/**
 * Deletes a namespace and everything in it, and waits until nothing is left: no object of any kind, and no finalizer of the namespace but
 * Kubernetes' own. What is then left is an empty name, which can hold no new objects, and which Kubernetes deletes by itself.
 *
 * Kubernetes' controller does the same, but begins 5 s after the deletion, and then waits for half of the longest grace period of the pods that it
 * finds: https://github.com/kubernetes/kubernetes/tree/master/pkg/controller/namespace. Where the objects cannot be listed or deleted, for
 * lack of rights or because an API does not answer, this waits for the controller.
 *
 * @param namespace With a UID, another namespace of the same name is not deleted.
 * @returns Whether the name is free, too.
 * @throws Error that names what could not be deleted, after the timeout.
 */
export async function removeNamespace(cluster: KubernetesCluster, namespace: Manifest, options: NamespaceRemoval): Promise<boolean> {
  const { timeoutSeconds, graceSeconds, untilGone = false, progress = () => {} } = options;
  const { name = "", uid } = namespace.metadata ?? {};
  const header = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  const find = async () => {
    const live = await cluster.find(header);
    return live !== undefined && (uid === undefined || live.metadata?.uid === uid) ? live : undefined;
  };
  // First, so that nothing is deleted without the right to delete the namespace, and so that nothing is created in it any more. If this process is
  // killed, Kubernetes finishes.
  await cluster.startRemoval({ ...header, metadata: { name, ...(uid !== undefined && { uid }) } });
  const contents = await namespacedResources(cluster).then(
    (resources) => resources && new Contents(cluster, name, resources, graceSeconds),
  );
  const began = performance.now();
  let blockers: string | undefined;
  let isFree = false;
  let reported: string | undefined;
  const report = (found: string | undefined) => {
    blockers = found;
    if (found === undefined || found === reported || performance.now() - began < reportAfterSeconds * 1000) return;
    reported = found;
    progress(found);
  };
  const isRemoved = async () => {
    const [left, live] = await Promise.all([contents?.remove(), find()]);
    if (live === undefined) return (isFree = true);
    const own = [...(live.metadata?.finalizers ?? []), ...(live["spec"]?.finalizers ?? [])].filter((one) => one !== "kubernetes");
    if (!untilGone && left?.length === 0 && own.length === 0) return true;
    const held = (left ?? []).flatMap((object) => blockedObject(object) ?? []);
    report(held.length > 0 ? held.join(", ") : await deletionBlockers(live, cluster));
    return false;
  };
  await pollUntil(isRemoved, {
    timeoutSeconds,
    onTimeout: () => {
      const remedy = "Make sure that the controllers that remove finalizers run, or remove them with kubectl edit";
      const why = blockers === undefined ? "" : `, because of ${blockers}. ${remedy}`;
      return new Error(`still exists ${timeoutSeconds} s after its deletion started${why}`);
    },
  });
  return isFree;
}

/** A kind of objects that can be deleted from a namespace. */
interface Resource {
  /** Such as `certificates.cert-manager.io`. */
  name: string;
  /** Such as `/apis/cert-manager.io/v1`. */
  root: string;
  /** Such as `certificates`. */
  plural: string;
  verbs: string[];
}

/** https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery */
interface Discovery {
  kind?: string;
  items?: {
    metadata?: { name?: string };
    versions?: { version: string; freshness?: string; resources?: { resource: string; scope: string; verbs: string[] }[] }[];
  }[];
}

const discoveryType = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(",");

/** All kinds that can be deleted from a namespace, as its controller finds them. Undefined if the cluster does not tell of all. */
async function namespacedResources(cluster: KubernetesCluster): Promise<Resource[] | undefined> {
  try {
    const answers = await Promise.all(["/api", "/apis"].map((path) => cluster.send<Discovery>("GET", path, { accept: discoveryType })));
    if (answers.some(({ kind }) => kind !== "APIGroupDiscoveryList")) return undefined;
    const groups = answers.flatMap(({ items = [] }) => items);
    if (groups.some(({ versions = [] }) => versions.some(({ freshness }) => freshness !== "Current"))) return undefined;
    return groups.flatMap(({ metadata, versions = [] }) => {
      const group = metadata?.name ?? "";
      const all = versions.flatMap(({ version, resources = [] }) =>
        resources
          .filter(({ scope, verbs }) => scope === "Namespaced" && verbs.includes("delete"))
          .map(({ resource, verbs }): Resource => {
            const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
            return { name: group === "" ? resource : `${resource}.${group}`, root, plural: resource, verbs };
          }),
      );
      // The preferred version is the first one.
      return [...new Map(all.toReversed().map((resource) => [resource.name, resource])).values()];
    });
  } catch (error) {
    if (error instanceof KubernetesError) return undefined;
    throw error;
  }
}

/** An object that has not gone yet. */
export interface Left {
  /** Such as `certificates.cert-manager.io`. */
  resource: string;
  object: Manifest;
}

/** The objects in a namespace whose deletion has begun. */
class Contents {
  private readonly cluster: KubernetesCluster;
  private readonly namespace: string;
  private readonly graceSeconds: number;
  /** Kinds of which there may be objects. */
  private left: Resource[];
  private readonly all: Resource[];
  /** Whether a kind cannot be listed. */
  private isHidden = false;

  constructor(cluster: KubernetesCluster, namespace: string, resources: Resource[], graceSeconds: number) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.graceSeconds = graceSeconds;
    this.all = resources;
    this.left = resources;
  }

  /** Deletes the objects. Returns those that still exist; undefined if that is not known of all kinds. */
  async remove(): Promise<Left[] | undefined> {
    const isFirst = this.left === this.all;
    const found = await this.removeFrom(this.left);
    // What was deleted last may have been replaced just before the namespace took no more objects.
    const again = !isFirst && found.length === 0 && !this.isHidden ? await this.removeFrom(this.all) : found;
    const names = new Set(again.map(({ resource }) => resource));
    this.left = this.all.filter(({ name }) => names.has(name));
    return this.isHidden ? undefined : again;
  }

  private async removeFrom(resources: Resource[]): Promise<Left[]> {
    return (await Promise.all(resources.map((resource) => this.removeKind(resource)))).flat();
  }

  /** The objects of a kind before they were deleted. */
  private async removeKind(resource: Resource): Promise<Left[]> {
    const { name, root, plural, verbs } = resource;
    const path = `${root}/namespaces/${this.namespace}/${plural}`;
    const query = { propagationPolicy: "Background", ...(name === "pods" && { gracePeriodSeconds: String(this.graceSeconds) }) };
    try {
      // Without objects, `items` may be null.
      const items = (await this.cluster.send<{ items: Manifest[] | null }>("GET", path, { accept: metadataType })).items ?? [];
      const alive = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      if (alive.length > 0 && verbs.includes("deletecollection")) await this.cluster.send("DELETE", path, { query });
      else
        await Promise.all(
          alive.map(({ metadata }) => this.cluster.send("DELETE", `${path}/${metadata?.name}`, { query }).catch(unlessMissing)),
        );
      return items.map((object) => ({ resource: name, object }));
    } catch (error) {
      if (!(error instanceof KubernetesError)) throw error;
      // A kind that was deleted meanwhile has no objects.
      if (error.status !== 404) this.isHidden = true;
      return [];
    }
  }
}

const metadataType = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof KubernetesError && error.status === 404)) throw error;
}
