import { Display, type Operation, type Planned } from "./display.ts";
import { differences, plain } from "./values.ts";

/** Writes down what a preview would do, in the form of `pulumi preview --json`, instead of telling it. Secrets are masked. */
export class PlanDisplay extends Display {
  readonly plan = { steps: [] as object[], diagnostics: [] as object[], changeSummary: {} as Partial<Record<Operation, number>> };

  override planned(op: Operation, resource: Planned, old?: Planned, because: string[] = []): void {
    const { steps, changeSummary } = this.plan;
    changeSummary[op] = (changeSummary[op] ?? 0) + 1;
    const state = (of: Planned | undefined) => of && { inputs: plain(of.inputs, "[secret]") };
    const changes = old && (op === "update" || op === "replace") ? differences(old.inputs, resource.inputs) : [];
    const kind = (path: string) => (because.includes(path) ? "update-replace" : "update");
    steps.push({
      op,
      urn: resource.urn,
      oldState: op === "delete" ? state(resource) : state(old),
      newState: op === "delete" ? undefined : state(resource),
      detailedDiff: Object.fromEntries(changes.map(({ path }) => [path, { kind: kind(path) }])),
      replaceReasons: op === "replace" ? because : undefined,
    });
  }

  override failed(resource: string, error: Error): void {
    this.plan.diagnostics.push({ severity: "error", message: `${resource}: ${error.message}` });
  }

  override summary(): void {
    // The plan has it.
  }
}
