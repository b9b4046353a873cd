import { hasIngress, type ServiceSettings } from "../../config/schema/service.ts";
import { KubernetesError, type KubernetesCluster } from "../../lib/kubernetes-client.ts";
import type { Path } from "../../lib/property-path.ts";
import { settingProblem } from "../setting-problem.ts";

/** The kinds of classes that services use, and the annotation that marks the default one. */
const kinds = {
  StorageClass: { apiVersion: "storage.k8s.io/v1", isDefault: "storageclass.kubernetes.io/is-default-class" },
  IngressClass: { apiVersion: "networking.k8s.io/v1", isDefault: "ingressclass.kubernetes.io/is-default-class" },
  PriorityClass: { apiVersion: "scheduling.k8s.io/v1", isDefault: undefined },
  GatewayClass: { apiVersion: "gateway.networking.k8s.io/v1", isDefault: undefined },
} as const;
type ClassKind = keyof typeof kinds;

/** Used for a Gateway that exists, whose class is not checked. */
const anyClass = "*";

/** A class that a service uses. */
interface UsedClass {
  path: Path;
  kind: ClassKind;
  /** Undefined for the default class. */
  name: string | undefined;
}

/**
 * Problems with classes that services use, by name or as the default, and that a cluster does not have. What the deployer may not read is not
 * checked.
 *
 * @param ingressClasses ingress classes that the cluster has without an object. @default - none.
 */
export async function missingClasses(
  services: Record<string, ServiceSettings>,
  cluster: KubernetesCluster,
  ingressClasses: string[] = [],
): Promise<string[]> {
  const used = Object.entries(services).flatMap(([name, service]) => classesOf(["services", name], service));
  const byKind = [...Map.groupBy(used, ({ kind }) => kind)];
  return (
    await Promise.all(byKind.map(([kind, all]) => missingOfKind(kind, all, cluster, kind === "IngressClass" ? ingressClasses : [])))
  ).flat();
}

function classesOf(path: Path, service: ServiceSettings): UsedClass[] {
  const { volumes = {}, ingressClassName, priorityClassName, gateway, expose } = service;
  const used: UsedClass[] = [];
  const use = (kind: ClassKind, name: string | undefined, ...keys: Path) => used.push({ path: [...path, ...keys], kind, name });
  for (const [volume, { kind, storageClass }] of Object.entries(volumes))
    if (kind === "persistent") use("StorageClass", storageClass, "volumes", volume, "storageClass");
  if (hasIngress(service)) use("IngressClass", ingressClassName, "ingressClassName");
  if (priorityClassName !== undefined) use("PriorityClass", priorityClassName, "priorityClassName");
  if (gateway?.className !== undefined) use("GatewayClass", gateway.className, "gateway", "className");
  else if (expose === "gateway") use("GatewayClass", anyClass, "expose");
  return used;
}

async function missingOfKind(kind: ClassKind, used: UsedClass[], cluster: KubernetesCluster, builtIn: string[]): Promise<string[]> {
  const { apiVersion, isDefault } = kinds[kind];
  const items = await cluster.list(apiVersion, kind).then(({ items }) => items, undefinedIfUnknown);
  if (items === "hidden") return [];
  if (items === undefined && kind === "GatewayClass") return used.map(({ path }) => settingProblem(path, noGatewayApi(path)));
  const known = [...new Set([...(items ?? []).map(({ metadata }) => String(metadata?.name)), ...builtIn])];
  const hasDefault = isDefault === undefined || (items ?? []).some(({ metadata }) => metadata?.annotations?.[isDefault] === "true");
  const remedy = `Known classes: ${known.join(", ") || "none"}`;
  return used.flatMap(({ path, name }) => {
    if (name === undefined)
      return hasDefault ? [] : [settingProblem(path, `must be set, because the cluster has no default ${kind}. ${remedy}`)];
    return name === anyClass || known.includes(name)
      ? []
      : [settingProblem(path, `must be an existing ${kind} (got "${name}"). ${remedy}`)];
  });
}

/** The standard channel of the Gateway API, https://gateway-api.sigs.k8s.io/guides/getting-started/introduction/. */
const gatewayKinds = ["gatewayclasses", "gateways", "httproutes"].map((kind) => `${kind}.gateway.networking.k8s.io`);

function noGatewayApi(path: Path): string {
  const remedy = `Let an administrator install the Gateway API and a controller, or set ${String(path[0])}.${String(path[1])}.expose to ingress`;
  return `needs the Gateway API, which the cluster does not have: the CustomResourceDefinitions ${gatewayKinds.join(", ")}. ${remedy}`;
}

function undefinedIfUnknown(error: Error): undefined | "hidden" {
  if (!(error instanceof KubernetesError)) throw error;
  if (error.isUnknownKind) return undefined;
  if (error.status === 403) return "hidden";
  throw error;
}
