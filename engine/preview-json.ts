import { Display } from "./display.ts";
import { asJson, type JsonStep } from "./planned-step.ts";
import type { Properties } from "../lib/values.ts";
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
  readonly steps: JsonStep[] = [];
  readonly diagnostics: Properties[] = [];
  readonly changeSummary: Record<string, number> = {};

  override planned(...[operation, goal, old, change]: Planned): void {
    const step = asJson({ operation, goal, old, change });
    this.changeSummary[step.op] = (this.changeSummary[step.op] ?? 0) + 1;
    this.steps.push(step);
  }

  override failed(resource: string, error: Error): void {
    this.diagnostics.push({ severity: "error", message: `${resource}: ${error.message}` });
  }

  override summary(): void {}
}
