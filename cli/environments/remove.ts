import { rmSync } from "node:fs";
import { environmentStack } from "../../config/review-environment.ts";
import { readStack } from "../../config/stack-file.ts";
import { KubernetesError, type KubernetesCluster, type Manifest } from "../../lib/kubernetes-client.ts";
import { LockedError } from "../../lib/file-lock.ts";
import { removeNamespace } from "../../lib/kubernetes-namespace.ts";
import { step } from "../../lib/progress.ts";
import { clusterStoreOf } from "../state/stores.ts";
import { annotation, environmentIn, type Environment } from "./environment.ts";
import type { Template } from "./template.ts";

/** Seconds after which the deletion of an environment has failed. */
const timeoutSeconds = 180;

/** Seconds that pods get to stop. Nobody needs their answers any more. */
const graceSeconds = 1;

export interface RemovalOptions {
  /** Looks at the environment again once nobody else changes it. @default - it is deleted */
  stillWanted?: (now: Environment) => boolean;
  /** Whether to wait until the name of its namespace is free, too. @default false */
  untilNameIsFree?: boolean;
}

/** What became of an environment. `empty` is deleted, too: Kubernetes only has to delete the name of its namespace. */
export type Removed = "gone" | "empty" | "still wanted";

/**
 * Deletes an environment completely: its namespace, with its state. While it is deployed, it is only marked, so that the next
 * `slipway review reap` deletes it.
 *
 * @throws LockedError while a run deploys it.
 */
export async function removeEnvironment(
  { cluster, kubernetes, project }: Template,
  environment: Environment,
  { stillWanted = () => false, untilNameIsFree = false }: RemovalOptions = {},
): Promise<Removed> {
  const namespace = environment.namespace.metadata!.name!;
  const title = `delete environment ${environment.id} (namespace ${namespace})`;
  const remove = (live: Manifest) =>
    step(title, () => deleteNamespace(cluster, live, untilNameIsFree), { always: true }).then((isFree) => (isFree ? "gone" : "empty"));
  if (environment.namespace.metadata?.deletionTimestamp !== undefined) return remove(environment.namespace);
  const closed = await close(environment, { cluster, project }, stillWanted);
  if (closed === undefined) return "still wanted";
  if (closed === "gone") return "gone";
  const stack = readStack(environmentStack(environment), { withoutSecrets: true });
  const store = clusterStoreOf(stack, { ...kubernetes, namespace });
  const removed = await store
    .locked("slipway review down", () => remove(closed))
    .catch((error: unknown) => {
      if (!(error instanceof LockedError)) throw error;
      throw new LockedError(`${error.message} The environment is marked: slipway review reap deletes it later.`);
    });
  rmSync(stack.folder, { recursive: true, force: true });
  return removed;
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

async function deleteNamespace(cluster: KubernetesCluster, namespace: Manifest, untilGone: boolean): Promise<boolean> {
  const { name } = namespace.metadata!;
  const progress = (what: string) => void process.stderr.write(`note: namespace ${name}: deleting, waiting for ${what}\n`);
  return removeNamespace(cluster, namespace, { timeoutSeconds, graceSeconds, untilGone, progress });
}
