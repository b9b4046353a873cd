import { createServer } from "node:net";
import type Docker from "dockerode";
import { stackLabel } from "../lib/docker-labels.ts";
import type { Problem } from "../lib/problem.ts";
import { settingProblem } from "./setting-problem.ts";

/** Published ports by their key in the settings of a platform. */
type Ports = Record<string, number>;

/** Ports of a platform's settings that are equal. */
export function problemsWithPorts(platform: string, ports: Ports): Problem[] {
  return [...Map.groupBy(Object.entries(ports), ([, port]) => port)]
    .filter(([, sharers]) => sharers.length > 1)
    .map(([port, sharers]) => {
      const keys = sharers.map(([key]) => key);
      return { path: [platform, "ports", String(keys.at(-1))], message: `${keys.join(" and ")} must be different ports (got ${port})` };
    });
}

/** A container, or a Swarm service, that publishes a port. */
interface PortHolder {
  description: string;
  labels?: Record<string, string>;
}

/** Who publishes which port on a Docker host. */
export async function portHolders(docker: Docker): Promise<Map<number | undefined, PortHolder>> {
  const containers = await docker.listContainers();
  const services = await docker.listServices().catch(() => []); // if the Docker host is not a swarm manager
  return new Map<number | undefined, PortHolder>([
    ...containers.flatMap(({ Names, Labels, Ports }) =>
      Ports.map(({ PublicPort }) => [PublicPort, { description: `the container ${Names[0]?.slice(1)}`, labels: Labels }] as const),
    ),
    ...services.flatMap(({ Spec, Endpoint }) =>
      (Endpoint?.Ports ?? []).map(
        ({ PublishedPort }) => [PublishedPort, { description: `the service ${Spec?.Name}`, labels: Spec?.Labels }] as const,
      ),
    ),
  ]);
}

/**
 * Ports that are not free for a stack.
 *
 * @param isLocal whether the ports are those of this machine, where other programs may use them too
 */
export async function problemsWithUsedPorts(
  platform: string,
  ports: Ports,
  holders: Map<number | undefined, PortHolder>,
  stack: string,
  isLocal: boolean,
): Promise<string[]> {
  const problems = Object.entries(ports).map(async ([key, port]) => {
    const holder = holders.get(port);
    if (holder ? holder.labels?.[stackLabel] === stack : !isLocal || (await isFree(port))) return [];
    const user = holder?.description ?? "another program";
    const remedy = `Stop it, or set another port in stacks/Pulumi.${stack}.yaml`;
    return [settingProblem([platform, "ports", key], `port ${port} is already used by ${user}. ${remedy}`)];
  });
  return (await Promise.all(problems)).flat();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
