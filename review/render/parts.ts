import type { Registered } from "./registrations.ts";

/** Folders of parts. */
export const PartKind = {
  /** What belongs to no service, such as the namespace. It comes first. */
  Stack: "stack",
  Service: "services",
  Job: "jobs",
  /** Objects of the user's program that depend on services or jobs. They come last. */
  Rest: "rest",
} as const;
export type PartKind = (typeof PartKind)[keyof typeof PartKind];

/** Objects that are applied together: those of a service or of a job, or those that belong to neither. */
export interface Part {
  kind: PartKind;
  /** Name of the service or job. Services and jobs have different names. Empty for the others. */
  name: string;
  resources: Registered[];
  /** Names of the services and jobs that come before. */
  after: string[];
}

const kinds: Record<string, PartKind> = { "slipway:index:WebService": PartKind.Service, "slipway:index:Job": PartKind.Job };

/** The parts of a stack: first what belongs to no service or job, then these, each behind those that it is after. */
export function partsOf(resources: Registered[]): Part[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const ownerOf = (resource: Registered | undefined): Registered | undefined =>
    resource === undefined || kinds[resource.type] !== undefined ? resource : ownerOf(byUrn.get(resource.parent ?? ""));
  const owners = new Map(resources.map((resource) => [resource, ownerOf(resource)]));

  /** The services and jobs that resources depend on, directly or through resources that belong to none. */
  const behind = (own: Registered[], self: Registered | undefined): string[] => {
    const [found, seen] = [new Set<string>(), new Set<string>()];
    const follow = (urn: string) => {
      const resource = byUrn.get(urn);
      if (resource === undefined || seen.has(urn)) return;
      seen.add(urn);
      const owner = owners.get(resource);
      if (owner !== undefined && owner !== self) found.add(owner.name);
      else for (const next of resource.dependencies ?? []) follow(next);
    };
    for (const { dependencies = [] } of own) for (const urn of dependencies) follow(urn);
    return [...found].sort();
  };

  const units = resources.flatMap((resource): Part[] => {
    const kind = kinds[resource.type];
    if (kind === undefined) return [];
    const own = resources.filter((one) => owners.get(one) === resource);
    return [{ kind, name: resource.name, resources: own, after: behind(own, resource) }];
  });
  const unowned = resources.filter((resource) => owners.get(resource) === undefined);
  const late = unowned.filter((resource) => behind([resource], undefined).length > 0);
  const early = unowned.filter((resource) => !late.includes(resource));
  return [
    { kind: PartKind.Stack, name: "", resources: early, after: [] },
    ...inOrder(units),
    ...(late.length > 0 ? [{ kind: PartKind.Rest, name: "", resources: late, after: behind(late, undefined) }] : []),
  ];
}

/** How many others come before a part at most: 0 for the first one. The rest comes after everything. */
export function stagesOf(parts: Part[]): Map<Part, number> {
  const byName = new Map(parts.map((part) => [part.name, part]));
  const stages = new Map<Part, number>();
  const stageOf = (part: Part): number => {
    const known = stages.get(part);
    if (known !== undefined) return known;
    const before =
      part.kind === PartKind.Rest ? parts.filter((other) => other !== part) : part.after.flatMap((name) => byName.get(name) ?? []);
    const stage = part.kind === PartKind.Stack ? 0 : Math.max(0, ...before.map(stageOf)) + 1;
    stages.set(part, stage);
    return stage;
  };
  for (const part of parts) stageOf(part);
  return stages;
}

function inOrder(units: Part[]): Part[] {
  const stages = stagesOf(units);
  return units.toSorted((a, b) => stages.get(a)! - stages.get(b)! || (a.name < b.name ? -1 : 1));
}
