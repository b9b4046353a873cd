import { hasIngress, type ServiceSettings } from "../../config/schema/service.ts";
import { KubernetesError, type KubernetesCluster } from "../../lib/kubernetes-client.ts";

/** The kinds of classes that services name, and where a class says that it is the default one. */
const kinds = {
  StorageClass: { apiVersion: "storage.k8s.io/v1", isDefault: "storageclass.kubernetes.io/is-default-class" },
  IngressClass: { apiVersion: "networking.k8s.io/v1", isDefault: "ingressclass.kubernetes.io/is-default-class" },
  PriorityClass: { apiVersion: "scheduling.k8s.io/v1", isDefault: undefined },
  GatewayClass: { apiVersion: "gateway.networking.k8s.io/v1", isDefault: undefined },
} as const;
type ClassKind = keyof typeof kinds;

/** A class that a service asks for; without a name the default one. */
interface Wanted {
  path: string;
  kind: ClassKind;
  name: string | undefined;
}

/** Classes that services name, or count on as default, and that a cluster does not have: lines of path, rule and value. */
export async function problemsWithClasses(services: Record<string, ServiceSettings>, cluster: KubernetesCluster): Promise<string[]> {
  const wanted = Object.entries(services).flatMap(([name, service]) => wantedBy(`services.${name}`, service));
  const byKind = [...Map.groupBy(wanted, ({ kind }) => kind)];
  return (await Promise.all(byKind.map(([kind, all]) => missing(kind, all, cluster)))).flat();
}

function wantedBy(path: string, service: ServiceSettings): Wanted[] {
  const { volumes = {}, ingressClassName, priorityClassName, gateway } = service;
  const wanted: Wanted[] = [];
  for (const [volume, { kind, storageClass }] of Object.entries(volumes))
    if (kind === "persistent") wanted.push({ path: `${path}.volumes.${volume}.storageClass`, kind: "StorageClass", name: storageClass });
  if (hasIngress(service)) wanted.push({ path: `${path}.ingressClassName`, kind: "IngressClass", name: ingressClassName });
  if (priorityClassName !== undefined) wanted.push({ path: `${path}.priorityClassName`, kind: "PriorityClass", name: priorityClassName });
  if (gateway?.className !== undefined) wanted.push({ path: `${path}.gateway.className`, kind: "GatewayClass", name: gateway.className });
  return wanted;
}

async function missing(kind: ClassKind, wanted: Wanted[], cluster: KubernetesCluster): Promise<string[]> {
  const { apiVersion, isDefault } = kinds[kind];
  const items = await cluster.list(apiVersion, kind).then(({ items }) => items, noneIfUnknown);
  const known = items.map(({ metadata }) => String(metadata?.name));
  const hasDefault = isDefault === undefined || items.some(({ metadata }) => metadata?.annotations?.[isDefault] === "true");
  const remedy = `known are ${known.join(", ") || "none"}`;
  return wanted.flatMap(({ path, name }) => {
    if (name === undefined) return hasDefault ? [] : [`${path}: the cluster has no default ${kind}; name one, ${remedy}`];
    return known.includes(name) ? [] : [`${path}: "${name}" is no ${kind} of the cluster; ${remedy}`];
  });
}

function noneIfUnknown(error: Error): [] {
  if (error instanceof KubernetesError && error.isUnknownKind) return [];
  throw error;
}
