import { worst, type Impact } from "../../lib/impact.ts";
import { hostsIn } from "../impact/rule.ts";
import type { Review } from "../review.ts";

/** A box of the diagram. */
export interface Part {
  id: string;
  kind: "image" | "registry" | "network" | "cluster" | "Docker host" | "service" | "URL" | "other";
  name: string;
  /** The worst impact on the part. @default - the part does not change. */
  impact?: Impact;
}

/** A stack from source to URL. */
export interface Diagram {
  parts: Part[];
  /** Ids of two parts: from, to. */
  arrows: [string, string][];
}

/** Matched against the type, and against the type and name. */
const kinds: [RegExp, Part["kind"]][] = [
  [/^slipway:index:GoImage$/, "image"],
  [/^slipway:index:EcrRepository$|^docker:index\/container:Container .*-registry$/, "registry"],
  [/^slipway:index:Network$/, "network"],
  [/^slipway:index:(EksCluster|LocalCluster)$/, "cluster"],
  [/^slipway:index:(ContainerHost|SwarmHost)$/, "Docker host"],
  [/^slipway:index:(WebService|ContainerService|SwarmService)$/, "service"],
  [/^pulumi-nodejs:dynamic\/slipway:ProxyRoute .*(?<!-certificates)$|^docker:index\/serviceConfig:ServiceConfig .*-routes-/, "URL"],
  [/^kubernetes:(networking\.k8s\.io|gateway\.networking\.k8s\.io)\/\w+:(Ingress|HTTPRoute)$/, "URL"],
];

/** The diagram of a review. Changed resources that belong to no part are one part of the kind `other`. */
export function diagramOf({ impacts, resources }: Pick<Review, "impacts" | "resources">): Diagram {
  const all = new Map(resources.map((resource) => [resource.urn, resource]));
  for (const { step } of impacts)
    if (!all.has(step.urn)) all.set(step.urn, { ...step, inputs: Object.keys(step.after).length > 0 ? step.after : step.before });
  const parts = new Map<string, Part>();
  for (const { urn, type, name, inputs } of all.values()) {
    const kind = kinds.find(([pattern]) => pattern.test(type) || pattern.test(`${type} ${name}`))?.[1];
    const isInternal = kind === "image" && /slipway:index:\w+Host\$/.test(urn); // an image of Slipway itself
    if (kind && !isInternal) parts.set(urn, { id: urn, kind, name: kind === "URL" ? hostnamesIn(inputs) || name : name });
  }
  const impactsByPart = new Map<string, Impact[]>();
  for (const { step, impact, findings } of impacts) {
    if (findings.length === 0) continue;
    const part = partOf(step.urn, step.parent);
    impactsByPart.set(part, [...(impactsByPart.get(part) ?? []), impact]);
  }
  const marked = [...parts.values()].map((part) =>
    impactsByPart.has(part.id) ? { ...part, impact: worst(impactsByPart.get(part.id)!) } : part,
  );
  const others = impactsByPart.get(other);
  if (others)
    marked.push({
      id: other,
      kind: "other",
      name: `${others.length} other ${others.length === 1 ? "resource" : "resources"}`,
      impact: worst(others),
    });
  return { parts: marked, arrows: arrowsOf(marked, serviceOf) };

  /** The service behind a URL: its parent, or on Swarm, where the proxy is the parent of all routes, the service in the route's name. */
  function serviceOf(url: string): string {
    const named = /-routes-(.+)$/.exec(url.split("::").at(-1)!)?.[1];
    const service = [...parts.values()].find(({ kind, name }) => kind === "service" && name === named);
    return service?.id ?? partOf(all.get(url)?.parent ?? "", undefined);
  }

  /** The part that a resource is or belongs to. */
  function partOf(urn: string, parent: string | undefined): string {
    for (let at: string | undefined = urn, above = parent; at; at = above ?? all.get(at)?.parent, above = undefined)
      if (parts.has(at)) return at;
    return other;
  }
}

const other = "other";

/** Image → registry → cluster or Docker host → service → URL. */
function arrowsOf(parts: Part[], serviceOf: (url: string) => string): [string, string][] {
  const of = (kind: Part["kind"]) => parts.filter((part) => part.kind === kind);
  const arrows: [string, string][] = [];
  const connect = (from: Part[], to: Part[]) => arrows.push(...from.flatMap(({ id }) => to.map((part): [string, string] => [id, part.id])));
  for (const image of of("image")) {
    const own = of("registry").filter(({ name }) => name === image.name);
    connect([image], own.length > 0 ? own : of("registry"));
  }
  connect(of("network"), of("cluster"));
  const hosts = [...of("cluster"), ...of("Docker host")];
  const registries = of("registry");
  if (hosts.length > 0) {
    connect(registries, hosts);
    connect(hosts, of("service"));
  } else connect(registries, of("service"));
  for (const url of of("URL")) {
    const service = serviceOf(url.id);
    if (parts.some(({ id, kind }) => id === service && kind === "service")) arrows.push([service, url.id]);
  }
  return arrows;
}

function hostnamesIn(inputs: Review["resources"][number]["inputs"]): string {
  return [...new Set(hostsIn(inputs).filter((host) => typeof host === "string"))].join(", ");
}
