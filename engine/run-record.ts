import { DeploymentResult, imagesIn, type ChangeCounts, type Deployment, type Origin } from "../lib/deployment-record.ts";
import { UserError } from "../lib/user-error.ts";
import { plain } from "../lib/values.ts";
import { asJson, type JsonStep, type PlannedStep } from "./planned-step.ts";
import type { ResourceState } from "./state/checkpoint.ts";
import type { HistoryStore } from "./state/history-store.ts";

/** What the record of a run has besides what the engine knows itself. */
export interface RunDescription {
  /** `up`, `rollback`, `drift --fix` or `down`. */
  command: string;
  /** Asked for at the start, and awaited before the first change. */
  origin: Promise<Origin>;
  /** What the steps of the run did to users. */
  judge: (steps: JsonStep[]) => Promise<Pick<Deployment, "impact" | "impacts" | "furtherImpacts" | "approvals">>;
}

/**
 * The record of a run in the history of its stack, while the stack is locked. It is stored before the first change, and completed in the end: the
 * next run marks one without an end as interrupted. A run that changes nothing and succeeds is not recorded.
 */
export class RunRecord {
  private readonly store: HistoryStore;
  private readonly run: RunDescription;
  private readonly began = new Date();
  private readonly beganMs = performance.now();
  private readonly steps: PlannedStep[] = [];
  private readonly failedSteps: PlannedStep[] = [];
  /** The history before this run, or why it is not known. */
  private readonly before: Promise<{ deployments: Deployment[]; interrupted: boolean } | Error>;
  private begun: Promise<void> | undefined;
  private stored: Deployment | undefined;

  constructor(store: HistoryStore, run: RunDescription) {
    this.store = store;
    this.run = run;
    this.before = store.load().then(withInterrupted, (error: Error) => error);
    // Somebody waits for it only if the run changes something.
    run.origin.catch(() => undefined);
  }

  /** To be awaited before anything is changed. @throws UserError if the lock is lost, or there is no key to encrypt the record. */
  begin(): Promise<void> {
    this.begun ??= this.write({ result: DeploymentResult.Running }).catch((error: Error) => {
      if (error instanceof UserError) throw error;
      warn("this run is not in the history", error);
    });
    return this.begun;
  }

  /** A step that was made, or a resource that is unchanged. */
  made(step: PlannedStep): void {
    // The old resource of a replacement that this run made: one step is enough.
    const [urn, replaced] = String((step.goal ?? step.old)?.urn).split("#");
    if (replaced !== undefined && this.steps.some(({ operation, goal }) => operation === "replace" && goal?.urn === urn)) return;
    this.steps.push(step);
  }

  failed(step: PlannedStep): void {
    this.failedSteps.push(step);
  }

  /** Completes the record. A failure is a warning, because the run itself has ended. */
  async end(succeeded: boolean, resources: Iterable<ResourceState> = []): Promise<void> {
    const before = await this.before;
    const hasChanged = this.steps.some(({ operation }) => operation !== "same");
    try {
      if (this.stored === undefined && succeeded && !hasChanged) {
        if (!(before instanceof Error) && before.interrupted) await this.store.save(before.deployments);
        return;
      }
      // begin() has said why this run is not recorded; and a run that failed with a wrong passphrase must leave the history as it is.
      if (this.stored === undefined && (this.begun !== undefined || before instanceof Error)) return;
      const all = [...this.steps, ...this.failedSteps];
      await this.write({
        result: succeeded ? DeploymentResult.Succeeded : DeploymentResult.Failed,
        seconds: Number(((performance.now() - this.beganMs) / 1000).toFixed(1)),
        changes: countsOf(this.steps, this.failedSteps),
        ...(all.some(({ operation }) => operation !== "same") && (await this.run.judge(all.map(asJson)))),
        ...(succeeded && imagesIn(outputsIn(resources))),
      });
    } catch (error) {
      warn("the history does not say how this run has ended", error as Error);
    }
  }

  private async write(facts: Pick<Deployment, "result"> & Partial<Deployment>): Promise<void> {
    const [earlier, origin] = [await this.earlier(), await this.run.origin];
    const id = (earlier[0]?.id ?? 0) + 1;
    const { command } = this.run;
    const record = { id, command, started: this.began.toISOString(), ...origin, ...facts };
    await this.store.save([record, ...earlier]);
    this.stored = record;
  }

  /** The deployments before this run. A history that cannot be read is put aside, because it must not stop a deployment. */
  private async earlier(): Promise<Deployment[]> {
    const before = await this.before;
    if (!(before instanceof Error)) return before.deployments;
    if (!(before instanceof UserError)) throw before;
    if (this.stored !== undefined) return [];
    const where = await this.store.setAside();
    process.stderr.write(`warning: a new history begins: ${before.message} It is kept in ${where}.\n`);
    return [];
  }
}

/** No run is in progress while the stack is locked, so one without an end was killed. */
function withInterrupted(loaded: Deployment[]): { deployments: Deployment[]; interrupted: boolean } {
  const isLeft = ({ result }: Deployment) => result === DeploymentResult.Running;
  const deployments = loaded.map((one) => (isLeft(one) ? { ...one, result: DeploymentResult.Interrupted } : one));
  return { deployments, interrupted: loaded.some(isLeft) };
}

function countsOf(steps: PlannedStep[], failed: PlannedStep[]): ChangeCounts {
  const count = (...operations: PlannedStep["operation"][]) => steps.filter(({ operation }) => operations.includes(operation)).length;
  return {
    created: count("create"),
    updated: count("update"),
    replaced: count("replace"),
    deleted: count("delete", "retain"),
    unchanged: count("same"),
    failed: failed.length,
  };
}

/** The outputs of the program. A secret is no image. */
function outputsIn(resources: Iterable<ResourceState>): Record<string, unknown> {
  return plain([...resources].find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {}, "");
}

function warn(what: string, error: Error): void {
  process.stderr.write(`warning: ${what}: ${error.message}\n`);
}
