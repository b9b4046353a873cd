import { UserError } from "../../components/internal/user-error.ts";
import { differences, hasUnknown } from "../values.ts";
import { awaitReady } from "./kubernetes-await.ts";
import { KubernetesCluster, KubernetesError, type KubernetesManifest } from "./kubernetes-cluster.ts";
import { NotReady, type Change, type Context, type Properties, type Provider } from "./provider.ts";

/** Seconds that the Pulumi provider waits for an object unless told otherwise. */
const defaultTimeoutSeconds = 600;

/** Any Kubernetes object, by server-side apply. */
export const kubernetesProvider: Provider = {
  async read(state, context) {
    const cluster = await connect(context);
    if (!cluster) return undefined;
    return cluster.find(manifestOf(state.type, state.inputs)).catch((error) => {
      if (error instanceof KubernetesError || !context.settings.deleteUnreachable) throw error;
      return undefined; // the cluster is gone, and all that was in it
    });
  },

  async diff(state, live, inputs, context): Promise<Change> {
    const moved = identity(inputs) !== identity(state.inputs);
    if (moved) return { kind: "replace", reasons: ["metadata.name or metadata.namespace"] };
    const changed = differences(state.inputs, inputs).map((d) => d.path);
    if (hasUnknown(inputs)) return { kind: "update", reasons: changed };
    try {
      const after = await (await connect(context))!.apply(manifestOf(state.type, inputs), { dryRun: true, force: true });
      const drifted = differences(owned(live), owned(after)).map((d) => d.path);
      if (changed.length + drifted.length === 0) return { kind: "same" };
      return { kind: "update", reasons: changed.length > 0 ? changed : drifted };
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 422 && /immutable/.test(error.message)) return { kind: "replace", reasons: changed };
      throw error;
    }
  },

  async create(type, inputs, context) {
    const cluster = await connect(context);
    const manifest = manifestOf(type, inputs);
    if (!cluster) throw new Error("no kubeconfig");
    if (!context.settings.upsertExistingObjects && !context.interrupted && (await cluster.find(manifest))) {
      throw new UserError(`${manifest.kind} ${identity(inputs)} exists in the cluster already, and this stack did not make it.`);
    }
    const outputs = await apply(cluster, manifest, context);
    return { id: identity(inputs), outputs };
  },

  async update(state, inputs, context) {
    return apply((await connect(context))!, manifestOf(state.type, inputs), context);
  },

  async foretell(_state, type, inputs, context) {
    const cluster = hasUnknown(inputs) ? undefined : await connect(context);
    const manifest = manifestOf(type, inputs);
    // In a namespace that is yet to come, nothing can be tried.
    return (await cluster?.apply(manifest, { dryRun: true, force: true }).catch((error) => (error.status === 404 ? undefined : Promise.reject(error)))) ?? manifest;
  },

  async delete(state, context) {
    const cluster = await connect(context);
    await cluster?.remove(manifestOf(state.type, state.inputs), context.timeoutSeconds ?? defaultTimeoutSeconds).catch((error) => {
      if (error instanceof KubernetesError || !context.settings.deleteUnreachable) throw error;
    });
  },
};

const clusters = new Map<string, KubernetesCluster>();

/** The cluster of the provider that a resource uses; undefined where a preview does not know it yet. */
async function connect({ settings, name }: Context): Promise<KubernetesCluster | undefined> {
  const { kubeconfig } = settings;
  if (kubeconfig === undefined) throw new UserError(`${name}: has no Kubernetes provider. Pass one in its options, made from a kubeconfig.`);
  if (hasUnknown(kubeconfig)) return undefined;
  const known = clusters.get(kubeconfig) ?? new KubernetesCluster(kubeconfig);
  clusters.set(kubeconfig, known);
  return known;
}

async function apply(cluster: KubernetesCluster, manifest: KubernetesManifest, context: Context): Promise<Properties> {
  const applied = await cluster.apply(manifest, { dryRun: false, force: true });
  try {
    return await awaitReady(manifest, cluster, context.timeoutSeconds ?? defaultTimeoutSeconds, context);
  } catch (error) {
    throw new NotReady((error as Error).message, identity(manifest), applied);
  }
}

/** `kubernetes:apps/v1:Deployment` and inputs as a manifest. */
function manifestOf(type: string, inputs: Properties): KubernetesManifest {
  const [, apiVersion = "", kind = ""] = type.split(":");
  if (!inputs.metadata?.name) throw new UserError(`A ${kind} has no metadata.name. The embedded engine makes up no names; set one.`);
  return { ...structuredClone(inputs), apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

function identity({ metadata }: Properties): string {
  return metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : metadata?.name;
}

/** What a person decides of an object, without what the cluster writes into it as it goes. */
function owned(object: Properties): Properties {
  const { status: _status, metadata, ...rest } = object;
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, uid: _uid, creationTimestamp: _time, ...kept } = metadata;
  return { ...rest, metadata: { ...kept, annotations: { ...kept.annotations, "deployment.kubernetes.io/revision": undefined } } };
}

