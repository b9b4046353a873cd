import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { troubleWith } from "./trouble.ts";

type Properties = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- parts of objects of any kind

export interface Patience {
  /** @default 600, as the Pulumi provider has it */
  timeoutSeconds?: number;
  /** Aborted when there is no more sense in waiting. */
  signal: AbortSignal;
  /** Told what is being waited for. */
  progress: (what: string) => void;
}

/** What an object still waits for; undefined once it is what it was asked to be. */
type Condition = (object: Manifest, cluster: KubernetesCluster) => Promise<string | undefined> | string | undefined;

/**
 * When an object is ready, after the awaiters of the Pulumi provider
 * (https://github.com/pulumi/pulumi-kubernetes/tree/master/provider/pkg/await). Other kinds are ready once they exist.
 */
const conditions: Record<string, Condition> = {
  Deployment: ({ status = {}, metadata = {}, spec }) => {
    const seen = status.observedGeneration >= Number((metadata as Properties).generation);
    if (seen && has(status, "Progressing", "NewReplicaSetAvailable") && has(status, "Available")) return undefined;
    return `${spec.replicas ?? ""} new pods: ${status.updatedReplicas ?? 0} updated, ${status.availableReplicas ?? 0} available`;
  },
  StatefulSet: ({ status = {}, spec: { replicas } }) =>
    status.updatedReplicas === replicas && status.readyReplicas === replicas ? undefined : `${replicas} ready pods`,
  DaemonSet: ({ status = {} }) =>
    status.updatedNumberScheduled === status.desiredNumberScheduled && status.numberReady === status.desiredNumberScheduled
      ? undefined
      : "ready pods",
  Job: ({ status = {} }) => (has(status, "Complete") ? undefined : "its completion"),
  Pod: ({ status = {} }) => (has(status, "Ready") || status.phase === "Succeeded" ? undefined : "being ready"),
  Service: async ({ spec, status, metadata }, cluster) => {
    if (spec.type === "LoadBalancer" && !status?.loadBalancer?.ingress?.length) return "an address";
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || !spec.selector) return undefined;
    return (await hasEndpoints(String(metadata?.name), metadata?.namespace, cluster)) ? undefined : "ready pods behind it";
  },
  Ingress: async ({ spec, status, metadata }, cluster) => {
    const paths = (spec.rules ?? []).flatMap((rule: Properties) => rule.http?.paths ?? []).map((path: Properties) => path.backend);
    for (const { service } of [...paths, ...(spec.defaultBackend ? [spec.defaultBackend] : [])]) {
      if (service && !(await hasEndpoints(service.name, metadata?.namespace, cluster))) return `ready pods behind Service ${service.name}`;
    }
    return status?.loadBalancer?.ingress?.length ? undefined : "an address from the ingress controller";
  },
};

/** Seconds that the kind of an object may take to come: the operator that brings it may be starting. */
const kindSeconds = 60;

/** Applies an object, once the cluster knows its kind. */
export async function applyOnceKnown(manifest: Manifest, cluster: KubernetesCluster, { progress, signal }: Patience): Promise<Manifest> {
  const until = Date.now() + kindSeconds * 1000;
  for (;;) {
    try {
      return await cluster.apply(manifest, false);
    } catch (error) {
      const unknown = error instanceof KubernetesError && error.isUnknownKind;
      if (!unknown || signal.aborted || Date.now() > until) throw error;
      progress("its kind to be known to the cluster");
      await new Promise((wake) => setTimeout(wake, 500));
    }
  }
}

/**
 * Waits until an object is ready, and returns it.
 *
 * @throws Error that says what it waited for in vain, and what the pods say.
 */
export async function awaitReady(
  manifest: Manifest,
  cluster: KubernetesCluster,
  { timeoutSeconds = 600, progress, signal }: Patience,
): Promise<Manifest> {
  const condition = conditionOf(manifest);
  const until = Date.now() + timeoutSeconds * 1000;
  let looked = Date.now();
  for (;;) {
    const object = await cluster.find(manifest);
    if (!object) throw new Error("it was deleted while it was waited for");
    const waitsFor = await condition?.(object, cluster);
    if (waitsFor === undefined) return object;
    if (signal.aborted) throw new Error("it is no longer waited for");
    if (Date.now() > until) throw new Error(`not ready after ${timeoutSeconds} s; it waits for ${waitsFor}`);
    if (workloads.includes(String(object.kind)) && Date.now() - looked > 1000) {
      looked = Date.now();
      const trouble = await troubleWith(object, cluster);
      if (trouble?.final)
        throw new Error(`${trouble.pod ? `pod ${trouble.pod.metadata?.name}: ` : ""}${trouble.reason}: ${trouble.message}`);
    }
    progress(waitsFor);
    await new Promise((wake) => setTimeout(wake, 150));
  }
}

const workloads = ["Deployment", "StatefulSet"];

/** The annotations are Pulumi's: https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/. */
function conditionOf({ kind, metadata }: Manifest): Condition | undefined {
  const { "pulumi.com/skipAwait": skip, "pulumi.com/waitFor": waitFor } = metadata?.annotations ?? {};
  if (skip === "true") return undefined;
  const [, type, value = "True"] = /^condition=([^=]+)(?:=(.+))?$/.exec(waitFor ?? "") ?? [];
  if (type === undefined) return conditions[String(kind)];
  const holds = (c: Properties) => c.type === type && c.status === value;
  return ({ status }) => (status?.conditions?.some(holds) ? undefined : `${type} to be ${value}`);
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
