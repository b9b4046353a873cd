import type { ResourceState } from "./checkpoint.ts";

/** A change of a state: what a resource is now, or the URN of one that was removed. */
export type StateChange = { set: ResourceState } | { remove: string };

/** The resources of a stack by URN, which remembers what has changed. A resource that is changed in place must be set again. */
export class TrackedResources extends Map<string, ResourceState> {
  /** What happened to each URN: whether it was removed, and then perhaps set. In an order that gives the resources the same order. */
  private changed: Map<string, boolean> | undefined;

  constructor(resources: Iterable<ResourceState>) {
    super([...resources].map((resource) => [resource.urn, resource]));
    this.changed = new Map();
  }

  override set(urn: string, resource: ResourceState): this {
    // The constructor of Map calls this before there are fields.
    if (this.changed !== undefined) {
      const wasRemoved = this.changed.get(urn) ?? false;
      if (!this.has(urn)) this.changed.delete(urn);
      this.changed.set(urn, wasRemoved);
    }
    return super.set(urn, resource);
  }

  /** Replaces a resource by one that is stored the same. */
  replace(urn: string, resource: ResourceState): void {
    super.set(urn, resource);
  }

  override delete(urn: string): boolean {
    if (!this.has(urn)) return false;
    this.changed?.delete(urn);
    this.changed?.set(urn, true);
    return super.delete(urn);
  }

  /** The changes since the last call. */
  takeChanges(): StateChange[] {
    const changes = [...this.changed!].flatMap(([urn, wasRemoved]): StateChange[] => {
      const resource = this.get(urn);
      return [...(wasRemoved ? [{ remove: urn }] : []), ...(resource ? [{ set: resource }] : [])];
    });
    this.changed!.clear();
    return changes;
  }
}

/** The resources after changes. */
export function withChanges(resources: ResourceState[], changes: StateChange[]): ResourceState[] {
  if (changes.length === 0) return resources;
  const all = new Map(resources.map((resource) => [resource.urn, resource]));
  for (const change of changes) {
    if ("set" in change) all.set(change.set.urn, change.set);
    else all.delete(change.remove);
  }
  return [...all.values()];
}
