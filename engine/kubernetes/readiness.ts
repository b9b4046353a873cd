import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { patience } from "../../lib/patience.ts";
import { poll } from "../../lib/poll.ts";
import { troubleWith } from "./trouble.ts";

type Properties = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- fields depend on the kind

export interface WaitOptions {
  /** @default 600, as in the Pulumi provider */
  timeoutSeconds?: number;
  /** Aborted once the run has failed. Nothing waits for readiness any more. */
  signal: AbortSignal;
  /** Reports what the step waits for. */
  progress: (what: string) => void;
}

/** What an object still waits for. Undefined once it is ready. */
type Condition = (object: Manifest, cluster: KubernetesCluster) => Promise<string | undefined> | string | undefined;

/**
 * When an object is ready, as in the Pulumi provider (https://github.com/pulumi/pulumi-kubernetes/tree/master/provider/pkg/await). Other
 * kinds are ready once they exist.
 */
const conditions: Record<string, Condition> = {
  Deployment: ({ status = {}, metadata = {}, spec }) => {
    const seen = status.observedGeneration >= Number((metadata as Properties).generation);
    if (seen && has(status, "Progressing", "NewReplicaSetAvailable") && has(status, "Available")) return undefined;
    return `${spec.replicas} new pods (${status.updatedReplicas ?? 0} updated, ${status.availableReplicas ?? 0} available)`;
  },
  StatefulSet: ({ status = {}, spec: { replicas } }) =>
    status.updatedReplicas === replicas && status.readyReplicas === replicas ? undefined : `${replicas} ready pods`,
  DaemonSet: ({ status = {} }) =>
    status.updatedNumberScheduled === status.desiredNumberScheduled && status.numberReady === status.desiredNumberScheduled
      ? undefined
      : "a ready pod on every node",
  Job: ({ status = {} }) => {
    const failed = status.conditions?.find((c: Properties) => c.type === "Failed" && c.status === "True");
    if (failed) throw new Error(`the job failed (${failed.reason}): ${failed.message}`);
    return has(status, "Complete") ? undefined : "its completion";
  },
  Pod: ({ status = {} }) => (has(status, "Ready") || status.phase === "Succeeded" ? undefined : "its readiness"),
  Service: async ({ spec, status, metadata }, cluster) => {
    if (spec.type === "LoadBalancer" && !status?.loadBalancer?.ingress?.length) return "the address of the load balancer";
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || !spec.selector) return undefined;
    return (await hasEndpoints(String(metadata?.name), metadata?.namespace, cluster)) ? undefined : "a ready pod of the Service";
  },
  Ingress: async ({ spec, status, metadata }, cluster) => {
    const paths = (spec.rules ?? []).flatMap((rule: Properties) => rule.http?.paths ?? []).map((path: Properties) => path.backend);
    for (const { service } of [...paths, ...(spec.defaultBackend ? [spec.defaultBackend] : [])]) {
      if (service && !(await hasEndpoints(service.name, metadata?.namespace, cluster))) return `a ready pod of Service ${service.name}`;
    }
    return status?.loadBalancer?.ingress?.length ? undefined : "an address from the ingress controller";
  },
};

/** Applies an object. Retries while the cluster does not have its kind: the operator that installs it may be starting. */
export async function applyOnceKnown(manifest: Manifest, cluster: KubernetesCluster, { progress, signal }: WaitOptions): Promise<Manifest> {
  let last: Error;
  const apply = () =>
    cluster.apply(manifest, false).catch((error: Error) => {
      if (signal.aborted || !(error instanceof KubernetesError && error.isUnknownKind)) throw error;
      last = error;
      progress(`the cluster to have the kind ${manifest.kind}`);
      return undefined;
    });
  return poll(apply, { timeoutSeconds: patience("kind"), intervalMs: 500, onTimeout: () => last });
}

/**
 * Waits until an object is ready, and returns it.
 *
 * @throws Error that says what it was waiting for, or why its pods failed.
 */
export async function awaitReady(
  manifest: Manifest,
  cluster: KubernetesCluster,
  { timeoutSeconds = 600, progress, signal }: WaitOptions,
): Promise<Manifest> {
  const condition = conditionOf(manifest);
  let waitingFor: string | undefined;
  let lastCheck = Date.now();
  const ready = async () => {
    const object = await cluster.find(manifest);
    if (!object) throw new Error("was deleted before it became ready");
    waitingFor = await condition?.(object, cluster);
    if (waitingFor === undefined) return object;
    if (!signal.aborted && workloads.includes(String(object.kind)) && Date.now() - lastCheck > 1000) {
      lastCheck = Date.now();
      const trouble = await troubleWith(object, cluster);
      if (trouble?.final)
        throw new Error(`${trouble.pod ? `pod ${trouble.pod.metadata?.name}: ` : ""}${trouble.reason}: ${trouble.message}`);
    }
    progress(waitingFor);
    return undefined;
  };
  const onTimeout = () => new Error(`not ready after ${timeoutSeconds} s: still waiting for ${waitingFor}`);
  return poll(ready, { timeoutSeconds, intervalMs: 150, signal, onTimeout });
}

const workloads = ["Deployment", "StatefulSet", "Job"];

/** Honours Pulumi's annotations: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/. */
function conditionOf({ kind, metadata }: Manifest): Condition | undefined {
  const { "pulumi.com/skipAwait": skip, "pulumi.com/waitFor": waitFor } = metadata?.annotations ?? {};
  if (skip === "true") return undefined;
  const [, type, value = "True"] = /^condition=([^=]+)(?:=(.+))?$/.exec(waitFor ?? "") ?? [];
  if (type === undefined) return conditions[String(kind)];
  const matches = (c: Properties) => c.type === type && c.status === value;
  return ({ status }) => (status?.conditions?.some(matches) ? undefined : `${type} to be ${value}`);
}

function has(status: Properties, type: string, reason?: string): boolean {
  return status.conditions?.some(
    (c: Properties) => c.type === type && c.status === "True" && (reason === undefined || c.reason === reason),
  );
}

async function hasEndpoints(service: string, namespace: string | undefined, cluster: KubernetesCluster): Promise<boolean> {
  const slices = await cluster.select("discovery.k8s.io/v1", "EndpointSlice", namespace, `kubernetes.io/service-name=${service}`);
  return slices.some((slice) => slice.endpoints?.some((e: Properties) => e.conditions?.ready !== false));
}
