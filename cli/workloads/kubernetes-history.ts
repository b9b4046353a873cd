import { selectorOf, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { troubleWith } from "../../engine/kubernetes/trouble.ts";

/** A workload and the images that it has had. */
export interface Release {
  name: string;
  /** By digest; undefined where it is not known what was to come up. */
  image: string | undefined;
  /**
   * Image of the version to go back to: the last other one that came up, or, where the present version does not, that of the
   * last that did, which is the same where settings are to blame. Undefined where there is none.
   */
  good: string | undefined;
  /** Whether the present version has come up. */
  healthy: boolean;
}

/** What is deployed, and what there is to go back to: as the cluster remembers it, so from any machine. */
export async function release(workload: Manifest, cluster: KubernetesCluster): Promise<Release> {
  const image = imageOf(workload.spec.template);
  const healthy = (await troubleWith(workload, cluster)) === undefined;
  const before = (await versions(workload, cluster)).slice(1);
  const others = healthy ? before.filter((version) => version.image !== image) : before;
  const serving = healthy ? undefined : others.find(({ serves }) => serves);
  const good = serving ?? others.find(({ cameUp }) => cameUp) ?? others[0];
  return { name: String(workload.metadata?.name), image, good: good?.image, healthy };
}

/** The images of all versions that Kubernetes keeps of a workload, and could go back to. */
export async function keptImages(workload: Manifest, cluster: KubernetesCluster): Promise<string[]> {
  return [...new Set((await versions(workload, cluster)).map(({ image }) => image))];
}

/**
 * Notes of the present version of a workload that it has come up. Kubernetes itself forgets: of an older version it knows
 * what it was, and not whether it ever served.
 */
export async function rememberComingUp(workload: Manifest, cluster: KubernetesCluster): Promise<void> {
  const [present] = await versions(workload, cluster);
  if (present === undefined || present.cameUp) return;
  const { name, namespace } = present.object.metadata ?? {};
  await cluster.merge({ ...present.object, metadata: { name, namespace, annotations: { [mark]: "true" } } });
}

const mark = "dev.slipway/came-up";

interface Version {
  object: Manifest;
  revision: number;
  image: string;
  serves: boolean;
  /** Noted by `rememberComingUp`; one that was deployed otherwise is not. */
  cameUp: boolean;
}

/** The versions that Kubernetes keeps of a workload, the present one first. */
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
