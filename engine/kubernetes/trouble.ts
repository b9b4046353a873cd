import { selectorOf, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";

type Properties = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- parts of objects of any kind

/** Why a version of a workload does not come up. */
export interface Trouble {
  /** In the words of Kubernetes: `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable` … */
  reason: string;
  /** What there is to say beyond it. */
  message: string;
  /** The pod, where one exists. */
  pod?: Manifest;
  container?: string;
  /** It will not go away by itself: there is no sense in waiting. */
  final: boolean;
}

/** Seconds after which what often comes and goes is taken for lasting. */
const patienceSeconds = { configuration: 5, quota: 5, mount: 20, schedule: 20 };

/** What autoscalers of nodes say when a node is under way for a pod. */
const nodeUnderWay = ["TriggeredScaleUp", "Nominated", "NodeClaimCreated"];

/** The pods of the newest version of a Deployment or StatefulSet. */
export async function newestPods(workload: Manifest, cluster: KubernetesCluster): Promise<Manifest[]> {
  const { namespace, annotations } = workload.metadata ?? {};
  const selector = selectorOf(workload);
  const pods = await cluster.select("v1", "Pod", namespace, selector);
  if (workload.kind === "StatefulSet")
    return pods.filter((p) => p.metadata?.labels?.["controller-revision-hash"] === workload.status?.updateRevision);
  const revision = annotations?.["deployment.kubernetes.io/revision"];
  const sets = await cluster.select("apps/v1", "ReplicaSet", namespace, selector);
  const newest = sets.find((set) => set.metadata?.annotations?.["deployment.kubernetes.io/revision"] === revision);
  const hash = newest?.metadata?.labels?.["pod-template-hash"];
  return pods.filter((pod) => pod.metadata?.labels?.["pod-template-hash"] === hash);
}

/** What is wrong with the newest version of a Deployment or StatefulSet, the gravest first; undefined where nothing is. */
export async function troubleWith(workload: Manifest, cluster: KubernetesCluster): Promise<Trouble | undefined> {
  const pods = await newestPods(workload, cluster);
  const ofPods = (await Promise.all(pods.map((pod) => troubleWithPod(pod, cluster)))).flat();
  const ofConditions = troubleOfConditions(workload);
  const all = [...ofPods, ...ofConditions];
  const gravest = all.find(({ final }) => final) ?? all[0];
  // The deadline says that it is too late; what a pod says is why.
  return gravest && { ...(ofPods.find(({ final }) => final) ?? ofPods[0] ?? gravest), final: gravest.final };
}

function troubleOfConditions({ status = {} }: Manifest): Trouble[] {
  const condition = (type: string, value: string) => status.conditions?.find((c: Properties) => c.type === type && c.status === value);
  const refused = condition("ReplicaFailure", "True");
  const stuck = condition("Progressing", "False");
  return [
    ...(refused
      ? [{ reason: refused.reason, message: refused.message, final: secondsSince(refused.lastTransitionTime) > patienceSeconds.quota }]
      : []),
    ...(stuck ? [{ reason: stuck.reason, message: stuck.message, final: true }] : []),
  ];
}

async function troubleWithPod(pod: Manifest, cluster: KubernetesCluster): Promise<Trouble[]> {
  const statuses: Properties[] = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const found = statuses.flatMap((status) => troubleWithContainer(pod, status));
  if (found.length > 0) return found;
  const age = secondsSince(pod.metadata?.creationTimestamp);
  const unscheduled = pod.status?.conditions?.find((c: Properties) => c.type === "PodScheduled" && c.reason === "Unschedulable");
  const waits = statuses.some(({ state, ready }) => state?.waiting || !ready) || unscheduled;
  if (!waits || age < 2) return [];
  const events = await cluster.list(
    "v1",
    "Event",
    pod.metadata?.namespace,
    undefined,
    undefined,
    undefined,
    `involvedObject.uid=${pod.metadata?.uid}`,
  );
  const last = (reason: string) => (events.items as Properties[]).findLast((e) => e.reason === reason);
  if (unscheduled) {
    const comes = nodeUnderWay.some(last);
    return [{ pod, reason: "Unschedulable", message: unscheduled.message, final: !comes && age > patienceSeconds.schedule }];
  }
  const mount = last("FailedMount") ?? last("FailedAttachVolume");
  if (mount && statuses.every(({ state }) => state?.waiting))
    return [{ pod, reason: mount.reason, message: mount.message, final: age > patienceSeconds.mount }];
  const probe = last("Unhealthy");
  return probe ? [{ pod, container: statuses[0]?.name, reason: "Unhealthy", message: probe.message, final: false }] : [];
}

function troubleWithContainer(pod: Manifest, { name, ready, state = {}, lastState = {}, restartCount = 0 }: Properties): Trouble[] {
  if (ready) return [];
  const { waiting } = state;
  const ended = state.terminated ?? lastState.terminated;
  const trouble = (reason: string, message: string, final: boolean): Trouble[] => [{ pod, container: name, reason, message, final }];
  const age = secondsSince(pod.metadata?.creationTimestamp);
  switch (waiting?.reason) {
    case "ErrImagePull":
      return trouble("ErrImagePull", waiting.message ?? "", false);
    case "ImagePullBackOff":
    case "InvalidImageName":
    case "ErrImageNeverPull":
      return trouble(waiting.reason, waiting.message ?? "", true);
    case "CreateContainerConfigError":
    case "CreateContainerError":
    case "RunContainerError":
      return trouble(waiting.reason, waiting.message ?? "", age > patienceSeconds.configuration);
  }
  if (!ended || (ended.exitCode === 0 && ended.reason === "Completed" && !waiting)) return [];
  const times = restartCount === 1 ? "once" : `${restartCount} times`;
  const how = `the container ended with exit code ${ended.exitCode}${restartCount > 0 ? `, and was started anew ${times}` : ""}`;
  if (ended.reason === "OOMKilled") return trouble("OOMKilled", how, true);
  if (waiting?.reason === "CrashLoopBackOff") return trouble("CrashLoopBackOff", how, true);
  return trouble(ended.reason ?? "Error", how, restartCount > 1);
}

function secondsSince(time: unknown): number {
  return (Date.now() - new Date(String(time)).getTime()) / 1000;
}
