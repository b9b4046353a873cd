import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import type { Path } from "../../lib/property-path.ts";
import type { Properties } from "../../lib/values.ts";
import type { Author } from "../provider.ts";

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

/**
 * Who has set a field of an object last, other than Slipway. Kubernetes does not record who has removed one.
 *
 * @param object The object with its `managedFields`.
 */
export function authorOf(object: Manifest, path: Path): Author | undefined {
  const others = ((object.metadata?.managedFields ?? []) as ManagedFields[]).filter(({ manager }) => manager !== "slipway");
  const owners = others.filter(({ fieldsV1 = {} }) => owns(fieldsV1, object, path));
  const [last] = owners.sort((a, b) => Date.parse(b.time ?? "0") - Date.parse(a.time ?? "0"));
  return last && { manager: last.manager ?? "unknown", time: last.time };
}

/**
 * Whether a set of fields has the field at a path. `f:` is a key of a map, `k:` an entry of a list with the values of its merge keys, and an
 * empty set everything below: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/.
 */
function owns(fields: Properties, value: unknown, [part, ...below]: Path): boolean {
  if (part === undefined || Object.keys(fields).every((key) => key === ".")) return true;
  const next = (value as Properties | undefined)?.[part] as unknown;
  if (next === undefined) return false;
  const own = typeof part === "number" ? fields[entryIn(fields, next) ?? ""] : fields[`f:${part}`];
  return own !== undefined && owns(own as Properties, next, below);
}

/** The name of a list's entry in a set of fields. */
function entryIn(fields: Properties, entry: unknown): string | undefined {
  return Object.keys(fields).find((key) => {
    if (!key.startsWith("k:")) return key.startsWith("v:") && JSON.stringify(entry) === key.slice(2);
    const keys = Object.entries(JSON.parse(key.slice(2)) as Properties);
    return keys.every(([name, value]) => (entry as Properties)[name] === value);
  });
}
