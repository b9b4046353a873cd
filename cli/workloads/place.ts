import type Docker from "dockerode";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { stackLabelValue } from "../../lib/docker-labels.ts";
import type { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import type { Engine } from "../engines.ts";

/** Where the services of a stack run, and how they are told from those of others. */
export type Place =
  | { kind: "docker" | "swarm"; docker: Docker; label: string }
  | { kind: "kubernetes"; cluster: KubernetesCluster; namespace: string; labels: string };

/**
 * Where a stack runs. Undefined if it is not up here.
 *
 * @throws UserError if its context leads to another cluster than the one that it was deployed to.
 */
export async function placeOf(stack: Stack, engine: Engine): Promise<Place | undefined> {
  const platform = platformOf(stack);
  if (platform === "docker" || platform === "swarm") {
    const { dockerClient } = await import("../../lib/docker-client.ts");
    const docker = dockerClient((settingsIn(stack, platform) as { host?: string }).host);
    return { kind: platform, docker, label: stackLabelValue(stack) };
  }
  const { clusterOf, labelsOf, namespaceOf } = await import("./kubernetes.ts");
  await engine.checkPlace();
  const cluster = await clusterOf(stack, engine);
  return cluster && { kind: "kubernetes", cluster, namespace: namespaceOf(stack), labels: labelsOf(stack) };
}
