import { createServer } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient, noDocker, type DockerError } from "../../lib/docker-client.ts";
import type { DockerPlatform } from "../../config/support.ts";
import { isLocal, stackLabel, type DockerHostSettings } from "./common.ts";

// What the platforms `docker` and `swarm` look at on the engine before anything is changed.

/** What is told where the engine does not answer, and nothing else can be looked at. */
export async function problemWithDaemon(platform: DockerPlatform, { host }: Pick<DockerHostSettings, "host">): Promise<string | undefined> {
  const error = await dockerClient(host)
    .ping()
    .then(
      () => undefined,
      (error: Error) => error,
    );
  if (!error || host === undefined) return error && noDocker;
  return `${pulumi.getProject()}:${platform}.host: no Docker engine answers at ${host} (${((error.cause ?? error) as Error).message}). See that \`docker -H ${host} info\` works`;
}

/** Ports that others have taken. */
export async function takenPorts(
  platform: DockerPlatform,
  { host, ports: { http, https, registry }, registry: elsewhere }: DockerHostSettings,
  stack: string,
): Promise<string[]> {
  const ports = elsewhere ? { http, https } : { http, https, registry };
  const at = `${pulumi.getProject()}:${platform}`;
  const engine = dockerClient(host);
  const containers = await engine.listContainers();
  const services = await engine.listServices().catch(() => []); // where the engine is in no swarm
  const holders = new Map<number | undefined, Holder>([
    ...containers.flatMap(({ Names, Labels, Ports }) =>
      Ports.map(({ PublicPort }) => [PublicPort, { what: `the container ${Names[0]?.slice(1)}`, labels: Labels }] as const),
    ),
    ...services.flatMap(({ Spec, Endpoint }) =>
      (Endpoint?.Ports ?? []).map(
        ({ PublishedPort }) => [PublishedPort, { what: `the service ${Spec?.Name}`, labels: Spec?.Labels }] as const,
      ),
    ),
  ]);
  const problems = await Promise.all(
    Object.entries(ports).map(async ([key, port]) => {
      const holder = holders.get(port);
      if (holder ? holder.labels?.[stackLabel] === stack : !isLocal(host) || (await isFree(port))) return [];
      const by = holder?.what ?? "another program";
      return [`${at}.ports.${key}: port ${port} is taken by ${by}. Stop it, or set another port in stacks/Pulumi.${stack}.yaml`];
    }),
  );
  return problems.flat();
}

/** A container, or a service of a swarm, whose port is taken by Swarm itself. */
interface Holder {
  what: string;
  labels?: Record<string, string>;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

/** Networks that are to exist, and do not. */
export async function missingNetworks(
  platform: DockerPlatform,
  { host, networks = {} }: DockerHostSettings,
  stack: string,
): Promise<string[]> {
  const engine = dockerClient(host);
  const lines = Object.entries(networks).map(async ([name, { external }]) =>
    external && (await isMissing(engine.getNetwork(name).inspect()))
      ? [missingLine(platform, `networks.${name}`, "network", name, stack)]
      : [],
  );
  return (await Promise.all(lines)).flat();
}

export function isMissing(found: Promise<unknown>): Promise<boolean> {
  return found.then(
    () => false,
    (error: DockerError) => error.statusCode === 404 || Promise.reject(error),
  );
}

export function missingLine(platform: DockerPlatform, path: string, what: string, name: string, stack: string): string {
  return `${pulumi.getProject()}:${platform}.${path}: there is no ${what} "${name}" on the engine; make it (docker ${what} create ${name}), or leave out external in stacks/Pulumi.${stack}.yaml`;
}
