import type { KubernetesCluster, KubernetesManifest } from "./kubernetes-cluster.ts";
import type { Context, Properties } from "./provider.ts";

/** What an object still waits for; undefined once it is what it was asked to be. */
type Condition = (object: KubernetesManifest, cluster: KubernetesCluster) => Promise<string | undefined> | string | undefined;

/**
 * When an object counts as ready, after the awaiters of the Pulumi provider
 * (https://github.com/pulumi/pulumi-kubernetes/tree/master/provider/pkg/await). Other kinds are ready once they exist.
 */
const conditions: Record<string, Condition> = {
  "apps/v1/Deployment": ({ status = {}, metadata, spec }) => {
    const is = (type: string, reason?: string) => status.conditions?.some((c: Properties) => c.type === type && c.status === "True" && (!reason || c.reason === reason));
    if ((status.observedGeneration ?? 0) < Number(metadata?.["generation" as never])) return "the controller to see the change";
    if (!is("Progressing", "NewReplicaSetAvailable")) return `${status.updatedReplicas ?? 0} of ${spec.replicas} pods updated, ${status.availableReplicas ?? 0} available`;
    return is("Available") ? undefined : "enough available pods";
  },
  "apps/v1/StatefulSet": ({ status = {}, spec }) =>
    status.updatedReplicas === spec.replicas && status.readyReplicas === spec.replicas ? undefined : `${status.readyReplicas ?? 0} of ${spec.replicas} pods ready`,
  "apps/v1/DaemonSet": ({ status = {} }) =>
    status.updatedNumberScheduled === status.desiredNumberScheduled && status.numberReady === status.desiredNumberScheduled ? undefined : "pods on all nodes",
  "batch/v1/Job": ({ status = {} }) => (status.conditions?.some((c: Properties) => c.type === "Complete" && c.status === "True") ? undefined : "completion"),
  "v1/Pod": ({ status = {} }) => (status.conditions?.some((c: Properties) => c.type === "Ready" && c.status === "True") || status.phase === "Succeeded" ? undefined : "being ready"),
  "v1/Service": async ({ spec, status, metadata }, cluster) => {
    if (spec.type === "LoadBalancer" && !status?.loadBalancer?.ingress?.length) return "an address";
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || !spec.selector) return undefined;
    return (await hasEndpoints(String(metadata?.name), String(metadata?.namespace), cluster)) ? undefined : "ready pods behind it";
  },
  "networking.k8s.io/v1/Ingress": async ({ spec, status, metadata }, cluster) => {
    const backends: (Properties | undefined)[] = [spec.defaultBackend, ...(spec.rules ?? []).flatMap((r: Properties) => r.http?.paths?.map((p: Properties) => p.backend) ?? [])];
    for (const name of new Set(backends.flatMap((b) => b?.service?.name ?? []))) {
      if (!(await hasEndpoints(name, String(metadata?.namespace), cluster))) return `ready pods behind Service ${name}`;
    }
    return status?.loadBalancer?.ingress?.length ? undefined : "an address from the ingress controller";
  },
  "v1/PersistentVolumeClaim": async ({ spec, status }, cluster) => {
    if (status?.phase === "Bound") return undefined;
    const storageClass = spec.storageClassName && (await cluster.find({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata: { name: spec.storageClassName } }));
    return storageClass?.volumeBindingMode === "WaitForFirstConsumer" ? undefined : "a volume";
  },
};

/**
 * Waits until an object is ready, and returns it.
 *
 * @throws Error that says what it waited for in vain, and what its pods say.
 */
export async function awaitReady(manifest: KubernetesManifest, cluster: KubernetesCluster, timeoutSeconds: number, { progress, signal }: Context): Promise<KubernetesManifest> {
  const condition = conditions[`${manifest.apiVersion}/${manifest.kind}`];
  const skipped = manifest.metadata?.annotations?.["pulumi.com/skipAwait"] === "true";
  const until = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const object = await cluster.find(manifest);
    if (!object) throw new Error("was deleted while it was waited for");
    const waitsFor = skipped ? undefined : await condition?.(object, cluster);
    if (waitsFor === undefined) return object;
    if (signal.aborted) throw new Error("no longer waited for, because of the failure above");
    if (Date.now() > until) throw new Error([`not ready after ${timeoutSeconds} s: waited for ${waitsFor}`, ...(await troubles(object, cluster))].join("\n"));
    progress(`waiting for ${waitsFor}`);
    await new Promise((wake) => setTimeout(wake, 150));
  }
}

async function hasEndpoints(service: string, namespace: string, cluster: KubernetesCluster): Promise<boolean> {
  const slices = await cluster.list("discovery.k8s.io/v1", "EndpointSlice", namespace, undefined, undefined, undefined, undefined, `kubernetes.io/service-name=${service}`);
  return slices.items.some((slice) => (slice as Properties).endpoints?.some((e: Properties) => e.conditions?.ready !== false));
}

/** What the containers of an object's pods wait for or ended with. */
async function troubles(object: KubernetesManifest, cluster: KubernetesCluster): Promise<string[]> {
  const selector = object.spec?.selector?.matchLabels;
  if (!selector) return [];
  const labels = Object.entries(selector).map(([k, v]) => `${k}=${String(v)}`).join(",");
  const pods = await cluster.list("v1", "Pod", object.metadata?.namespace, undefined, undefined, undefined, undefined, labels);
  return pods.items.flatMap((pod) =>
    ((pod as Properties).status?.containerStatuses ?? []).flatMap((c: Properties) => {
      const { reason, message, exitCode } = c.state?.waiting ?? c.state?.terminated ?? c.lastState?.terminated ?? {};
      return reason && !c.ready ? [`  pod ${pod.metadata?.name}: ${[reason, exitCode !== undefined && `exit code ${exitCode}`, message].filter(Boolean).join(", ")}`] : [];
    }),
  );
}
