import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import type { Properties } from "../../lib/values.ts";

interface ManagedFields {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  subresource?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Properties;
}

/**
 * Makes Slipway the owner of the fields that the Pulumi CLI has set in an object: otherwise a field that is removed from the program later
 * would stay (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Nothing else changes.
 */
export async function takeOverFields(object: Manifest, cluster: KubernetesCluster): Promise<void> {
  const live = await cluster.find(object);
  const all = (live?.metadata?.managedFields ?? []) as ManagedFields[];
  const isTaken = ({ manager = "", subresource }: ManagedFields) =>
    subresource === undefined && (manager === "slipway" || manager.startsWith("pulumi-kubernetes"));
  const taken = all.filter(isTaken);
  if (live === undefined || !taken.some(({ manager }) => manager !== "slipway")) return;
  const owned: ManagedFields = {
    ...taken[0]!,
    manager: "slipway",
    operation: "Apply",
    fieldsV1: taken.reduce<Properties>((merged, { fieldsV1 = {} }) => union(merged, fieldsV1), {}),
  };
  await cluster.patchFields(live, [
    // Rejected if the object has changed since it was read.
    { op: "replace", path: "/metadata/resourceVersion", value: live.metadata!.resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value: [owned, ...all.filter((one) => !isTaken(one))] },
  ]);
}

/** Sets of fields are trees: a field is in the union if it is in one of them. */
function union(one: Properties, other: Properties): Properties {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, union(one[key] ?? {}, other[key] ?? {})]));
}
