import { setTimeout } from "node:timers/promises";
import { Deployment, isReal, label, providerOf } from "./deployment.ts";
import type { Display } from "./display.ts";
import type { Context, Drift } from "./provider.ts";
import { Checkpoint, decrypted, isReplaced, providerUrn, type ResourceState } from "./state/checkpoint.ts";
import type { RunRecord } from "./run-record.ts";
import type { StateStore } from "./state/store.ts";
import { alignedWith } from "./kubernetes/alignment.ts";
import { has, isSecret, plain, secret, type Properties, type Value } from "../lib/values.ts";

/** A resource whose live object differs from the state. */
export interface DriftedResource {
  urn: string;
  type: string;
  parent: string | undefined;
  /** The name of the object where it is: `namespace/name` in Kubernetes. */
  id: string | undefined;
  drift: Exclude<Drift, { kind: "same" }>;
  /** The inputs in the state. Secrets are marked, here and in the drift. */
  inputs: Properties;
}

/** A resource that could not be compared. */
export interface Uncompared {
  urn: string;
  type: string;
  id: string | undefined;
  /** The inputs in the state. The problem may mention its secrets. */
  inputs: Properties;
  problem: string;
}

/** The live objects of a stack, compared with its state. */
export interface DriftResult {
  /** Number of resources that were compared. */
  compared: number;
  drifted: DriftedResource[];
  uncompared: Uncompared[];
}

/** Objects that are compared at the same time. A cluster answers more requests of one client no faster. */
const concurrency = 24;

/** Seconds until an object counts as not answered. Then nothing else is asked there. */
const timeoutSeconds = 20;

/** Compares the live objects with the state. Changes neither. */
export async function findDrift(resources: ResourceState[]): Promise<DriftResult> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const result: DriftResult = { compared: 0, drifted: [], uncompared: [] };
  const left = resources.filter((resource) => isReal(resource) && !isReplaced(resource));
  const silent = new Set<string | undefined>();
  const compareNext = async (): Promise<void> => {
    for (let resource = left.shift(); resource !== undefined; resource = left.shift()) {
      const { urn, type, id, parent, inputs } = resource;
      try {
        if (resource.creating) throw new Error("its creation was interrupted. Run slipway up, which completes it");
        const noAnswer = new Error(`no answer within ${timeoutSeconds} s`);
        const place = `${type.split(":")[0]} ${providerUrn(resource)}`;
        if (silent.has(place)) throw noAnswer;
        const drift = await within(timeoutSeconds, driftOf(resource, byUrn), () => {
          silent.add(place);
          return noAnswer;
        });
        result.compared++;
        if (drift.kind !== "same") result.drifted.push({ urn, type, id, parent, inputs, drift });
      } catch (error) {
        result.uncompared.push({ urn, type, id, inputs, problem: (error as Error).message });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, compareNext));
  const byPlace = (a: { urn: string }, b: { urn: string }) => (a.urn < b.urn ? -1 : 1);
  return { ...result, drifted: result.drifted.sort(byPlace), uncompared: result.uncompared.sort(byPlace) };
}

/** @throws what `onTimeout` returns if the work takes longer. It goes on, but nobody waits for it. */
async function within<T>(seconds: number, work: Promise<T>, onTimeout: () => Error): Promise<T> {
  const timeout = new AbortController();
  const expired = setTimeout(seconds * 1000, undefined, { signal: timeout.signal, ref: false }).then(() => Promise.reject(onTimeout()));
  try {
    return await Promise.race([work, expired]);
  } finally {
    expired.catch(() => undefined);
    timeout.abort();
  }
}

async function driftOf(resource: ResourceState, byUrn: Map<string, ResourceState>): Promise<Drift> {
  const provider = await providerOf(resource.type);
  const drift = await provider.drift(decrypted(resource), contextOf(resource, byUrn));
  if (drift.kind !== "changed") return drift;
  // The state says which values are secret, and so are those that live objects have instead.
  const marks = { ...resource.outputs, ...resource.inputs };
  const marked = (value: Properties) => withSecrets(value, alignedWith(drift.restored, marks)) as Properties;
  return { ...drift, live: marked(drift.live), restored: marked(drift.restored) };
}

function contextOf(resource: ResourceState, byUrn: Map<string, ResourceState>): Context {
  const settings = plain(byUrn.get(providerUrn(resource) ?? "")?.inputs ?? {});
  const name = String(resource.urn.split("::").at(-1));
  return { preview: true, settings, name, signal: new AbortController().signal, progress: () => {}, creating: async () => {} };
}

/** A value with secret marks where another one has them. */
function withSecrets(value: Value, marks: Value): Value {
  if (isSecret(marks)) return value === undefined ? value : secret({ value });
  if (value === null || typeof value !== "object" || marks === null || typeof marks !== "object") return value;
  if (Array.isArray(value)) return value.map((item, i) => withSecrets(item, (marks as Value[])[i]));
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, withSecrets(below, (marks as Properties)[key])]));
}

/** Resources that only a build can restore. */
export function needsBuild(type: string): boolean {
  return imageTypes.includes(type);
}

const dynamic = (kind: string) => `pulumi-nodejs:dynamic/slipway:${kind}`;
export const imageTypes = [
  "docker:index/image:Image",
  ...["RegistryPush", "NodeImage", "RegistryPresence", "SecretBuild", "ImageAttestations"].map(dynamic),
];

/**
 * Gives drifted objects the version in the state, dependencies first. The stack must be locked. What depends on them
 * gets their new ids, and is compared again. Images are not built.
 *
 * @returns false if one failed; the failure has been printed.
 */
export async function restore(store: StateStore, drifted: DriftedResource[], display: Display, record?: RunRecord): Promise<boolean> {
  const checkpoint = await Checkpoint.open(store);
  const deployment = new Deployment(checkpoint, display, { preview: false, record });
  const all = [...checkpoint.resources.values()].filter((resource) => !isReplaced(resource) && !resource.creating);
  const urns = new Set(drifted.map(({ urn }) => urn));
  const renamed = new Map<string, string>();
  /** Restored resources, and those that depend on them: a restoration may change those too, such as the routes to a container. */
  const touched = new Set<string | undefined>();
  const done = new Map<string, Promise<void>>();
  const restoreOne = async (resource: ResourceState): Promise<void> => {
    const { urn, dependencies, parent, deletedWith } = resource;
    const needed = [...dependencies, parent, deletedWith, providerUrn(resource)];
    await Promise.all(needed.map((other) => done.get(other ?? "") ?? Promise.resolve()));
    if (deployment.failed || !isReal(resource) || needsBuild(resource.type)) return;
    const inputs = withIds(resource.inputs, renamed) as Properties;
    if (!urns.has(urn) && checkpoint.resources.has(urn) && !dependencies.some((other) => touched.has(other))) return;
    touched.add(urn);
    const secretOutputs = Object.keys(resource.outputs).filter((key) => has(resource.outputs[key], isSecret));
    const goal = { ...goalOf(resource), inputs, aliases: [], additionalSecretOutputs: secretOutputs, timeouts: {} };
    try {
      rememberIds(resource, await deployment.register(goal), renamed);
    } catch (error) {
      deployment.fail(label(resource), error as Error);
    }
  };
  for (const resource of inOrder(all)) done.set(resource.urn, restoreOne(resource));
  await Promise.all(done.values());
  await deployment.settle();
  if (!deployment.failed) await deployment.deleteReplaced();
  await checkpoint.finish();
  if (!deployment.failed) await record?.end(true, all);
  display.summary(false);
  return !deployment.failed;
}

function goalOf({ outputs: _outputs, id: _id, initErrors: _initErrors, creating: _creating, ...goal }: ResourceState) {
  return goal;
}

/** Dependencies before what depends on them. */
function inOrder(resources: ResourceState[]): ResourceState[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const ordered = new Set<ResourceState>();
  const visit = (resource: ResourceState | undefined) => {
    if (resource === undefined || ordered.has(resource)) return;
    const { dependencies, parent, deletedWith } = resource;
    for (const urn of [...dependencies, parent, deletedWith, providerUrn(resource)]) if (urn !== resource.urn) visit(byUrn.get(urn ?? ""));
    ordered.add(resource);
  };
  resources.forEach(visit);
  return [...ordered];
}

/** A text shorter than an id of Docker, or than a generated name, may be in inputs that have nothing to do with it. */
const shortestId = 9;

/** Remembers texts in the outputs of a resource that has been created again, such as its id: other resources have them in their inputs. */
function rememberIds(before: ResourceState, after: ResourceState, renamed: Map<string, string>): void {
  const visit = (old: Value, next: Value) => {
    if (typeof old === "string" && typeof next === "string" && old !== next && old.length >= shortestId) renamed.set(old, next);
    else if (old !== null && typeof old === "object" && next !== null && typeof next === "object")
      for (const key of Object.keys(old)) visit((old as Properties)[key], (next as Properties)[key]);
  };
  if (before.id === after.id) return;
  visit(before.id, after.id);
  visit(plain(before.outputs), plain(after.outputs));
}

function withIds(value: Value, renamed: Map<string, string>): Value {
  if (renamed.size === 0) return value;
  // Routes of a proxy have names of containers in a text.
  if (typeof value === "string") return [...renamed].reduce((text, [before, after]) => text.replaceAll(before, after), value);
  if (isSecret(value)) return secret({ value: withIds(value.value, renamed) });
  if (Array.isArray(value)) return value.map((item) => withIds(item, renamed));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, withIds(below, renamed)]));
}
