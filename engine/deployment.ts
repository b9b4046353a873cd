import { isDeepStrictEqual } from "node:util";
import parseDuration from "parse-duration";
import { valuesAt, type Path } from "../lib/property-path.ts";
import { UserError } from "../lib/user-error.ts";
import { decrypted, isReplaced, providerUrn, type Checkpoint, type ResourceState } from "./state/checkpoint.ts";
import type { Display } from "./display.ts";
import type { PlannedStep } from "./planned-step.ts";
import { NotReady, previewOnly, type Context, type Provider } from "./provider.ts";
import { has, isSecret, plain, secret, type Properties } from "../lib/values.ts";

/** A resource as the program registers it. */
export interface Goal extends Omit<ResourceState, "outputs" | "id" | "initErrors"> {
  /** Former URNs. */
  aliases: string[];
  additionalSecretOutputs: string[];
  timeouts: { create?: string; update?: string };
  /** Whether a replacement deletes the old resource first. @default - the provider decides */
  deleteBeforeReplace?: boolean;
  /** Paths in the inputs whose changes are ignored, and those whose changes replace the resource. A part `*` matches any key and index. */
  ignoreChanges?: Path[];
  replaceOnChanges?: Path[];
}

/** Whoever records the steps of a deployment. */
export interface StepRecord {
  /** Awaited before the first change. */
  begin(): Promise<void>;
  /** A step that was made, or a resource that is unchanged. */
  made(step: PlannedStep): void;
  failed(step: PlannedStep): void;
}

export interface DeploymentOptions {
  preview: boolean;
  /** @default - nothing records the steps */
  record?: StepRecord | undefined;
}

/** Deploys the resources that a program registers. In the end it deletes those that are no longer registered. */
export class Deployment {
  readonly checkpoint: Checkpoint;
  private readonly display: Display;
  private readonly preview: boolean;
  private readonly stepRecord: StepRecord | undefined;
  private readonly registered = new Map<string, ResourceState>();
  private readonly inProgress = new Set<Promise<unknown>>();
  private readonly stop = new AbortController();
  private readonly reported = new Set<string>();

  constructor(checkpoint: Checkpoint, display: Display, { preview, record }: DeploymentOptions) {
    this.checkpoint = checkpoint;
    this.display = display;
    this.preview = preview;
    this.stepRecord = record;
  }

  get failed(): boolean {
    return this.stop.signal.aborted;
  }

  /** Reports a failure, each message once. Steps in progress are completed, but nothing waits for readiness any more. */
  fail(what: string, error: Error): void {
    if (!this.reported.has(error.message)) this.display.failed(what, error);
    this.reported.add(error.message);
    this.stop.abort(new UserError("stopped waiting, because the run failed."));
  }

  find(urn: string | undefined): ResourceState | undefined {
    return this.registered.get(urn ?? "") ?? this.checkpoint.resources.get(urn ?? "");
  }

  /** Gives a component the outputs that it registers after its resources. The next write of the state stores them. */
  setOutputs(state: ResourceState, outputs: Properties): void {
    const isSame = JSON.stringify(state.outputs) === JSON.stringify(outputs);
    state.outputs = outputs;
    if (!this.preview && !isSame) this.checkpoint.resources.set(state.urn, state);
  }

  /** Creates, updates or replaces a resource as needed. A preview changes nothing and predicts the outputs. */
  async register(goal: Goal): Promise<ResourceState> {
    if (this.registered.has(goal.urn)) throw new UserError("is registered twice. Give every resource of a type and parent its own name.");
    const work = this.applyAndRecord({ ...goal, deletedWith: goal.deletedWith ?? this.find(goal.parent)?.deletedWith });
    this.inProgress.add(work);
    return work.finally(() => this.inProgress.delete(work));
  }

  private async applyAndRecord(goal: Goal): Promise<ResourceState> {
    const state = await this.apply(goal);
    this.registered.set(goal.urn, state);
    // Nothing is written for a resource that is unchanged. Compared as text, because in the file there are no undefined values.
    const { resources } = this.checkpoint;
    if (JSON.stringify(resources.get(goal.urn)) !== JSON.stringify(state)) await this.record(() => resources.set(goal.urn, state));
    else if (!this.preview) resources.replace(goal.urn, state);
    return state;
  }

  /** Waits until no step is in progress. */
  async settle(): Promise<void> {
    while (this.inProgress.size > 0) await Promise.allSettled(this.inProgress);
  }

  /** Deletes the resources that the program did not register. */
  async deleteUnregistered(): Promise<void> {
    await this.deleteAll([...this.checkpoint.resources.values()].filter((r) => !this.registered.has(r.urn)));
  }

  /** Deletes the old resources of replacements. */
  async deleteReplaced(): Promise<void> {
    await this.deleteAll([...this.checkpoint.resources.values()].filter(isReplaced));
  }

  private async apply({ aliases, additionalSecretOutputs, timeouts, ...registered }: Goal): Promise<ResourceState> {
    const { deleteBeforeReplace, ignoreChanges = [], replaceOnChanges = [], ...goal } = registered;
    // A component registers its outputs later. Until then, those of the last run apply.
    if (!goal.custom) return { ...goal, outputs: this.find(goal.urn)?.outputs ?? {} };
    if (!isReal(goal)) return { ...goal, outputs: goal.inputs, id: "provider" };
    const provider = await providerOf(goal.type);
    const { resources } = this.checkpoint;
    const urn = [goal.urn, ...aliases].find((u) => resources.has(u)) ?? goal.urn;
    const old = resources.get(urn);
    if (old && !old.creating) goal.inputs = withIgnoredChanges(goal.inputs, old.inputs, ignoreChanges);
    const inputs = plain(goal.inputs);
    const context = this.context(goal, old?.creating ? (old.id ?? "") : undefined);
    const found = old && !old.creating ? await provider.diff(decrypted(old), inputs, context) : undefined;
    const replaces = found?.kind === "update" && hasChange(plain(old!.inputs), inputs, replaceOnChanges);
    const asked = replaces ? { ...found, kind: "replace" as const } : found;
    const change = asked?.kind === "replace" ? { ...asked, deleteFirst: deleteBeforeReplace ?? asked.deleteFirst } : asked;
    if (urn !== goal.urn) await this.record(() => resources.delete(urn));
    if (old && change?.kind === "same" && !old.initErrors) {
      this.display.planned("same", goal, old);
      this.stepRecord?.made({ operation: "same", goal, old });
      return { ...goal, id: old.id, outputs: old.outputs };
    }
    const operation = !change || change.kind === "gone" ? "create" : change.kind === "replace" ? "replace" : "update";
    const isSecretOutput = (key: string) => additionalSecretOutputs.includes(key) || has(goal.inputs[key], isSecret);
    const marked = ([key, value]: [string, unknown]) => [key, isSecretOutput(key) ? secret({ value }) : value];
    const state = (id: string | undefined, outputs: Properties) => ({
      ...goal,
      id,
      outputs: Object.fromEntries(Object.entries(outputs).map(marked)),
    });
    const execute = async (stepContext: Context): Promise<ResourceState> => {
      if (old && operation === "update") return state(old.id, await provider.update(decrypted(old), inputs, stepContext));
      const { id, outputs } = await provider.create(goal.type, inputs, stepContext);
      return state(id, outputs);
    };
    if (this.preview) {
      this.display.planned(operation, goal, operation === "create" ? undefined : old, change);
      return execute(context);
    }
    const step = { operation, goal, old: operation === "create" ? undefined : old, change } as const;
    return this.recorded(step, label(goal), async (progress) => {
      const timeoutSeconds = parseDuration(timeouts[operation === "update" ? "update" : "create"] || "10m", "s") ?? undefined;
      const creating = (id = inputs.name) => this.record(() => resources.set(goal.urn, { ...state(id, {}), creating: true }));
      if (old && change?.kind === "replace" && change.deleteFirst) {
        await this.deleteAll(this.usersOf(old));
        if (old.retainOnDelete !== true) await provider.delete(decrypted(old), { ...context, progress });
      } else if (old && operation === "replace") {
        // The old resource stays until the end of the run, in the state under its own name.
        const replaced = { ...old, urn: `${goal.urn}#${old.id?.slice(0, 7)}` };
        await this.record(() => resources.set(replaced.urn, replaced));
      }
      return execute({ ...context, progress, timeoutSeconds, creating }).catch(async (error) => {
        if (error instanceof NotReady)
          await this.record(() => resources.set(goal.urn, { ...state(error.id, error.outputs), initErrors: [error.message] }));
        throw error;
      });
    });
  }

  /** Makes a step that changes something. */
  private async recorded<T>(step: PlannedStep, resource: string, work: (progress: (what: string) => void) => Promise<T>): Promise<T> {
    await this.stepRecord?.begin();
    try {
      const result = await this.display.step(step.operation, resource, work);
      this.stepRecord?.made(step);
      return result;
    } catch (error) {
      this.stepRecord?.failed(step);
      throw error;
    }
  }

  /** The resources of the same package that must be deleted before a resource that they use is replaced. */
  private usersOf(used: ResourceState): ResourceState[] {
    const samePackage = (r: ResourceState) => isReal(r) && r.type.split(":")[0] === used.type.split(":")[0];
    return [...this.checkpoint.resources.values()].filter((r) => samePackage(r) && (r.uses ?? r.dependencies).includes(used.urn));
  }

  /** Deletes resources, dependents first. */
  private async deleteAll(resources: ResourceState[]): Promise<void> {
    const all = new Set(resources.map((r) => r.urn));
    for (let left = resources; left.length > 0;) {
      const needed = new Set(left.flatMap((r) => [...r.dependencies, r.parent, r.deletedWith, providerUrn(r)]));
      const isNeeded = ({ urn }: ResourceState) => needed.has(String(urn.split("#")[0]));
      const next = left.filter((r) => !isNeeded(r));
      const results = await Promise.allSettled(next.map((r) => this.delete(r, all.has(r.deletedWith ?? ""))));
      for (const result of results) if (result.status === "rejected") throw result.reason;
      left = left.filter(isNeeded);
    }
  }

  /** Deletes a resource. One that is deleted together with another, or retained, is only removed from the state. */
  private async delete(state: ResourceState, withAnother: boolean): Promise<void> {
    const step = { operation: state.retainOnDelete === true ? "retain" : "delete", old: state } as const;
    if (step.operation === "retain" || (isReal(state) && (this.preview || withAnother))) {
      this.display.planned(step.operation, undefined, state);
      if (!this.preview) this.stepRecord?.made(step);
    } else if (isReal(state)) {
      const provider = await providerOf(state.type);
      const work = this.recorded(step, label(state), (progress) => provider.delete(decrypted(state), { ...this.context(state), progress }));
      await work.catch((error) => Promise.reject(new UserError(`${label(state)}: ${error.message}`)));
    }
    await this.record(() => this.checkpoint.resources.delete(state.urn));
  }

  private context(resource: { urn: string; provider?: string }, interrupted?: string): Context {
    const settings = plain(this.find(providerUrn(resource))?.inputs ?? {});
    const name = String(resource.urn.split("::").at(-1));
    return { preview: this.preview, settings, name, interrupted, signal: this.stop.signal, progress: () => {}, creating: async () => {} };
  }

  private async record(change: () => void): Promise<void> {
    if (this.preview) return;
    change();
    await this.checkpoint.save();
  }
}

/** Loads a provider at the first resource of its package, because its client takes time to load. */
export async function providerOf(type: string): Promise<Provider> {
  if (type.startsWith("docker:")) return (await import("./docker/provider.ts")).dockerProvider;
  if (type.startsWith("kubernetes:")) return (await import("./kubernetes/provider.ts")).kubernetesProvider;
  if (type.startsWith("pulumi-nodejs:")) return (await import("./dynamic-provider.ts")).dynamicProvider;
  return previewOnly(type);
}

/** Whether a resource exists outside the program: neither a component nor a provider. */
export function isReal({ custom, type }: { custom: boolean; type: string }): boolean {
  return custom && !type.startsWith("pulumi:providers:");
}

/** The inputs with the last run's values at the paths. */
function withIgnoredChanges(inputs: Properties, last: Properties, paths: Path[]): Properties {
  return paths.reduce<Properties>((changed, path) => withValuesOf(changed, last, path) as Properties, inputs);
}

function withValuesOf(value: unknown, last: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return last;
  if (!isObject(value) || !isObject(last)) return value;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const keys = key === "*" ? new Set([...Object.keys(value), ...Object.keys(last)]) : [String(key)];
  for (const k of keys) {
    const ignored = withValuesOf(value[k], last[k], rest);
    if (ignored === undefined) delete (copy as Properties)[k];
    else (copy as Properties)[k] = ignored;
  }
  return copy;
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null;
}

/** Whether values at the paths differ. */
function hasChange(before: Properties, after: Properties, paths: Path[]): boolean {
  return paths.some((path) => {
    const pattern = path.map(String);
    return !isDeepStrictEqual(valuesAt(before, pattern), valuesAt(after, pattern));
  });
}

/** Short type and name: `docker:Container web`. */
export function label({ type, urn }: { type: string; urn: string }): string {
  return `${type.replace(/:index\/\w+|(?<=^aws:\w+)\/\w+|^pulumi-nodejs:dynamic\//, "")} ${urn.split("::").at(-1)}`;
}
