import { formatExit } from "../../lib/format-exit.ts";
import { selectorOf, type Manifest, type ObjectReader } from "../../lib/kubernetes-client.ts";
import { patience } from "../../lib/patience.ts";

type Properties = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the kind

/** Why a revision of a workload does not become ready. */
export interface Trouble {
  /** Kubernetes' reason: `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable` … */
  reason: string;
  /** Details. May be empty. */
  message: string;
  /** @default - no pod was created */
  pod?: Manifest;
  container?: string;
  /** Whether waiting does not help. */
  final: boolean;
}

/** Event reasons of node autoscalers that are adding a node for a pod. */
const addingNode = ["TriggeredScaleUp", "Nominated", "NodeClaimCreated"];

/** The pods of a Job, or of the newest revision of a Deployment or StatefulSet, the newest first. */
export async function newestPods(workload: Manifest, cluster: ObjectReader): Promise<Manifest[]> {
  return (await newestRevision(workload, cluster)).pods;
}

interface Revision {
  pods: Manifest[];
  /** Undefined for a Job and a StatefulSet. */
  replicaSet?: Manifest | undefined;
}

async function newestRevision(workload: Manifest, cluster: ObjectReader): Promise<Revision> {
  const { namespace } = workload.metadata ?? {};
  const selector = selectorOf(workload);
  const pods = await cluster.select("v1", "Pod", namespace, selector);
  if (workload.kind === "Job") return { pods: pods.sort((a, b) => startOf(b) - startOf(a)) };
  if (workload.kind === "StatefulSet")
    return { pods: pods.filter((p) => p.metadata?.labels?.["controller-revision-hash"] === workload.status?.updateRevision) };
  const sets = await cluster.select("apps/v1", "ReplicaSet", namespace, selector);
  // Not the revision that the Deployment names: when it returns to an earlier template, the controller reports that it has seen the
  // settings before it updates that annotation.
  const replicaSet = sets.sort((a, b) => revisionOf(b) - revisionOf(a))[0];
  const hash = replicaSet?.metadata?.labels?.["pod-template-hash"];
  return { pods: pods.filter((pod) => pod.metadata?.labels?.["pod-template-hash"] === hash), replicaSet };
}

function revisionOf({ metadata }: Manifest): number {
  return Number(metadata?.annotations?.["deployment.kubernetes.io/revision"] ?? 0);
}

function startOf({ metadata }: Manifest): number {
  return new Date(String(metadata?.creationTimestamp)).getTime();
}

/** The worst problem of a Job, or of the newest revision of a Deployment or StatefulSet. Undefined if it has none. */
export async function troubleWith(workload: Manifest, cluster: ObjectReader): Promise<Trouble | undefined> {
  // Until the controller has seen the newest settings, the pods and conditions are those of the previous revision, which may have failed.
  if (workload.status?.observedGeneration < Number(workload.metadata?.generation)) return undefined;
  const { pods, replicaSet } = await newestRevision(workload, cluster);
  const ofPods = (await Promise.all(pods.map((pod) => troubleWithPod(pod, cluster)))).flat();
  const all = [...ofPods, ...troubleOfConditions(workload, replicaSet)];
  const worst = all.find(({ final }) => final) ?? all[0];
  // A passed deadline makes the failure final, but a pod's problem explains it.
  return worst && { ...(ofPods.find(({ final }) => final) ?? ofPods[0] ?? worst), final: worst.final };
}

function troubleOfConditions({ status = {} }: Manifest, replicaSet: Manifest | undefined): Trouble[] {
  const condition = (type: string, value: string, of = status) =>
    of.conditions?.find((c: Properties) => c.type === type && c.status === value);
  // A Deployment also has the condition of an older revision whose pods were rejected
  // (kubernetes/kubernetes, pkg/controller/deployment/util: getReplicaFailures).
  const rejected = condition("ReplicaFailure", "True", replicaSet?.status ?? {});
  const failed = condition("Failed", "True");
  const stuck = condition("Progressing", "False");
  return [
    ...(rejected
      ? [{ reason: rejected.reason, message: rejected.message, final: secondsSince(rejected.lastTransitionTime) > patience("quota") }]
      : []),
    // Kubernetes starts the pod of a Job again, until its condition says that it failed.
    ...(failed ? [{ reason: failed.reason, message: failed.message, final: true }] : []),
    ...(stuck ? [{ reason: stuck.reason, message: stuck.message, final: true }] : []),
  ];
}

async function troubleWithPod(pod: Manifest, cluster: ObjectReader): Promise<Trouble[]> {
  const statuses: Properties[] = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const found = statuses.flatMap((status) => troubleWithContainer(pod, status));
  if (found.length > 0) return found;
  const age = secondsSince(pod.metadata?.creationTimestamp);
  const unscheduled = pod.status?.conditions?.find((c: Properties) => c.type === "PodScheduled" && c.reason === "Unschedulable");
  const isWaiting = statuses.some(({ state, ready }) => state?.waiting || !ready) || unscheduled;
  if (!isWaiting || age < 2) return [];
  const events: Properties[] = await cluster.events(pod.metadata?.namespace, "involvedObject.uid", String(pod.metadata?.uid));
  const last = (reason: string) => events.findLast((e) => e.reason === reason);
  if (unscheduled) {
    const final = !addingNode.some(last) && age > patience("schedule");
    return [{ pod, reason: "Unschedulable", message: unscheduled.message, final }];
  }
  const mount = last("FailedMount") ?? last("FailedAttachVolume");
  if (mount && statuses.every(({ state }) => state?.waiting))
    return [{ pod, reason: mount.reason, message: mount.message, final: age > patience("mount") }];
  const probe = last("Unhealthy");
  return probe
    ? [{ pod, container: statuses.find(({ ready }) => !ready)?.name, reason: "Unhealthy", message: probe.message, final: false }]
    : [];
}

function troubleWithContainer(pod: Manifest, { name, ready, state = {}, lastState = {}, restartCount = 0 }: Properties): Trouble[] {
  if (ready) return [];
  const { waiting } = state;
  const exit = state.terminated ?? lastState.terminated;
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
      return trouble(waiting.reason, waiting.message ?? "", age > patience("configuration"));
  }
  if (!exit || (exit.exitCode === 0 && exit.reason === "Completed" && !waiting)) return [];
  const message = `the container ${formatExit(exit.exitCode, restartCount)}`;
  if (exit.reason === "OOMKilled") return trouble("OOMKilled", message, true);
  if (waiting?.reason === "CrashLoopBackOff") return trouble("CrashLoopBackOff", message, true);
  return trouble(exit.reason ?? "Error", message, restartCount > 1);
}

function secondsSince(time: unknown): number {
  return (Date.now() - new Date(String(time)).getTime()) / 1000;
}
