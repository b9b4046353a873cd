import { selectorOf, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { troubleWith } from "../../engine/kubernetes/trouble.ts";
import type { Release } from "./workloads.ts";

/** The current version of a workload, and the one to roll back to: the cluster records both, so any machine can roll back. */
export async function releaseOf(workload: Manifest, cluster: KubernetesCluster): Promise<Release> {
  const image = imageOf(workload.spec.template);
  const healthy = (await troubleWith(workload, cluster)) === undefined;
  const before = (await versions(workload, cluster)).slice(1);
  const others = healthy ? before.filter((version) => version.image !== image) : before;
  const serving = healthy ? undefined : others.find(({ serves }) => serves);
  const good = serving ?? others.find(({ cameUp }) => cameUp) ?? others[0];
  return { name: String(workload.metadata?.name), image, good: good?.image, healthy };
}

/** The images of all versions that Kubernetes keeps of a workload. */
export async function keptImages(workload: Manifest, cluster: KubernetesCluster): Promise<string[]> {
  return [...new Set((await versions(workload, cluster)).map(({ image }) => image))];
}

/**
 * Records that the current version of a workload became healthy. Kubernetes itself keeps what an older version was, but not whether it
 * ever served.
 */
export async function recordHealthy(workload: Manifest, cluster: KubernetesCluster): Promise<void> {
  const [current] = await versions(workload, cluster);
  if (current === undefined || current.cameUp) return;
  const { name, namespace } = current.object.metadata ?? {};
  await cluster.merge({ ...current.object, metadata: { name, namespace, annotations: { [mark]: "true" } } });
}

const mark = "dev.slipway/came-up";

interface Version {
  object: Manifest;
  revision: number;
  image: string;
  serves: boolean;
  /** Recorded by `recordHealthy`. A version that something else deployed has no record. */
  cameUp: boolean;
}

/** The versions that Kubernetes keeps of a workload, the current one first. */
async function versions(workload: Manifest, cluster: KubernetesCluster): Promise<Version[]> {
  const { namespace, uid } = workload.metadata ?? {};
  const selector = selectorOf(workload);
  const kind = workload.kind === "StatefulSet" ? "ControllerRevision" : "ReplicaSet";
  const owned = (object: Manifest) => object.metadata?.ownerReferences?.some((owner) => owner.uid === uid);
  const kept = (await cluster.select("apps/v1", kind, namespace, selector)).filter(owned).map((object) => ({
    object: { apiVersion: "apps/v1", kind, metadata: object.metadata },
    cameUp: object.metadata?.annotations?.[mark] === "true",
    revision: Number(object.revision ?? object.metadata?.annotations?.["deployment.kubernetes.io/revision"]),
    image: imageOf(object.data?.spec.template ?? object.spec.template),
    serves: (object.status?.readyReplicas ?? 0) > 0 || object.metadata?.name === workload.status?.currentRevision,
  }));
  return kept.sort((a, b) => b.revision - a.revision);
}

function imageOf(template: Manifest): string {
  return template.spec.containers[0].image;
}
