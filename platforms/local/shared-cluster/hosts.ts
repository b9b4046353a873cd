import { hasIngress } from "../../../config/schema/service.ts";
import type { Services } from "../../../config/settings.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";
import type { Path } from "../../../lib/property-path.ts";
import { settingProblem } from "../../setting-problem.ts";

/** A host and path under which a service answers. */
interface Address {
  host: string;
  path: string;
}

/** Addresses of services that another namespace of the cluster already has. Requests would go to either of them. */
export async function problemsWithHosts(services: Services, namespace: string, cluster: KubernetesCluster): Promise<string[]> {
  const lists = await Promise.all([
    cluster.list<Manifest>("networking.k8s.io/v1", "Ingress"),
    cluster.list<Manifest>("gateway.networking.k8s.io/v1", "HTTPRoute").catch(emptyIfUnknownKind),
  ]);
  const owners = new Map<string, string>();
  for (const object of lists.flatMap(({ items }) => items)) {
    const owner = String(object.metadata?.namespace);
    if (owner !== namespace) for (const address of addressesOf(object)) owners.set(keyOf(address), owner);
  }
  return Object.entries(services).flatMap(([name, service]) =>
    ownAddresses(["services", name], service).flatMap(({ at, ...address }) => {
      const owner = owners.get(keyOf(address));
      const remedy = "Set another one, or slipway:local.cluster: own with other ports";
      return owner === undefined
        ? []
        : [settingProblem(at, `${keyOf(address)} is already served by namespace ${owner} of the shared cluster. ${remedy}`)];
    }),
  );
}

function keyOf({ host, path }: Address): string {
  return path === "/" ? host : `${host}${path}`;
}

function ownAddresses(at: Path, service: Services[string]): (Address & { at: Path })[] {
  const { host, routes = [], expose } = service;
  if (!hasIngress(service) && expose !== "gateway") return [];
  return [
    ...(host === undefined ? [] : [{ host, path: "/", at: [...at, "host"] }]),
    ...routes.map(({ host, path = "/" }, i) => ({ host, path, at: [...at, "routes", i, "host"] })),
  ];
}

/** The addresses of an Ingress or an HTTPRoute. */
function addressesOf({ spec }: Manifest): Address[] {
  const ofIngress = (spec.rules ?? []).flatMap((rule: IngressRule) =>
    (rule.http?.paths ?? []).map(({ path = "/" }) => ({ host: rule.host ?? "*", path })),
  );
  const ofRoute = (spec.hostnames ?? []).flatMap((host: string) =>
    (spec.rules as RouteRule[]).flatMap(({ matches = [] }) => matches.map(({ path }) => ({ host, path: path?.value ?? "/" }))),
  );
  return [...ofIngress, ...ofRoute];
}

interface IngressRule {
  host?: string;
  http?: { paths?: { path?: string }[] };
}

interface RouteRule {
  matches?: { path?: { value?: string } }[];
}

function emptyIfUnknownKind(error: Error): { items: Manifest[] } {
  if (error instanceof KubernetesError && error.isUnknownKind) return { items: [] };
  throw error;
}
