import type { Registered } from "../render.ts";

/** Plants a misconfiguration into resources, which it may change. */
export type Change = (resources: Registered[]) => Registered[];

/** Changes the inputs of all resources of a kind, such as `Cluster`. */
export function change(kind: string, edit: (inputs: Registered["inputs"]) => unknown): Change {
  return (resources) => {
    for (const { inputs } of resources.filter(({ type }) => type.endsWith(`:${kind}`))) edit(inputs);
    return resources;
  };
}

/** Removes all resources of a kind. */
export function without(kind: string): Change {
  return (resources) => resources.filter(({ type }) => !type.endsWith(`:${kind}`));
}
