import { newestPods, troubleWith, type Trouble } from "../../engine/kubernetes/trouble.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { missingFile } from "./missing-file.ts";
import { formatServing, type FailureCard } from "./failure-card.ts";

/** Lines of the log on the card. */
const logLines = 8;

const imageMissing = "The image is not in the registry, or the cluster may not pull it. Check the digest and the registry credentials.";
const programExited = "The program exits by itself. Its last log lines say why.";

/** The most frequent cause and what to do, by reason. */
const remedies: Record<string, string> = {
  ErrImagePull: imageMissing,
  ImagePullBackOff: imageMissing,
  InvalidImageName: "The image name is invalid. It must be repository@sha256:….",
  CreateContainerConfigError: "A Secret or ConfigMap of the pod, or a key in it, is missing. Create it, or correct the name.",
  RunContainerError: "The container cannot start. Check that the entrypoint exists, is executable, and is built for this platform.",
  CrashLoopBackOff: programExited,
  Error: programExited,
  OOMKilled: "The program needs more memory than its limit. Raise resources.memory, or find out what uses it.",
  Unhealthy: "The probe fails. Check that the program listens on `port` and answers 200 at the probe's path.",
  BackoffLimitExceeded: programExited,
  DeadlineExceeded: "The job takes longer than its timeoutSeconds. Raise it, or find out what the job waits for.",
  ProgressDeadlineExceeded:
    "The new pods do not become ready. Check that the program listens on `port` and answers 200 at the path of probes.readiness.",
  Unschedulable: "No node can run the pod. Lower resources, check nodeSelector and tolerations, or add nodes.",
  FailedMount: "A volume of the pod cannot be mounted. Check the Secret, ConfigMap or volume with this name.",
  FailedCreate: "The namespace rejects the pod: its quota is used up, or the pod violates its security profile.",
};

/**
 * Explains why the new version of a workload failed; undefined if it did not.
 *
 * @param rollback How to bring the previous version back; called only if the version failed.
 */
export async function failureCard(
  workload: Manifest,
  cluster: KubernetesCluster,
  rollback: () => Promise<string>,
): Promise<FailureCard | undefined> {
  const trouble = await troubleWith(workload, cluster);
  if (!trouble) return undefined;
  const newPods = await newestPods(workload, cluster);
  const log = await logOf(trouble, newPods, cluster);
  const { name = "", namespace } = workload.metadata ?? {};
  return {
    service: name,
    title: `The ${workload.kind === "Job" ? "job" : `rollout of ${workload.kind}`} ${namespace}/${name} failed`,
    where: [
      "pod",
      `${trouble.pod?.metadata?.name ?? "no pod was created"} (${workload.kind === "Job" ? startsOf(newPods) : standing(workload, newPods)})`,
    ],
    reason: [trouble.reason, ...(trouble.message ? [trouble.message] : [])],
    log,
    likely: missingFile(log) ?? remedies[trouble.reason] ?? "See the reason above.",
    rollback: await rollback(),
  };
}

/** The last lines of the container that failed: of its previous run, if it has been restarted. */
async function logOf({ pod, container }: Trouble, newPods: Manifest[], cluster: KubernetesCluster): Promise<string[]> {
  const from = pod ?? newPods[0];
  const name = container ?? from?.spec?.containers?.[0]?.name;
  if (!from || !name) return [];
  const previous = await cluster.logs(from, name, { lines: logLines, previous: true });
  return previous.length > 0 ? previous : cluster.logs(from, name, { lines: logLines, previous: false });
}

function startsOf(pods: Manifest[]): string {
  return `${pods.length} ${pods.length === 1 ? "start" : "starts"}`;
}

function standing({ status = {} }: Manifest, newPods: Manifest[]): string {
  const old = Math.max(0, (status.readyReplicas ?? 0) - newPods.filter(isReady).length);
  return `${newPods.length} new; ${formatServing(old)}`;
}

function isReady({ status }: Manifest): boolean {
  return (status?.conditions ?? []).some((c: { type: string; status: string }) => c.type === "Ready" && c.status === "True");
}
