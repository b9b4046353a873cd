import { UserError } from "../components/internal/user-error.ts";
import type { Checkpoint, ResourceState } from "./checkpoint.ts";
import type { Display } from "./display.ts";
import { uses } from "./providers/docker.ts";
import { NotReady, type Change, type Context, type Properties, type Provider } from "./providers/provider.ts";
import { differences, hasSecret, isSecret, plain, secret, unknown, type Value } from "./values.ts";

/** A resource as the program registers it. */
export interface Goal extends Omit<ResourceState, "outputs" | "id"> {
  /** URNs that it went by before. */
  aliases: string[];
  additionalSecretOutputs: string[];
  timeouts: { create?: string; update?: string; delete?: string };
}

/** Carries out what a program registers, resource by resource, and in the end deletes what it no longer does. */
export class Deployment {
  readonly checkpoint: Checkpoint;
  readonly display: Display;
  private readonly preview: boolean;
  /** What this run has dealt with, by URN. */
  private readonly registered = new Map<string, ResourceState>();
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly stop = new AbortController();

  constructor(checkpoint: Checkpoint, display: Display, preview: boolean) {
    this.checkpoint = checkpoint;
    this.display = display;
    this.preview = preview;
  }

  get failed(): boolean {
    return this.stop.signal.aborted;
  }

  /** What is under way is still done, but no longer waited for to be ready. */
  fail(type: string, name: string, error: Error): void {
    this.display.failed(type, name, error);
    this.stop.abort();
  }

  /** Brings a resource to what the program wants. In a preview nothing is changed, and the outputs are foretold. */
  register(goal: Goal): Promise<ResourceState> {
    const work = this.reach(goal).catch((error) => {
      this.fail(goal.type, nameOf(goal.urn), error);
      throw error;
    });
    this.underWay.add(work);
    work.catch(() => {}).finally(() => this.underWay.delete(work));
    return work;
  }

  /** Waits until nothing is under way. */
  async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
  }

  /** Deletes what the program did not register, dependents first. */
  async deleteLeftovers(): Promise<void> {
    const leftovers = [...this.checkpoint.resources.values()].filter((r) => !this.registered.has(r.urn));
    await this.deleteAll(leftovers);
  }

  find(urn: string): ResourceState | undefined {
    return this.registered.get(urn) ?? this.checkpoint.resources.get(urn);
  }

  private async reach(goal: Goal): Promise<ResourceState> {
    if (this.registered.has(goal.urn)) throw new UserError(`${goal.urn} is registered twice; names must be unique per type and parent`);
    const inherited = { ...goal, deletedWith: goal.deletedWith ?? (goal.parent && this.find(goal.parent)?.deletedWith) };
    const state = goal.custom && !goal.type.startsWith("pulumi:providers:") ? await this.reachCustom(inherited) : { ...stateOf(inherited), outputs: goal.inputs, id: goal.custom ? "provider" : undefined };
    this.registered.set(goal.urn, state);
    if (!this.preview) {
      this.checkpoint.resources.set(goal.urn, state);
      this.checkpoint.save();
    }
    return state;
  }

  private async reachCustom(goal: Goal): Promise<ResourceState> {
    const provider = await providerFor(goal.type);
    const inputs = plain<Properties>(goal.inputs);
    const earlier = [goal.urn, ...goal.aliases].find((urn) => this.checkpoint.resources.has(urn));
    const old = earlier === undefined ? undefined : this.checkpoint.resources.get(earlier);
    if (earlier !== undefined && earlier !== goal.urn && !this.preview) this.checkpoint.resources.delete(earlier);
    const known = old && { ...old, inputs: plain<Properties>(old.inputs), outputs: plain<Properties>(old.outputs) };
    const context = this.context(goal);
    const live = known && (await provider.read(known, context));
    const operation = known && live ? await this.change(provider, known, live, inputs, context) : ({ kind: "create" } as const);
    const withOutputs = (id: string | undefined, outputs: Properties): ResourceState => ({ ...stateOf(goal), id, outputs: keepSecrets(goal, outputs) });

    if (this.preview || operation.kind === "same") {
      const changes = operation.kind === "same" || !old ? [] : differences(old.inputs, goal.inputs);
      this.display.planned(operation.kind, goal.type, nameOf(goal.urn), changes);
      if (operation.kind === "same") return withOutputs(old!.id, known!.outputs);
      const survives = operation.kind === "update";
      return withOutputs(survives ? old!.id : unknown, await provider.foretell(survives ? known : undefined, goal.type, inputs, context));
    }

    return this.display.step(operation.kind, goal.type, nameOf(goal.urn), async (progress) => {
      const watched = { ...context, progress, timeoutSeconds: seconds(goal.timeouts[operation.kind === "update" ? "update" : "create"]) };
      try {
        if (operation.kind === "update") return withOutputs(known!.id, await provider.update(known!, inputs, watched));
        if (operation.kind === "replace") await this.deleteForReplacement(old!);
        this.checkpoint.pending.add(goal.urn);
        this.checkpoint.save();
        const { id, outputs } = await provider.create(goal.type, inputs, watched);
        this.checkpoint.pending.delete(goal.urn);
        return withOutputs(id, outputs);
      } catch (error) {
        if (error instanceof NotReady) {
          this.checkpoint.pending.delete(goal.urn);
          this.checkpoint.resources.set(goal.urn, { ...withOutputs(error.id, error.outputs), initErrors: [error.message] });
          this.checkpoint.save();
        }
        throw error;
      }
    });
  }

  private async change(provider: Provider, old: ResourceState, live: Properties, inputs: Properties, context: Context): Promise<Change> {
    const change = await provider.diff(old, live, inputs, context);
    return change.kind === "same" && old.initErrors ? { kind: "update", reasons: ["it was not ready"] } : change;
  }

  /** Deletes a resource that will be made anew, and before it what cannot be while it is used. */
  private async deleteForReplacement(old: ResourceState): Promise<void> {
    const users = [...this.checkpoint.resources.values()].filter((r) => uses(r, old));
    await this.deleteAll(users);
    await this.deleteOne(old, false);
  }

  private async deleteAll(resources: ResourceState[]): Promise<void> {
    const left = new Map(resources.map((r) => [r.urn, r]));
    const gone = new Set(left.keys());
    while (left.size > 0) {
      const needed = new Set([...left.values()].flatMap((r) => [...r.dependencies, r.parent, r.provider?.split("::").slice(0, -1).join("::"), r.deletedWith]));
      const next = [...left.values()].filter((r) => !needed.has(r.urn));
      if (next.length === 0) throw new Error(`these resources depend on each other in a circle: ${[...left.keys()].join(", ")}`);
      const results = await Promise.allSettled(next.map((r) => this.deleteOne(r, r.deletedWith !== undefined && gone.has(r.deletedWith))));
      for (const r of next) left.delete(r.urn);
      if (results.some((r) => r.status === "rejected")) return;
    }
  }

  /** Deletes a resource; one that goes with another that is deleted too is only forgotten. */
  private async deleteOne(state: ResourceState, goesWithAnother: boolean): Promise<void> {
    const real = state.custom && !state.type.startsWith("pulumi:providers:");
    const name = nameOf(state.urn);
    try {
      if (real && (this.preview || goesWithAnother)) this.display.planned("delete", state.type, name);
      else if (real) {
        const provider = await providerFor(state.type);
        const known = { ...state, inputs: plain<Properties>(state.inputs), outputs: plain<Properties>(state.outputs) };
        await this.display.step("delete", state.type, name, (progress) => provider.delete(known, { ...this.context(state), progress }));
      }
    } catch (error) {
      this.fail(state.type, name, error as Error);
      throw error;
    }
    if (this.preview) return;
    this.checkpoint.resources.delete(state.urn);
    this.checkpoint.save();
  }

  private context(resource: { urn: string; provider?: string }): Context {
    const settings = this.find(resource.provider?.split("::").slice(0, -1).join("::") ?? "")?.inputs ?? {};
    return { preview: this.preview, name: nameOf(resource.urn), settings: plain(settings), interrupted: this.checkpoint.pending.has(resource.urn), signal: this.stop.signal, progress: () => {} };
  }
}

/** Loads a provider when the first resource of its package comes, for its client takes time to load. */
async function providerFor(type: string): Promise<Provider> {
  switch (type.split(":")[0]) {
    case "docker":
      return (await import("./providers/docker.ts")).dockerProvider;
    case "kubernetes":
      return (await import("./providers/kubernetes.ts")).kubernetesProvider;
    case "pulumi-nodejs":
      return (await import("./providers/dynamic.ts")).dynamicProvider;
    default:
      throw new UserError(`The embedded engine has no provider for ${type}. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).`);
  }
}

function stateOf({ aliases: _aliases, additionalSecretOutputs: _secrets, timeouts: _timeouts, ...goal }: Goal): Omit<ResourceState, "outputs"> {
  return goal;
}

/** Marks outputs as secret whose inputs are, or that the program wants to be. */
function keepSecrets(goal: Goal, outputs: Properties): Record<string, Value> {
  const isToBe = (key: string, value: Value) => !isSecret(value) && value !== undefined && (goal.additionalSecretOutputs.includes(key) || hasSecret(goal.inputs[key]));
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, isToBe(key, value) ? secret(value) : value]));
}

function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** `2m30s` or `150s` in seconds. */
function seconds(duration: string | undefined): number | undefined {
  if (!duration) return undefined;
  const factors: Record<string, number> = { s: 1, m: 60, h: 3600 };
  return [...duration.matchAll(/([\d.]+)([smh])/g)].reduce((sum, [, n, unit]) => sum + Number(n) * factors[String(unit)]!, 0);
}
