import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type Docker from "dockerode";
import { Protocol } from "../components/web-service-enums.ts";
import { stackLabel } from "../lib/docker-labels.ts";
import { labelOfStack } from "./stack-label.ts";
import type { Problem } from "../lib/problem.ts";
import type { Path } from "../lib/property-path.ts";
import type { PublishedPort } from "./published-ports.ts";
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

/** Who publishes which port on a Docker host, by port and protocol. */
export class PortHolders {
  private readonly holders: Map<string, PortHolder>;

  constructor(holders: Map<string, PortHolder>) {
    this.holders = holders;
  }

  of(port: number, protocol: Protocol = Protocol.TCP): PortHolder | undefined {
    return this.holders.get(keyOf(port, protocol));
  }
}

function keyOf(port: number | undefined, protocol: string | undefined): string {
  return `${port}/${(protocol ?? Protocol.TCP).toLowerCase()}`;
}

export async function portHolders(docker: Docker): Promise<PortHolders> {
  const containers = await docker.listContainers();
  const services = await docker.listServices().catch(() => []); // if the Docker host is not a swarm manager
  const holders = new Map<string, PortHolder>([
    ...containers.flatMap(({ Names, Labels, Ports }) =>
      Ports.map(
        ({ PublicPort, Type }) =>
          [keyOf(PublicPort, Type), { description: `the container ${Names[0]?.slice(1)}`, labels: Labels }] as const,
      ),
    ),
    ...services.flatMap(({ Spec, Endpoint }) =>
      (Endpoint?.Ports ?? []).map(
        ({ PublishedPort, Protocol }) =>
          [keyOf(PublishedPort, Protocol), { description: `the service ${Spec?.Name}`, labels: Spec?.Labels }] as const,
      ),
    ),
  ]);
  return new PortHolders(holders);
}

/**
 * Ports that are not free for a stack.
 *
 * @param isLocal whether the ports are those of this machine, where other programs may use them too
 * @param own label of the objects that may have the ports; by default the stack's
 */
export async function problemsWithUsedPorts(
  platform: string,
  ports: Ports,
  published: PublishedPort[],
  holders: PortHolders,
  stack: string,
  isLocal: boolean,
  own = labelOfStack(stack),
): Promise<string[]> {
  const needed: { path: Path; port: number; protocol: Protocol }[] = [
    ...Object.entries(ports).map(([key, port]) => ({ path: [platform, "ports", key], port, protocol: Protocol.TCP })),
    ...published.map(({ service, name, ...port }) => ({ path: ["services", service, "publish", name, "port"], ...port })),
  ];
  const problems = needed.map(async ({ path, port, protocol }) => {
    const holder = holders.of(port, protocol);
    if (holder ? holder.labels?.[stackLabel] === own : !isLocal || (await isFree(port, protocol))) return [];
    const user = holder?.description ?? "another program";
    const remedy = `Stop it, or set another port in stacks/Pulumi.${stack}.yaml`;
    const named = protocol === Protocol.TCP ? `port ${port}` : `${protocol} port ${port}`;
    return [settingProblem(path, `${named} is already used by ${user}. ${remedy}`)];
  });
  return (await Promise.all(problems)).flat();
}

function isFree(port: number, protocol: Protocol): Promise<boolean> {
  return protocol === Protocol.UDP ? isUdpFree(port) : isTcpFree(port);
}

function isUdpFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket("udp4");
    socket.once("error", () => done(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => done(true)));
  });
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
