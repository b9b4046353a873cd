import { Display } from "./display.ts";
import { differences, type Properties } from "../lib/values.ts";
import type { Stack } from "../config/stack-file.ts";
import type { StateStore } from "./state/store.ts";

/** A preview by the embedded engine, in the form of `pulumi preview --json`: one step for each resource. */
export async function previewAsJson(stack: Stack, store?: StateStore): Promise<string> {
  const { preview } = await import("./main.ts");
  const plan = new Plan(process.stderr);
  await preview(stack, plan, store);
  return JSON.stringify({ steps: plan.steps, diagnostics: plan.diagnostics, changeSummary: plan.changeSummary });
}

type Planned = Parameters<Display["planned"]>;

/** Collects steps instead of printing them. */
class Plan extends Display {
  readonly steps: Properties[] = [];
  readonly diagnostics: Properties[] = [];
  readonly changeSummary: Record<string, number> = {};

  override planned(...[operation, goal, old, change]: Planned): void {
    // Pulumi plans the deletion of a retained resource, too.
    const op = operation === "retain" ? "delete" : operation;
    this.changeSummary[op] = (this.changeSummary[op] ?? 0) + 1;
    const { urn } = (goal ?? old)!;
    // Pulumi sets this if the old resource is deleted before the new one is created.
    const oldState = old && { ...old, pendingReplacement: change?.kind === "replace" && change.deleteFirst === true };
    this.steps.push({ op, urn, oldState, newState: goal, detailedDiff: detailedDiff(operation, goal, old, change) });
  }

  override failed(resource: string, error: Error): void {
    this.diagnostics.push({ severity: "error", message: `${resource}: ${error.message}` });
  }

  override summary(): void {}
}

/** The properties in which the inputs differ, and those in which the provider found drift. */
function detailedDiff(...[op, goal, old, change]: Planned): Properties | undefined {
  if (!goal || !old || op === "same") return undefined;
  const because = change && "because" in change ? change.because : [];
  const paths = new Set([...differences(old.inputs, goal.inputs).map(({ path }) => path), ...because]);
  return Object.fromEntries(
    [...paths].map((path) => [path, { kind: op === "replace" && because.includes(path) ? "update-replace" : "update" }]),
  );
}
