import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../../config/settings.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { stackLabel } from "../../lib/docker-labels.ts";
import type { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { withoutDaemon } from "../no-daemon.ts";
import { portHolders, problemsWithUsedPorts, type PortHolders } from "../ports.ts";
import { publishedPorts } from "../published-ports.ts";
import { settingProblem } from "../setting-problem.ts";
import { labelOfStack } from "../stack-label.ts";
import { folderOf, hasOwnCluster, nameOf } from "./own-cluster.ts";
import { problemsWithHosts } from "./shared-cluster/hosts.ts";
import { readRecord, sharedClusterName } from "./shared-cluster/record.ts";
import { labelOfCluster, runningCluster } from "./shared-cluster/shared-cluster.ts";

/** Checks that the Docker daemon answers, that ports are free or the cluster's, and that a running cluster has what services use. */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const holders = await portHolders(dockerClient()).catch(() => undefined);
  if (holders === undefined) return withoutDaemon();
  return (await hasOwnCluster(configuration)) ? preflightOwn(configuration, holders) : preflightShared(configuration, holders);
}

async function preflightOwn({ stack, services, local }: Configuration, holders: PortHolders): Promise<string[]> {
  const isUp = holders.of(local.ports.api)?.labels?.[stackLabel] === labelOfStack(stack);
  const file = join(folderOf(stack), "kubeconfig.yaml");
  // Empty until the node has written it. It stays empty in a checkout whose stack runs from another one.
  const kubeconfig = isUp && existsSync(file) ? readFileSync(file, "utf8") : "";
  return [
    ...(await problemsWithUsedPorts("local", { ...local.ports }, publishedPorts(services), holders, stack, true)),
    ...(kubeconfig === "" ? [] : await problemsInCluster(kubeconfig, (cluster) => missingIn(cluster, services))),
  ];
}

async function preflightShared({ stack, services, local }: Configuration, holders: PortHolders): Promise<string[]> {
  const name = sharedClusterName(local.ports.api);
  const namespace = nameOf(stack);
  const isUp = holders.of(local.ports.api)?.labels?.[stackLabel] === labelOfCluster(name);
  const running = isUp ? await runningCluster(name, namespace) : undefined;
  const differing = isUp ? otherPorts(name, local.ports) : [];
  const needed = differing.length > 0 ? {} : { ...local.ports };
  return [
    ...takenOver(name, stack),
    ...differing,
    ...(await problemsWithUsedPorts("local", needed, publishedPorts(services), holders, stack, true, labelOfCluster(name))),
    ...portsOfOthers(name, stack, services),
    ...(running
      ? await problemsInCluster(running.kubeconfig, async (cluster) => [
          ...(await missingIn(cluster, services)),
          ...(await problemsWithHosts(services, namespace, cluster)),
        ])
      : []),
  ];
}

/** A stack of another project with the same names, whose objects this one would take over. */
function takenOver(cluster: string, stack: string): string[] {
  const { folder = process.cwd() } = readRecord(cluster)?.users[labelOfStack(stack)] ?? {};
  // A project that was moved has left no state there.
  if (folder === process.cwd() || !existsSync(join(folder, ".slipway", stack, "checkpoint.json"))) return [];
  return [
    `Pulumi.yaml: the stack "${stack}" of a project with the same name "${pulumi.getProject()}" already runs on the shared cluster, deployed from ${folder}. Set another name, or run slipway down there first.`,
  ];
}

/** Ports that differ from those of a running cluster. */
function otherPorts(cluster: string, ports: Configuration["local"]["ports"]): string[] {
  const shared: Record<string, number> = readRecord(cluster)?.ports ?? ports;
  return Object.entries(ports)
    .filter(([key, port]) => shared[key] !== port)
    .map(([key, port]) =>
      settingProblem(
        ["local", "ports", key],
        `must be ${shared[key]} as in the other stacks of the shared cluster ${cluster} (got ${port}). Set ${shared[key]}, or another api port for another cluster`,
      ),
    );
}

/** Published ports that other stacks of the cluster have. */
function portsOfOthers(cluster: string, stack: string, services: Configuration["services"]): string[] {
  const others = Object.entries(readRecord(cluster)?.users ?? {}).filter(([user]) => user !== labelOfStack(stack));
  return publishedPorts(services).flatMap(({ service, name, port, protocol }) => {
    const [owner] = others.find(([, { nodePorts }]) => nodePorts.some((other) => other.port === port && other.protocol === protocol)) ?? [];
    const message = `${protocol} port ${port} is already published by stack ${owner} on the shared cluster. Set another port`;
    return owner === undefined ? [] : [settingProblem(["services", service, "publish", name, "port"], message)];
  });
}

/** Seconds that a cluster has to answer. A cluster that is still starting is not checked. */
const clusterTimeoutSeconds = 3;

async function problemsInCluster(kubeconfig: string, find: (cluster: KubernetesCluster) => Promise<string[]>): Promise<string[]> {
  const { KubernetesCluster } = await import("../../lib/kubernetes-client.ts");
  const problems = find(new KubernetesCluster(kubeconfig)).catch(() => []);
  return Promise.race([problems, setTimeout(clusterTimeoutSeconds * 1000, [], { ref: false })]);
}

async function missingIn(cluster: KubernetesCluster, services: Configuration["services"]): Promise<string[]> {
  const { missingClasses } = await import("../kubernetes-shared/classes.ts");
  return missingClasses(services, cluster);
}
