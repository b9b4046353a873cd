import { worst, type Impact } from "../impact/impacts.ts";
import { hostsIn } from "../impact/rule.ts";
import type { Review } from "./review.ts";

/** A part of a stack: an image, the registry, the network, the cluster or Docker engine, a service, a URL. */
export interface Part {
  id: string;
  kind: "image" | "registry" | "network" | "cluster" | "engine" | "service" | "url" | "other";
  name: string;
  /** The worst that happens to it; undefined where it stays as it is. */
  impact?: Impact;
}

export interface Picture {
  parts: Part[];
  /** From and to, by ids. */
  arrows: [string, string][];
}

const kinds: [RegExp, Part["kind"]][] = [
  [/^slipway:index:GoImage$/, "image"],
  [/^slipway:index:EcrRepository$|^docker:index\/container:Container .*-registry$/, "registry"],
  [/^slipway:index:Network$/, "network"],
  [/^slipway:index:(EksCluster|LocalCluster)$/, "cluster"],
  [/^slipway:index:(ContainerHost|SwarmHost)$/, "engine"],
  [/^slipway:index:(WebService|ContainerService|SwarmService)$/, "service"],
  [/^pulumi-nodejs:dynamic\/slipway:ProxyRoute .*(?<!-certificates)$|^docker:index\/serviceConfig:ServiceConfig .*-routes-/, "url"],
  [/^kubernetes:(networking\.k8s\.io|gateway\.networking\.k8s\.io)\/\w+:(Ingress|HTTPRoute)$/, "url"],
];

/** The stack from source to URL, with what happens to each part; what is in none is one of its own where it changes. */
export function pictureOf({ impacts, resources }: Review): Picture {
  const all = new Map(resources.map((resource) => [resource.urn, resource]));
  for (const { step } of impacts)
    if (!all.has(step.urn)) all.set(step.urn, { ...step, inputs: Object.keys(step.after).length > 0 ? step.after : step.before });
  const parts = new Map<string, Part>();
  for (const { urn, type, name, inputs } of all.values()) {
    const kind = kinds.find(([pattern]) => pattern.test(type) || pattern.test(`${type} ${name}`))?.[1];
    const isOfEngine = kind === "image" && /slipway:index:\w+Host\$/.test(urn); // a program of Slipway's own
    if (kind && !isOfEngine) parts.set(urn, { id: urn, kind, name: kind === "url" ? hostnamesIn(inputs) || name : name });
  }
  const found = new Map<string, Impact[]>();
  for (const { step, impact, findings } of impacts) {
    if (findings.length === 0) continue;
    const owner = ownerOf(step.urn, step.parent);
    found.set(owner, [...(found.get(owner) ?? []), impact]);
  }
  const marked = [...parts.values()].map((part) => (found.has(part.id) ? { ...part, impact: worst(found.get(part.id)!) } : part));
  const others = found.get(other);
  if (others)
    marked.push({
      id: other,
      kind: "other",
      name: `${others.length} other ${others.length === 1 ? "resource" : "resources"}`,
      impact: worst(others),
    });
  return { parts: marked, arrows: arrowsOf(marked, serviceOf) };

  /** The service behind a URL: what it is in, or on Swarm, where the proxy has all routes, the one that it is named after. */
  function serviceOf(url: string): string {
    const named = /-routes-(.+)$/.exec(url.split("::").at(-1)!)?.[1];
    const service = [...parts.values()].find(({ kind, name }) => kind === "service" && name === named);
    return service?.id ?? ownerOf(all.get(url)?.parent ?? "", undefined);
  }

  /** The part that a resource is, or is in; an Ingress is a part of its own. */
  function ownerOf(urn: string, parent: string | undefined): string {
    for (let at: string | undefined = urn, above = parent; at; at = above ?? all.get(at)?.parent, above = undefined)
      if (parts.has(at)) return at;
    return other;
  }
}

const other = "other";

/** Image → registry → cluster → service → URL. */
function arrowsOf(parts: Part[], serviceOf: (url: string) => string): [string, string][] {
  const of = (kind: Part["kind"]) => parts.filter((part) => part.kind === kind);
  const arrows: [string, string][] = [];
  const connect = (from: Part[], to: Part[]) => arrows.push(...from.flatMap(({ id }) => to.map((part): [string, string] => [id, part.id])));
  for (const image of of("image")) {
    const own = of("registry").filter(({ name }) => name === image.name);
    connect([image], own.length > 0 ? own : of("registry"));
  }
  connect(of("network"), of("cluster"));
  const places = [...of("cluster"), ...of("engine")];
  const registries = of("registry");
  if (places.length > 0) {
    connect(registries, places);
    connect(places, of("service"));
  } else connect(registries, of("service"));
  for (const url of of("url")) {
    const service = serviceOf(url.id);
    if (parts.some(({ id }) => id === service)) arrows.push([service, url.id]);
  }
  return arrows;
}

function hostnamesIn(inputs: Review["resources"][number]["inputs"]): string {
  return [...new Set(hostsIn(inputs).filter((host) => typeof host === "string"))].join(", ");
}
