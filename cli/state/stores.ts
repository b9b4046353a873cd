import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { kubernetesSettings, StateLocation, type KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { readStackFile } from "../../config/project.ts";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { ClusterStore } from "../../engine/state/cluster-store.ts";
import { FileStore } from "../../engine/state/file-store.ts";
import type { ReachedCluster } from "../../platforms/kubernetes/target.ts";
import type { StateStore } from "../../engine/state/store.ts";
import { UserError } from "../../lib/user-error.ts";

/** The settings of a stack on the platform `kubernetes`. Undefined for other platforms, and if the program will reject the settings. */
export function clusterSettingsOf(stack: Stack): KubernetesSettings | undefined {
  if (platformOf(stack) !== "kubernetes") return undefined;
  return kubernetesSettings.safeParse(settingsIn(stack, "kubernetes")).data;
}

/** Where the embedded engine keeps the state of a stack: in its cluster, or in a file. */
export function stateStoreOf(stack: Stack): StateStore {
  const settings = clusterSettingsOf(stack);
  if (settings === undefined || settings.state === StateLocation.File) return new FileStore(stack);
  return clusterStoreOf(stack, settings);
}

const reachedClusters = new WeakMap<Stack, Promise<ReachedCluster | string>>();

/** The cluster of a stack, or what is wrong with the connection. Connects once for a command. */
export function reachOnce(stack: Stack, settings: KubernetesSettings): Promise<ReachedCluster | string> {
  const reaching = reachedClusters.get(stack) ?? import("../../platforms/kubernetes/target.ts").then(({ reach }) => reach(settings));
  reachedClusters.set(stack, reaching);
  return reaching;
}

export function clusterStoreOf(stack: Stack, settings: KubernetesSettings): ClusterStore {
  return new ClusterStore({
    project: stack.project,
    stack: stack.name,
    namespace: settings.namespace,
    salt: readStackFile(stack.name).encryptionsalt,
    async connect() {
      const { kubeconfigForProvider } = await import("../../platforms/kubernetes/target.ts");
      const reached = await reachOnce(stack, settings);
      if (typeof reached === "string") throw new UserError(`Stack "${stack.name}" cannot be reached:\n  - ${reached}`);
      return { ...reached, kubeconfig: kubeconfigForProvider(settings, stack.name), context: settings.context };
    },
  });
}

const recordOf = (stack: Stack) => join(stack.folder, "cluster.json");

/**
 * The UID of the cluster that a stack with its state there was last seen on, from this checkout: that state cannot say that the context leads
 * to another cluster.
 */
export function lastCluster(stack: Stack): string | undefined {
  const file = recordOf(stack);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { id: string }).id : undefined;
}

export function recordCluster(stack: Stack, id: string): void {
  mkdirSync(stack.folder, { recursive: true, mode: 0o700 });
  writeFileAtomic.sync(recordOf(stack), JSON.stringify({ id }), { mode: 0o600 });
}

export function forgetCluster(stack: Stack): void {
  rmSync(recordOf(stack), { force: true });
}
