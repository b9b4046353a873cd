import type Docker from "dockerode";
import type { DockerError } from "../../lib/docker-client.ts";
import type { Properties } from "./kind.ts";

/** Bytes in the unit of @pulumi/docker for memory. */
const mebibyte = 2 ** 20;

/**
 * The inputs of a container with what `docker update`, `docker rename` and `docker network disconnect` have changed. Docker drops a limit that
 * the machine cannot enforce, so a limit that is not there is no change. Others may connect the container to further networks.
 */
export function liveContainer({ Name, HostConfig, NetworkSettings }: Properties, inputs: Properties): Properties {
  const { name, restart, memory, memoryReservation, cpus, cpuShares, networksAdvanced } = inputs;
  const limit = (given: unknown, found: number, unit: number) => {
    const isSame = given === undefined || !found || Math.round(Number(given) * unit) === found;
    return isSame ? given : typeof given === "string" ? String(found / unit) : found / unit;
  };
  const connected = Object.entries((NetworkSettings?.Networks ?? {}) as Properties);
  const isConnected = (network: string) => connected.some(([key, { NetworkID }]) => key === network || NetworkID === network);
  const live = {
    name: name === undefined ? undefined : String(Name).replace(/^\//, ""),
    restart: restart === undefined ? undefined : (HostConfig?.RestartPolicy?.Name ?? restart),
    memory: limit(memory, HostConfig?.Memory, mebibyte),
    memoryReservation: limit(memoryReservation, HostConfig?.MemoryReservation, mebibyte),
    cpus: limit(cpus, HostConfig?.NanoCpus, 1e9),
    cpuShares: limit(cpuShares, HostConfig?.CpuShares, 1),
    networksAdvanced: networksAdvanced?.map((network: Properties) => (isConnected(network["name"]) ? network : undefined)),
  };
  return { ...inputs, ...Object.fromEntries(Object.entries(live).filter(([, value]) => value !== undefined)) };
}

/** Changes a container back while it runs. */
export async function restoreContainer(docker: Docker, id: string, inputs: Properties): Promise<void> {
  const container = docker.getContainer(id);
  const found = (await container.inspect()) as Properties;
  const live = liveContainer(found, inputs);
  const { name, restart, memory, memoryReservation, cpus, cpuShares, networksAdvanced = [] } = inputs;
  const changed = (key: string) => live[key] !== inputs[key];
  if (changed("name")) await container.rename({ name });
  const update = {
    ...(changed("restart") && { RestartPolicy: { Name: restart } }),
    // Docker rejects a limit above the one for memory and swap.
    ...(changed("memory") && { Memory: memory * mebibyte, MemorySwap: (inputs["memorySwap"] ?? 2 * memory) * mebibyte }),
    ...(changed("memoryReservation") && { MemoryReservation: memoryReservation * mebibyte }),
    ...(changed("cpus") && { NanoCpus: Math.round(Number(cpus) * 1e9) }),
    ...(changed("cpuShares") && { CpuShares: cpuShares }),
  };
  if (Object.keys(update).length > 0) await container.update(update);
  const ifConnected = (error: DockerError) => /already exists|already attached/.test(error.message) || Promise.reject(error);
  for (const [i, { name: network, aliases }] of networksAdvanced.entries())
    if (live["networksAdvanced"][i] === undefined)
      await docker
        .getNetwork(network)
        .connect({ Container: id, EndpointConfig: { Aliases: aliases } })
        .catch(ifConnected);
}
