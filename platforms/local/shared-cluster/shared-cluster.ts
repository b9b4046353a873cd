import { existsSync, readFileSync, rmSync } from "node:fs";
import { extname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import type { LocalClusterArgs, LocalClusterNodePort, LocalClusterPorts } from "../../../components/local-cluster.ts";
import { settingsNamespace } from "../../../config/config-value.ts";
import type { Stack } from "../../../config/stack-file.ts";
import { command } from "../../../lib/command.ts";
import { dockerClient, type DockerError } from "../../../lib/docker-client.ts";
import { stackLabel } from "../../../lib/docker-labels.ts";
import { lockedInTurn } from "../../../lib/file-lock.ts";
import { KubernetesError, type KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import { pollUntil } from "../../../lib/poll.ts";
import { step } from "../../../lib/progress.ts";
import { UserError } from "../../../lib/user-error.ts";
import {
  clustersOf,
  folderOfCluster,
  readRecord,
  sharedClusterName,
  writeRecord,
  type ClusterUser,
  type SharedClusterRecord,
} from "./record.ts";

// Stacks on one machine share a cluster, each with a namespace of its own. The cluster is a stack too, which is started before the program of
// the first stack that needs it creates anything, and deleted after the last one is down.

/** Label of the Docker objects of a shared cluster. No stack of a project has it. */
export function labelOfCluster(name: string): string {
  return `shared/${name}`;
}

/** Seconds that a cluster has to become healthy after Docker has started its containers. */
const startSeconds = 120;

/** Seconds that pods have to end. */
const stopSeconds = 20;

/** Minutes after the beginning of an `up` in which its stack counts as a user of the cluster, although its namespace may not exist yet. */
const graceMinutes = 10;

export interface SharedClusterUse extends Pick<LocalClusterArgs, "nodePorts"> {
  /** Label of the stack's objects. */
  user: string;
  /** Namespace of the stack. */
  namespace: string;
  ports: Required<LocalClusterPorts>;
  nodeImage?: string;
  registryImage?: string;
}

/** What a stack needs to know of a running shared cluster. */
export interface RunningCluster {
  name: string;
  /** Administrator's kubeconfig, whose context has the stack's namespace. */
  kubeconfig: string;
  /** Changes if the cluster is deleted and created again. */
  identifier: string;
}

/** Makes sure that the shared cluster runs and has the stack among its users. */
export function useSharedCluster(use: SharedClusterUse): Promise<RunningCluster> {
  const name = sharedClusterName(use.ports.api);
  return inTurn(name, "slipway up", async () => {
    const { nodePorts = [], user, namespace, ports, nodeImage, registryImage } = use;
    const before = readRecord(name);
    const users = { ...before?.users, [user]: { namespace, folder: process.cwd(), since: new Date().toISOString(), nodePorts } };
    const isHealthy = await isClusterHealthy(name);
    // A running cluster stays as it is: another one would interrupt all its stacks.
    const cluster = isHealthy && before ? before : { ports, nodeImage, registryImage, nodePorts: [] };
    const wanted: SharedClusterRecord = { ...cluster, nodePorts: allNodePorts(users), users };
    const reaches = (port: LocalClusterNodePort) => before?.nodePorts.some((known) => isDeepStrictEqual(known, port));
    if (isHealthy && before && wanted.nodePorts.every(reaches)) wanted.nodePorts = before.nodePorts;
    else await start(name, wanted, isHealthy ? "publish ports of the shared cluster" : "start the shared cluster");
    writeRecord(name, wanted);
    noteOtherImage(name, wanted, use);
    return { name, kubeconfig: kubeconfigOf(name, namespace)!, identifier: await identifierOf(name) };
  });
}

/** The shared cluster, if it runs. Changes nothing. */
export async function runningCluster(name: string, namespace: string): Promise<RunningCluster | undefined> {
  const isHealthy = await isClusterHealthy(name).catch(() => false);
  const kubeconfig = isHealthy ? kubeconfigOf(name, namespace) : undefined;
  return kubeconfig === undefined ? undefined : { name, kubeconfig, identifier: await identifierOf(name) };
}

/**
 * Stops the pods of a stack that is being deleted, without a grace period. A namespace with pods that end gracefully takes half a minute to
 * delete, because Kubernetes waits for half of the longest grace period before it looks again.
 */
export async function stopPods(user: string): Promise<void> {
  for (const name of clustersOf(user)) {
    const cluster = (await isClusterHealthy(name)) ? await connect(name) : undefined;
    if (!cluster) continue;
    const { namespace } = readRecord(name)!.users[user]!;
    // What would start new pods goes first.
    for (const [apiVersion, kind, ...options] of [
      ["batch/v1", "CronJob"],
      ["batch/v1", "Job"],
      ["apps/v1", "StatefulSet"],
      ["apps/v1", "Deployment"],
      ["apps/v1", "ReplicaSet"],
      ["v1", "Pod", 0],
    ] as const)
      for (const { metadata } of (await cluster.list(apiVersion, kind, namespace)).items)
        await cluster
          .delete(
            { apiVersion, kind, metadata: { name: metadata?.name, namespace } },
            undefined,
            undefined,
            options[0],
            undefined,
            "Background",
          )
          .catch(unlessGone);
    const areGone = async () => (await cluster.list("v1", "Pod", namespace)).items.length === 0;
    await pollUntil(areGone, { timeoutSeconds: stopSeconds }).catch(() => {}); // the namespace waits for them in any case
  }
}

/**
 * Deletes the shared clusters that a stack alone uses, with the stack's objects. Faster than to delete them one by one, because a new cluster
 * takes half a minute to delete a namespace.
 *
 * @returns what happened, as finished sentences
 */
export function deleteLastClusters(user: string): Promise<string[]> {
  return forClustersOf(user, async (name, others) => ((await usedBy(name, others, user)).length > 0 ? undefined : remove(name)));
}

/**
 * Removes a stack that is down from the users of shared clusters, and deletes a cluster that nothing else uses.
 *
 * @returns what happened, as finished sentences
 */
export function leaveSharedClusters(user: string): Promise<string[]> {
  return forClustersOf(user, async (name, others) => {
    const kept = await usedBy(name, others, user);
    if (kept.length === 0) return remove(name);
    writeRecord(name, { ...readRecord(name)!, users: others });
    return `The shared cluster ${name} stays, because it is used by ${kept.join(", ")}.`;
  });
}

async function forClustersOf(
  user: string,
  change: (name: string, others: Record<string, ClusterUser>) => Promise<string | undefined>,
): Promise<string[]> {
  const notes: (string | undefined)[] = [];
  for (const name of clustersOf(user)) {
    const { [user]: _own, ...others } = readRecord(name)!.users;
    notes.push(await inTurn(name, "slipway down", () => change(name, others)));
    if (readRecord(name) === undefined) rmSync(folderOfCluster(name), { recursive: true, force: true });
  }
  return notes.filter((note) => note !== undefined);
}

async function remove(name: string): Promise<string> {
  await step("delete the shared cluster", () => runEngine("down", name, readRecord(name)!));
  rmSync(join(folderOfCluster(name), "cluster.json"));
  return `The shared cluster ${name} is deleted, because no other stack uses it.`;
}

/**
 * What uses a shared cluster besides a stack: other stacks, namespaces of others, and pods in the default namespace. Of a cluster that does not answer, all stacks that
 * have not left.
 */
async function usedBy(name: string, users: Record<string, ClusterUser>, without: string): Promise<string[]> {
  const cluster = (await isClusterHealthy(name)) ? await connect(name) : undefined;
  const described = ([stack]: [string, ClusterUser]) => `stack ${stack}`;
  if (!cluster) return Object.entries(users).map(described);
  const namespaces = (await cluster.list("v1", "Namespace")).items.map(({ metadata }) => String(metadata?.name));
  const isRecent = ({ since }: ClusterUser) => Date.now() - Date.parse(since) < graceMinutes * 60_000;
  const stacks = Object.entries(users).filter(([, stack]) => namespaces.includes(stack.namespace) || isRecent(stack));
  const own = readRecord(name)!.users[without]!.namespace;
  const known = [own, "default", "kube-system", "kube-public", "kube-node-lease", ...stacks.map(([, { namespace }]) => namespace)];
  // Without pods, there is nothing to lose.
  const pods = (await cluster.list("v1", "Pod", "default")).items;
  return [
    ...stacks.map(described),
    ...namespaces.filter((namespace) => !known.includes(namespace)).map((namespace) => `namespace ${namespace}`),
    ...(pods.length > 0 ? ["pods in the namespace default"] : []),
  ];
}

async function connect(name: string): Promise<KubernetesCluster | undefined> {
  const kubeconfig = kubeconfigOf(name, "default");
  if (kubeconfig === undefined) return undefined;
  const { KubernetesCluster } = await import("../../../lib/kubernetes-client.ts");
  return new KubernetesCluster(kubeconfig);
}

/** Node ports of all stacks, in a fixed order. */
function allNodePorts(users: Record<string, ClusterUser>): LocalClusterNodePort[] {
  return Object.values(users)
    .flatMap(({ nodePorts }) => nodePorts)
    .toSorted((a, b) => a.nodePort - b.nodePort);
}

async function start(name: string, record: SharedClusterRecord, title: string): Promise<void> {
  await step(`${title} ${name}`, () => runEngine("up", name, record), { always: true });
}

/** Runs the embedded engine for the stack that is the cluster, in a separate process whose working directory is the cluster's folder. */
async function runEngine(operation: "up" | "down", name: string, { users: _users, ...cluster }: SharedClusterRecord): Promise<void> {
  const folder = folderOfCluster(name);
  const script = extname(import.meta.filename);
  const args: LocalClusterArgs = { ...cluster, folder, labels: { [stackLabel]: labelOfCluster(name) } };
  const stack: Stack = {
    project: "slipway-shared",
    name,
    config: { "slipway-shared:cluster": JSON.stringify(args) },
    secretKeys: [],
    main: join(import.meta.dirname, `program${script}`),
    folder,
  };
  const engine = join(import.meta.dirname, `../../../engine/run${script}`);
  // What the engine of this program has set is not for that of the cluster.
  const ofPulumi = Object.keys(process.env).filter((key) => key.startsWith("PULUMI_") || key === "NODE_OPTIONS");
  const env = Object.fromEntries(ofPulumi.map((key) => [key, undefined]));
  try {
    await command(process.execPath, [engine, operation, JSON.stringify(stack)], { cwd: folder, env });
  } catch (error) {
    const output = (error as Error).message.split("\n").slice(1).join("\n");
    throw new UserError(`The shared cluster ${name} could not be ${operation === "up" ? "started" : "deleted"}:\n${output}`);
  }
}

/** Whether both containers of a shared cluster run and are healthy. Waits for one that starts, as after a restart of Docker. */
async function isClusterHealthy(name: string): Promise<boolean> {
  const docker = dockerClient();
  const statusOf = async (container: string) => {
    const found = await docker.getContainer(`${name}-${container}`).inspect().catch(unlessMissing);
    const isOurs = found?.Config.Labels[stackLabel] === labelOfCluster(name);
    return isOurs && found.State.Running ? (found.State.Health?.Status ?? "healthy") : "missing";
  };
  const statuses = () => Promise.all(["node", "registry"].map(statusOf));
  let last = await statuses();
  if (last.includes("starting") && !last.includes("missing"))
    await step(`wait for the shared cluster ${name}`, () =>
      pollUntil(async () => !(last = await statuses()).includes("starting"), { timeoutSeconds: startSeconds }),
    );
  return last.every((status) => status === "healthy");
}

function unlessMissing(error: DockerError): undefined {
  if (error.statusCode !== 404) throw error;
}

function unlessGone(error: Error): void {
  if (!(error instanceof KubernetesError && error.status === 404)) throw error;
}

/** The time at which the volume with the cluster's objects was created. */
async function identifierOf(name: string): Promise<string> {
  const volume = (await dockerClient().getVolume(`${name}-node`).inspect()) as { CreatedAt?: string }; // which the types lack
  return `${name}-${volume.CreatedAt}`;
}

/** The kubeconfig that the node has written, with a namespace in its contexts. */
function kubeconfigOf(name: string, namespace: string): string | undefined {
  const file = join(folderOfCluster(name), "kubeconfig.yaml");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (text === "") return undefined;
  const document = parseDocument(text);
  const contexts = document.toJS().contexts as unknown[];
  contexts.forEach((_, i) => document.setIn(["contexts", i, "context", "namespace"], namespace));
  return document.toString();
}

/** A cluster keeps its image, although another version of Slipway or another project would start another one. */
function noteOtherImage(name: string, cluster: SharedClusterRecord, use: SharedClusterUse): void {
  for (const key of ["nodeImage", "registryImage"] as const)
    if (cluster[key] !== use[key])
      process.stderr.write(
        `  note: the shared cluster ${name} runs ${cluster[key] ?? "the default image"}, and not ${use[key] ?? "the default image"} as this stack would start it. It changes after all its stacks are down; ${settingsNamespace}:local.cluster: own starts a cluster for this stack alone.\n`,
      );
}

/** Does one change of a shared cluster after another. */
function inTurn<T>(name: string, by: string, work: () => Promise<T>): Promise<T> {
  return lockedInTurn(join(folderOfCluster(name), "users"), `The shared cluster ${name}`, by, work);
}
