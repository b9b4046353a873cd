import { dockerClient } from "../../lib/docker-client.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { ifHidden } from "../kubernetes-shared/forbidden.ts";

/** The containers of nodes, or what prevents loading images into them. */
export type DockerNodes = { containers: string[]; problem?: undefined } | { problem: string };

/**
 * Finds the nodes of a cluster among the containers of the Docker Engine, as kind, k3d and minikube run them: by address and host name, because
 * another cluster may have nodes with the same names.
 */
export async function dockerNodesOf(cluster: KubernetesCluster): Promise<DockerNodes> {
  const found = await cluster.list<Manifest>("v1", "Node").then(({ items }) => items, ifHidden(undefined));
  if (found === undefined) return { problem: "the nodes cannot be listed with these rights. Get the right to list nodes, or set registry" };
  const docker = dockerClient();
  const running = await docker.listContainers().catch((error: Error) => error.message);
  if (typeof running === "string") return { problem: `Docker does not answer (${running}). Start it, or set registry` };
  const matches = found.map(async ({ metadata, status }) => {
    const { addresses = [] } = status as { addresses?: { address: string }[] };
    const own = running.find(({ NetworkSettings: { Networks } }) =>
      Object.values(Networks).some(({ IPAddress }) => addresses.some(({ address }) => address === IPAddress)),
    );
    const { Config, Name } = own ? await docker.getContainer(own.Id).inspect() : { Config: undefined, Name: "" };
    return { node: String(metadata?.name), container: Config?.Hostname === metadata?.name ? Name.slice(1) : undefined };
  });
  const nodes = await Promise.all(matches);
  const others = nodes.filter(({ container }) => container === undefined).map(({ node }) => node);
  if (others.length > 0)
    return { problem: `these nodes are no containers of this machine's Docker Engine: ${others.sort().join(", ")}. Set registry instead` };
  const runtimes = found.map(({ status }) => String((status.nodeInfo as { containerRuntimeVersion?: string }).containerRuntimeVersion));
  const other = runtimes.find((runtime) => !runtime.startsWith("containerd://"));
  if (other !== undefined)
    return { problem: `needs nodes with containerd (got ${other}). Create the cluster with containerd, or set registry` };
  return { containers: nodes.map(({ container }) => container!).sort() };
}
