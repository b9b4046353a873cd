import { rmSync } from "node:fs";
import { environmentStack } from "../../config/review-environment.ts";
import { readStack } from "../../config/stack-file.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { LockedError } from "../../lib/file-lock.ts";
import { pollUntil } from "../../lib/poll.ts";
import { step } from "../../lib/progress.ts";
import { clusterStoreOf } from "../state/stores.ts";
import { annotation, environmentIn, type Environment } from "./environment.ts";
import type { Template } from "./template.ts";

/** Seconds after which the deletion of an environment has failed. */
const timeoutSeconds = 180;

/** Seconds that pods get to stop. Nobody needs their answers any more. */
const graceSeconds = 1;

/**
 * Deletes an environment completely: its namespace, with its state. While it is deployed, it is only marked, so that the next
 * `slipway review reap` deletes it.
 *
 * @param stillWanted looks at the environment again once nobody else changes it. @default - it is deleted
 * @returns false if it is still wanted.
 * @throws LockedError while a run deploys it.
 */
export async function removeEnvironment(
  { cluster, kubernetes, project }: Template,
  environment: Environment,
  stillWanted: (now: Environment) => boolean = () => false,
): Promise<boolean> {
  const namespace = environment.namespace.metadata!.name!;
  const title = `delete environment ${environment.id} (namespace ${namespace})`;
  if (environment.namespace.metadata?.deletionTimestamp !== undefined) {
    await step(title, () => deleteNamespace(cluster, environment.namespace), { always: true });
    return true;
  }
  const closed = await close(environment, { cluster, project }, stillWanted);
  if (closed === undefined) return false;
  if (closed === "gone") return true;
  const stack = readStack(environmentStack(environment), { withoutSecrets: true });
  const store = clusterStoreOf(stack, { ...kubernetes, namespace });
  const work = () => step(title, () => stopAndDelete(cluster, closed), { always: true });
  await store.locked("slipway review down", work).catch((error: unknown) => {
    if (!(error instanceof LockedError)) throw error;
    throw new LockedError(`${error.message} The environment is marked: slipway review reap deletes it later.`);
  });
  rmSync(stack.folder, { recursive: true, force: true });
  return true;
}

/**
 * Marks an environment as closed, unless it is still wanted. From then on, whoever comes deletes it.
 *
 * @returns its namespace; undefined if it is still wanted, `gone` if it no longer exists.
 */
async function close(
  environment: Environment,
  { cluster, project }: Pick<Template, "cluster" | "project">,
  stillWanted: (now: Environment) => boolean,
): Promise<Manifest | "gone" | undefined> {
  for (;;) {
    const found = await cluster.find(header(environment.namespace));
    const now = found && environmentIn(found, project);
    if (found === undefined || now === undefined) return "gone";
    if (stillWanted(now)) return undefined;
    if (now.isClosed) return found;
    const { name, resourceVersion } = found.metadata!;
    const annotations = { [annotation.closed]: new Date(cluster.now()).toISOString() };
    try {
      // Only in the version that was looked at: an up may have renewed it.
      await cluster.merge({ ...header(found), metadata: { name: name!, resourceVersion: resourceVersion!, annotations } });
      return found;
    } catch (error) {
      if (!(error instanceof KubernetesError && error.status === 409)) throw error;
    }
  }
}

function header({ metadata }: Manifest): Manifest {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: metadata!.name! } };
}

/**
 * Stops the pods at once. The controller of namespaces begins after 5 s, and then waits for half of the longest grace period of the pods that it
 * finds: https://github.com/kubernetes/kubernetes/tree/master/pkg/controller/namespace.
 */
async function stopAndDelete(cluster: KubernetesCluster, namespace: Manifest): Promise<void> {
  const { name } = namespace.metadata!;
  const deleted = deleteNamespace(cluster, namespace);
  const stopped = async () => {
    await cluster.removeAll("v1", "Pod", name!, graceSeconds);
    return (await cluster.select("v1", "Pod", name, "")).length === 0;
  };
  // Again and again, because until the deletion of the namespace has begun, stopped pods are replaced. What keeps a pod, such as a node that is
  // gone, is named by what waits for the namespace.
  const stop = pollUntil(stopped, { timeoutSeconds: 20 }).catch(() => undefined);
  await Promise.all([deleted, stop]);
}

async function deleteNamespace(cluster: KubernetesCluster, namespace: Manifest): Promise<void> {
  const { name, uid } = namespace.metadata!;
  await cluster.remove({ ...header(namespace), metadata: { name: name!, uid: uid! } }, timeoutSeconds, (blockers) => {
    process.stderr.write(`note: namespace ${name}: deleting, waiting for ${blockers}\n`);
  });
}
