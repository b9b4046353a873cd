import type { KubernetesCluster, Manifest } from "./kubernetes-client.ts";

interface Condition {
  type: string;
  status: string;
  message?: string;
}

/**
 * What keeps an object from being deleted, such as `finalizer example.org/files`. For a namespace, the objects in it with finalizers.
 * Undefined if nothing is known.
 */
export async function deletionBlockers(live: Manifest, cluster: KubernetesCluster): Promise<string | undefined> {
  const { finalizers = [] } = live.metadata ?? {};
  if (finalizers.length > 0) return finalizersOf(live);
  if (live.kind !== "Namespace") return undefined;
  const conditions = ((live["status"]?.conditions ?? []) as Condition[]).filter(({ status }) => status === "True");
  const remaining = conditions.find(({ type }) => type === "NamespaceContentRemaining")?.message ?? "";
  const objects = await Promise.all(resourcesIn(remaining).map((resource) => blockedObjects(resource, live.metadata!.name!, cluster)));
  const failed = conditions.find(({ type }) => /Failure$/.test(type))?.message;
  return [...objects.flat(), ...(failed === undefined ? [] : [failed])].join(", ") || undefined;
}

function finalizersOf({ metadata }: Manifest): string {
  const { finalizers = [] } = metadata ?? {};
  return `${finalizers.length > 1 ? "finalizers" : "finalizer"} ${finalizers.join(", ")}`;
}

/**
 * The resources that a namespace says it still has, such as `certificates.cert-manager.io`:
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/namespace/deletion/status_condition_utils.go.
 */
function resourcesIn(message: string): string[] {
  return [...message.matchAll(/([a-z0-9.-]+?)\.? has \d+ resource instances/g)].map(([, resource]) => resource!);
}

/** Objects of a resource that have finalizers, with their names. Empty if they cannot be listed. */
async function blockedObjects(resource: string, namespace: string, cluster: KubernetesCluster): Promise<string[]> {
  const items = await cluster.listResource(resource, namespace).catch(() => []);
  return items.flatMap((object) => blockedObject({ resource, object }) ?? []);
}

/** An object with finalizers, with its name. Undefined if it has none. `resource` is such as `certificates.cert-manager.io`. */
export function blockedObject({ resource, object }: { resource: string; object: Manifest }): string | undefined {
  const { name, finalizers = [] } = object.metadata ?? {};
  return finalizers.length === 0 ? undefined : `${resource}/${name} (${finalizersOf(object)})`;
}
