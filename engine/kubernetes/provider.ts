import { UserError } from "../../lib/user-error.ts";
import { KubernetesCluster, KubernetesError, type Manifest } from "../../lib/kubernetes-client.ts";
import { applyOnceKnown, awaitReady } from "./readiness.ts";
import { parsePath } from "../../lib/property-path.ts";
import { differences, hasUnknown, type Properties } from "../../lib/values.ts";
import { NotReady, type Author, type Context, type Drift, type Provider } from "../provider.ts";
import { alignedWith } from "./alignment.ts";
import { authorOf } from "./managed-fields.ts";

/** Kubernetes objects of any kind, with server-side apply. */
export const kubernetesProvider: Provider = {
  async diff(state, inputs, context) {
    const before = manifestOf(state.type, state.inputs);
    const live = await connect(context)?.find(before).catch(unlessGone(context));
    if (!live) return { kind: "gone" };
    const after = manifestOf(state.type, inputs);
    if (idOf(before) !== idOf(after)) return { kind: "replace", because: ["metadata"], deleteFirst: true };
    if (state.initErrors && (state.inputs.metadata as Manifest["metadata"])?.annotations?.["pulumi.com/replaceUnready"] === "true")
      return { kind: "replace", because: ["its last run failed"], deleteFirst: true };
    // Where it matters that something is empty, and not missing, the cluster shows drift below.
    const because = differences(state.inputs, inputs)
      .filter(({ before: was, after: is }) => !(isEmpty(was) && isEmpty(is)))
      .map((d) => d.path);
    if (hasUnknown(inputs)) return { kind: "update", because };
    try {
      const drift = differences(withoutStatus(live), withoutStatus(await connect(context)!.apply(after, true)));
      return because.length + drift.length > 0 ? { kind: "update", because: [...because, ...drift.map((d) => d.path)] } : { kind: "same" };
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 422 && /immutable/.test(error.message))
        return { kind: "replace", because, deleteFirst: true };
      throw error;
    }
  },

  async create(type, inputs, context) {
    const manifest = manifestOf(type, inputs);
    if (!isOn(context.settings.upsertExistingObjects) && context.interrupted === undefined && (await connect(context)?.find(manifest))) {
      throw new UserError("already exists in the cluster, and this stack did not create it. Delete it, or choose another name.");
    }
    await context.creating();
    return { id: idOf(manifest), outputs: await apply(manifest, context) };
  },

  update: ({ type }, inputs, context) => apply(manifestOf(type, inputs), context),

  async delete({ type, inputs }, context) {
    await connect(context)
      ?.remove(manifestOf(type, inputs), context.timeoutSeconds ?? 600, context.progress)
      .catch(unlessGone(context));
  },

  // An unreachable cluster is never drift, even if the provider counts it as deleted.
  async drift({ type, inputs }, context) {
    const cluster = connect(context)!;
    const manifest = manifestOf(type, inputs);
    for (let attempts = 1; ; attempts++) {
      const live = await cluster.find(manifest);
      if (live === undefined) return { kind: "gone", problem: "does not exist" };
      if (live.metadata?.deletionTimestamp) throw new UserError("is being deleted. Compare again when that has ended.");
      const restored = await cluster.apply(manifest, true).catch((error: Error) => error);
      if (restored instanceof Error) return replacementOf(live, manifest, restored);
      const drift = driftOf(live, restored);
      // A controller may have changed the object meanwhile.
      const isStale = drift.kind === "changed" && restored.metadata?.resourceVersion !== live.metadata?.resourceVersion;
      if (!isStale || attempts === maxComparisons) return drift;
    }
  },
};

/** How often an object that changes during the comparison is compared. */
const maxComparisons = 3;

function driftOf(found: Manifest, wanted: Manifest): Drift {
  const restored = withoutStatus(wanted);
  const live = alignedWith(restored, withoutStatus(found)) as Properties;
  return changed(found, live, restored, false);
}

/**
 * The drift of an object that the cluster does not change back. Only the fields in the state can be compared: the cluster does not say what it
 * would set in the others.
 *
 * @throws the cluster's error if it is not about a field that has changed.
 */
function replacementOf(found: Manifest, manifest: Manifest, rejection: Error): Drift {
  if (!(rejection instanceof KubernetesError && rejection.status === 422)) throw rejection;
  const live = alignedWith(manifest, withoutStatus(found)) as Properties;
  const drift = changed(found, onlyLike(manifest, live) as Properties, manifest, true);
  if (drift.kind === "same") throw rejection;
  return drift;
}

function changed(found: Manifest, live: Properties, restored: Properties, replaces: boolean): Drift {
  const paths = differences(live, restored).map(({ path }) => path);
  if (paths.length === 0) return { kind: "same" };
  const { managedFields } = found.metadata as { managedFields?: unknown };
  const recorded = { ...live, metadata: { ...live["metadata"], managedFields } } as Manifest;
  const authors = paths.map((path): [string, Author | undefined] => [path, authorOf(recorded, parsePath(path))]);
  const known = authors.filter((entry): entry is [string, Author] => entry[1] !== undefined);
  return { kind: "changed", live, restored, paths, authors: Object.fromEntries(known), replaces };
}

/** The parts of a value that another one has, too. */
function onlyLike(wanted: unknown, value: unknown): unknown {
  if (Array.isArray(wanted)) return Array.isArray(value) ? value.map((item, i) => (i in wanted ? onlyLike(wanted[i], item) : item)) : value;
  if (wanted === null || typeof wanted !== "object" || value === null || typeof value !== "object") return value;
  const keys = Object.keys(wanted).filter((key) => key in value);
  return Object.fromEntries(keys.map((key) => [key, onlyLike((wanted as Properties)[key], (value as Properties)[key])]));
}

async function apply(manifest: Manifest, context: Context): Promise<Properties> {
  const cluster = hasUnknown(manifest) ? undefined : connect(context);
  if (context.preview) {
    // A dry run fails in a namespace that does not exist yet.
    return (
      (await cluster?.apply(manifest, true).catch((e: KubernetesError) => (e.status === 404 ? undefined : Promise.reject(e)))) ?? manifest
    );
  }
  const applied = await applyOnceKnown(manifest, cluster!, context);
  return awaitReady(manifest, cluster!, context).catch((error) => {
    throw new NotReady(error.message, idOf(manifest), applied);
  });
}

/** Pulumi's provider does not keep empty lists and maps in its state. */
function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

/** The SDK hands settings of a provider over as JSON texts. */
function isOn(setting: unknown): boolean {
  return setting === true || setting === "true";
}

const clusters = new Map<string, KubernetesCluster>();

/** The cluster of the resource's provider. Undefined if a preview does not know it yet. */
function connect({ settings: { kubeconfig, context } }: Context): KubernetesCluster | undefined {
  // The current context of this machine may be any cluster, so one of the two must say which.
  if (kubeconfig === undefined && context === undefined)
    throw new UserError("has no Kubernetes provider with a kubeconfig or a context. Set the provider in the resource options.");
  if (hasUnknown([kubeconfig, context])) return undefined;
  const key = JSON.stringify([kubeconfig, context]);
  if (!clusters.has(key)) clusters.set(key, new KubernetesCluster(kubeconfig, context));
  return clusters.get(key);
}

/** With `deleteUnreachable`, an unreachable cluster counts as deleted, together with its objects. */
function unlessGone({ settings }: Context): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof KubernetesError || !isOn(settings.deleteUnreachable)) throw error;
  };
}

/** The manifest for a type such as `kubernetes:core/v1:Service` and its inputs. */
function manifestOf(type: string, inputs: Properties): Manifest {
  const [, apiVersion = "", kind] = type.split(":");
  if (!inputs.metadata?.name)
    throw new UserError("metadata.name: must be set, because the embedded engine does not generate names. Set it.");
  return { ...structuredClone(inputs), apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

function idOf({ metadata }: Manifest): string {
  return [metadata?.namespace, metadata?.name].filter(Boolean).join("/");
}

/** An object without what the cluster itself records in it. */
function withoutStatus({ status: _status, ...object }: Properties): Properties {
  const { name, namespace, labels, annotations: all = {} } = object.metadata;
  const { "deployment.kubernetes.io/revision": _revision, ...annotations } = all;
  return { ...object, metadata: { name, namespace, labels, annotations } };
}
