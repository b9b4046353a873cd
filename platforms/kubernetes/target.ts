import { mkdirSync } from "node:fs";
import net from "node:net";
import { delimiter, dirname, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import writeFileAtomic from "write-file-atomic";
import type { KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { KubernetesCluster, KubernetesError } from "../../lib/kubernetes-client.ts";
import { connectionProblem } from "../../lib/kubernetes-connection.ts";
import { UserError } from "../../lib/user-error.ts";
import { settingProblem } from "../setting-problem.ts";

/** Absolute path of the kubeconfig; undefined for the one of this machine. */
export function kubeconfigOf({ kubeconfig }: Pick<KubernetesSettings, "kubeconfig">): string | undefined {
  return kubeconfig === undefined ? undefined : resolve(kubeconfig);
}

/**
 * Path of the kubeconfig for the Kubernetes provider. Of a list in KUBECONFIG, which the provider does not take, the merged content is written to
 * the folder of the stack.
 */
export function kubeconfigForProvider(settings: Pick<KubernetesSettings, "kubeconfig">, stack: string): string | undefined {
  const files = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter(Boolean);
  if (settings.kubeconfig !== undefined || files.length < 2) return kubeconfigOf(settings);
  const config = new KubeConfig();
  config.loadFromDefault();
  const file = resolve(".slipway", stack, "merged-kubeconfig.yaml");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic.sync(file, config.exportConfig(), { mode: 0o600 });
  return file;
}

/** A cluster that answers, and the UID of its namespace kube-system, which identifies it. */
export interface ReachedCluster {
  cluster: KubernetesCluster;
  id: string;
}

/** How much longer than for a connection a cluster has for its answer: it may be busy, or a credential plugin slow. */
const patience = 4;

/**
 * Connects to the cluster of the settings.
 *
 * @param timeoutSeconds Seconds in which a connection must be possible. A cluster that accepts one has four times as long to answer. @default 5
 * @returns the cluster, or what is wrong with the settings or the connection
 */
export async function reach(settings: KubernetesSettings, timeoutSeconds = 5): Promise<ReachedCluster | string> {
  try {
    const cluster = new KubernetesCluster(kubeconfigOf(settings), settings.context);
    const asked = cluster.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kube-system" } });
    const found = await Promise.race([asked, slowness(cluster.server, timeoutSeconds)]);
    if (found?.metadata?.uid === undefined) throw new UserError("it has no namespace kube-system, which identifies a cluster");
    return { cluster, id: found.metadata.uid };
  } catch (error) {
    return describe(error as Error, settings);
  }
}

/** Fails once the cluster has had enough time. */
async function slowness(server: string, seconds: number): Promise<never> {
  const connected = accepts(server);
  const wait = (factor: number) => setTimeout(factor * seconds * 1000, undefined, { ref: false });
  await wait(1);
  const isConnected = await Promise.race([connected, Promise.resolve(false)]);
  if (isConnected) await wait(patience - 1);
  throw new UserError(`the Kubernetes API at ${server} has not answered within ${isConnected ? patience * seconds : seconds} s`);
}

/** Resolves once a server accepts a connection. */
function accepts(server: string): Promise<true> {
  const { hostname, port, protocol } = new URL(server);
  return new Promise((done) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = net.connect({ host, port: Number(port) || (protocol === "https:" ? 443 : 80) });
    socket.on("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => {}); // the request itself says what is wrong
    socket.unref();
  });
}

function describe(error: Error, { context }: KubernetesSettings): string {
  const [, key, message] = /^(kubeconfig|context): (.*)$/s.exec(error.message) ?? [];
  if (key !== undefined) return settingProblem(["kubernetes", key], String(message));
  const forbidden =
    "the identity in it may not read the namespace kube-system, which identifies the cluster. Let it get that one namespace";
  const isForbidden = error instanceof KubernetesError && error.status === 403;
  return settingProblem(["kubernetes", "context"], `"${context}": ${isForbidden ? forbidden : connectionProblem(error)}`);
}
