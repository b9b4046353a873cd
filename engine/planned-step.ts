import { differences, type Properties } from "../lib/values.ts";
import type { Operation } from "./display.ts";
import type { Change } from "./provider.ts";
import type { ResourceState } from "./state/checkpoint.ts";

/** What is to be done with a resource, or was. */
export interface PlannedStep {
  operation: Operation;
  /** @default - the resource is deleted */
  goal?: Omit<ResourceState, "outputs">;
  /** @default - the resource is created */
  old?: ResourceState;
  /** What the provider found. */
  change?: Change;
}

/** A step in the form of `pulumi preview --json`. */
export interface JsonStep {
  op: string;
  urn: string;
  oldState?: ResourceState & { pendingReplacement: boolean };
  newState?: Omit<ResourceState, "outputs">;
  detailedDiff?: Record<string, { kind: string }>;
}

export function asJson(step: PlannedStep): JsonStep {
  const { operation, goal, old, change } = step;
  return {
    // Pulumi plans the deletion of a retained resource, too.
    op: operation === "retain" ? "delete" : operation,
    urn: (goal ?? old)!.urn,
    // Pulumi sets pendingReplacement if the old resource is deleted before the new one is created.
    oldState: old && { ...old, pendingReplacement: change?.kind === "replace" && change.deleteFirst === true },
    newState: goal,
    detailedDiff: detailedDiff(step),
  };
}

/** The properties in which the inputs differ, and those in which the provider found drift. */
function detailedDiff({ operation, goal, old, change }: PlannedStep): Record<string, { kind: string }> | undefined {
  if (!goal || !old || operation === "same") return undefined;
  const because = change && "because" in change ? change.because : [];
  const paths = new Set([...differences(old.inputs, goal.inputs as Properties).map(({ path }) => path), ...because]);
  return Object.fromEntries(
    [...paths].map((path) => [path, { kind: operation === "replace" && because.includes(path) ? "update-replace" : "update" }]),
  );
}
