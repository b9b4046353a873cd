import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { newestPods, troubleWith, type Trouble } from "../../engine/kubernetes/trouble.ts";

/** Lines of its log that tell best why a container ended. */
const logLines = 8;

/** What mends it most often, by reason. */
const remedies: Record<string, string> = {
  ErrImagePull: "The image is not in the registry, or the cluster may not pull it. Look for the digest, and at the registry's credentials.",
  ImagePullBackOff:
    "The image is not in the registry, or the cluster may not pull it. Look for the digest, and at the registry's credentials.",
  InvalidImageName: "The image's name is none. It must be repository@sha256:….",
  CreateContainerConfigError: "A Secret or ConfigMap that the pod refers to is missing, or a key in it. Make it, or mend the name.",
  RunContainerError: "The container cannot be started. Is the entrypoint there, for this platform, and executable?",
  CrashLoopBackOff: "The program ends by itself. Its last lines say why; often a setting is missing.",
  Error: "The program ends by itself. Its last lines say why; often a setting is missing.",
  OOMKilled: "The program takes more memory than its limit. Raise resources.memory, or find what takes it.",
  Unhealthy: "The probe does not get its answer. Does the program listen on `port`, and answer 200 at the probe's path?",
  ProgressDeadlineExceeded:
    "The new pods do not become ready. Does the program listen on `port`, and answer 200 at the path of probes.readiness?",
  Unschedulable: "No node has room for the pod, or may take it. Lower resources, look at nodeSelector and tolerations, or add nodes.",
  FailedMount: "What the pod mounts is missing. Look for the Secret, the ConfigMap or the volume by its name.",
  FailedCreate: "The namespace does not take the pod: its quota is used up, or its security profile refuses it.",
};

/**
 * Tells why a workload's new version did not come up: pod, reason, last lines, likely remedy, and the way back, which is
 * asked for then. Undefined where nothing is wrong with it.
 */
export async function failureCard(
  workload: Manifest,
  cluster: KubernetesCluster,
  wayBack: () => Promise<string>,
): Promise<string | undefined> {
  const trouble = await troubleWith(workload, cluster);
  if (!trouble) return undefined;
  const fresh = await newestPods(workload, cluster);
  const log = await logOf(trouble, fresh, cluster);
  const lines: [string, string[]][] = [
    ["pod", [`${trouble.pod?.metadata?.name ?? "none could be made"} (${await standing(workload, fresh)})`]],
    ["reason", [trouble.reason, ...(trouble.message ? [trouble.message] : [])]],
    ["log", log.map((line) => `| ${line}`)],
    ["likely", [remedies[trouble.reason] ?? "See what Kubernetes says of it above."]],
    ["go back", [await wayBack()]],
  ];
  return cardOf(`${workload.kind} ${workload.metadata?.namespace}/${workload.metadata?.name} did not roll out`, lines);
}

/** What failed, and below it what there is to say of it. */
export function cardOf(what: string, lines: [string, string[]][]): string {
  const body = lines.flatMap(([title, texts]) => texts.map((text, i) => `  ${(i === 0 ? title : "").padEnd(8)}${text}`));
  return [what, ...body].join("\n");
}

/** The last lines of the container that failed: of its last run, where that has begun anew. */
async function logOf({ pod, container }: Trouble, fresh: Manifest[], cluster: KubernetesCluster): Promise<string[]> {
  const from = pod ?? fresh[0];
  const name = container ?? from?.spec?.containers?.[0]?.name;
  if (!from || !name) return [];
  const previous = await cluster.logs(from, name, { lines: logLines, previous: true });
  return previous.length > 0 ? previous : cluster.logs(from, name, { lines: logLines, previous: false });
}

async function standing({ status = {} }: Manifest, fresh: Manifest[]): Promise<string> {
  const old = Math.max(0, (status.readyReplicas ?? 0) - fresh.filter(isReady).length);
  return `${fresh.length} new; ${old === 0 ? "none of the version before serves" : `${old} of the version before ${old === 1 ? "serves" : "serve"} on`}`;
}

function isReady({ status }: Manifest): boolean {
  return (status?.conditions ?? []).some((c: { type: string; status: string }) => c.type === "Ready" && c.status === "True");
}
