import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { LocalClusterNodePort, LocalClusterPorts } from "../../../components/local-cluster.ts";
import { defaultPorts } from "../../../components/ports.ts";
import { stateFolder } from "../../../lib/state-folder.ts";

/** What is known of a shared cluster: a file in its folder. */
export interface SharedClusterRecord {
  ports: Required<LocalClusterPorts>;
  nodeImage?: string;
  registryImage?: string;
  /** Node ports that this machine reaches. */
  nodePorts: LocalClusterNodePort[];
  /** The stacks that use it, by the label of their objects (`<project>/<stack>`). */
  users: Record<string, ClusterUser>;
}

/** A stack that uses a shared cluster. */
export interface ClusterUser {
  namespace: string;
  /** Absolute path of the project that it was deployed from. */
  folder: string;
  /** When its last `up` began, in ISO 8601. */
  since: string;
  nodePorts: LocalClusterNodePort[];
}

const clusters = () => stateFolder("clusters");

/** Name of the shared cluster with this port of the Kubernetes API, and of its Docker objects. */
export function sharedClusterName(apiPort: number): string {
  return apiPort === defaultPorts.api ? "slipway-shared" : `slipway-shared-${apiPort}`;
}

/** Folder of a shared cluster: its record, its kubeconfig, and the state of its Docker objects. */
export function folderOfCluster(name: string): string {
  return join(clusters(), name);
}

/** Names of the shared clusters that a stack of the project in the working directory uses. */
export function clustersOf(user: string): string[] {
  const known = existsSync(clusters()) ? readdirSync(clusters()) : [];
  return known.filter((name) => readRecord(name)?.users[user]?.folder === process.cwd());
}

const fileOf = (name: string) => join(folderOfCluster(name), "cluster.json");

/** The record of a shared cluster; undefined before it was first started. */
export function readRecord(name: string): SharedClusterRecord | undefined {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), "utf8")) as SharedClusterRecord) : undefined;
}

export function writeRecord(name: string, record: SharedClusterRecord): void {
  mkdirSync(folderOfCluster(name), { recursive: true, mode: 0o700 });
  writeFileAtomic.sync(fileOf(name), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}
