import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../../lib/docker-client.ts";
import { routingFile, routingOf } from "../../components/internal/proxy.ts";
import { resolve } from "../../components/internal/web-service/spec.ts";
import { SwarmHost } from "../../components/swarm-host.ts";
import { SwarmService } from "../../components/swarm-service.ts";
import type { Configuration, ServiceSettings } from "../../config/load.ts";
import * as engine from "../docker-shared/common.ts";
import { missingNetworks, problemWithDaemon, takenPorts } from "../docker-shared/preflight.ts";
import { createVolume, plannedVolumes, problemsWithVolumes, type PlannedVolume } from "../docker-shared/volumes.ts";
import type { Platform, PlatformModule } from "../platform.ts";

export const withDefaults: PlatformModule["withDefaults"] = (service) => engine.withTraefik(service);

export const problemsWith: PlatformModule["problemsWith"] = ({ swarm }, services) => engine.problemsWithSettings("swarm", swarm, services);

export const imageDefaults: PlatformModule["imageDefaults"] = { compression: "none" };

/** The engine must answer and be a manager of a swarm, the ports and volumes be free or this stack's own, and networks that are named exist. */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const { swarm: settings, stack } = configuration;
  const problem = (await problemWithDaemon("swarm", settings)) ?? (await problemWithSwarm(settings));
  if (problem !== undefined) return [problem];
  return [
    ...(await takenPorts("swarm", settings, stack)),
    ...(await missingNetworks("swarm", settings, stack)),
    ...(await problemsWithVolumes("swarm", settings.host, volumesOf(configuration), stack)),
  ];
}

/** What keeps an engine from taking services, or a swarm from having their images. */
async function problemWithSwarm({ host, registry }: Configuration["swarm"]): Promise<string | undefined> {
  const { LocalNodeState, ControlAvailable, NodeID, Nodes } = (await dockerClient(host).info()).Swarm;
  const at = `${pulumi.getProject()}:swarm`;
  const docker = host === undefined ? "docker" : `docker -H ${host}`;
  if (LocalNodeState !== "active")
    return `${at}: the engine is in no swarm. Make one: ${docker} swarm init --advertise-addr ADDRESS (127.0.0.1 for a swarm of this machine alone)`;
  if (!ControlAvailable)
    return `${at}: the engine is a worker of its swarm, and a manager is needed. On a manager: docker node promote ${NodeID}; or name a manager in swarm.host`;
  if (Nodes > 1 && !registry)
    return `${at}.registry: is needed for a swarm of ${Nodes} nodes: name a registry that all of them and this machine reach`;
  return undefined;
}

/**
 * Volumes as they are on this engine, so that they go with the stack; those of other nodes stay there. Tasks are counted from 1, as
 * Swarm does.
 */
function volumesOf({ swarm: { volumes }, services, stack }: Configuration): PlannedVolume[] {
  return plannedVolumes(services, volumes, `${pulumi.getProject()}-${stack}`, 1);
}

/** Swarm takes a task's name back 2 s before it ends the task. */
const quickShutdown = { sleepSeconds: 2 };

/** One task at a time, each as soon as it is ready. */
const oneByOne = { maxSurge: "1", minReadySeconds: 0 };

/** Services on Docker Swarm. */
export function createPlatform(configuration: Configuration): Platform {
  const { stack, services, swarm: settings } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const labels = { [engine.stackLabel]: stack };
  const asLabels = Object.entries(labels).map(([label, value]) => ({ label, value }));
  const { registry, host, ports } = settings;
  const credentials = engine.credentialsOf(settings);
  const registryAuth = credentials && [{ address: String(registry?.repository.split("/")[0]), ...credentials }];
  const opts = { provider: new docker.Provider(name, { host, registryAuth }) };
  const encryption = settings.encrypted ? { encrypted: "true" } : undefined;
  const usual = {
    // By their names Pulumi's provider would make the services anew in every `up`.
    by: "id" as const,
    driver: "overlay",
    own: encryption,
    wayOut: encryption,
  };
  const networks = engine.createNetworks(name, services, settings, usual, asLabels, opts);
  const exposed = Object.keys(services).filter((service) => engine.urlOf(services[service]!, ports) !== undefined);
  const volumes = volumesOf(configuration).flatMap((volume) => createVolume(volume, asLabels, opts));
  const on = new SwarmHost(
    name,
    {
      ports,
      publish: settings.publish,
      proxies: settings.proxies,
      repository: registry?.repository,
      credentials,
      certificates: settings.certificates,
      routes: Object.fromEntries(exposed.map((service) => [service, routesOf(service, services[service]!, ports.https)])),
      networks: exposed.map((service) => networks.own[service]!),
      volumes,
      proxyImage: settings.proxyImage,
      registryImage: settings.registryImage,
      labels,
    },
    opts,
  );

  return {
    registry: (service) => ({ repository: `${on.repository}/${service}`, credentials }),
    imageOptions: { dependsOn: on.registryContainer },
    deploy(service, given, image) {
      const args = engine.workloadArgs(given);
      const drivers = Object.entries(settings.volumes ?? {}).filter(([key]) => key.startsWith(`${service}.`));
      const { constraints, spread, maxPerNode } = settings;
      new SwarmService(
        service,
        {
          ...args,
          image,
          rollout: { ...oneByOne, ...args.rollout },
          shutdown: { ...quickShutdown, ...args.shutdown },
          on: { helper: on.helper },
          prefix: `${name}-${service}`,
          labels,
          network: networks.own[service]!,
          networks: networks.furtherOf(service),
          constraints,
          spread,
          maxPerNode,
          volumeDrivers: Object.fromEntries(drivers.map(([key, volume]) => [key.slice(service.length + 1), volume])),
          credentials,
        },
        { ...opts, dependsOn: on.helperService },
      );
      return { url: engine.urlOf(given, ports) };
    },
    outputs: { registry: on.repository },
  };
}

/** To Traefik a service is one name, which leads to those of its tasks that are ready. */
function routesOf(name: string, given: ServiceSettings, httpsPort: number): string {
  const { tls, ...args } = engine.workloadArgs(given);
  const spec = resolve(name, { ...args, image: "" });
  const routing = routingOf(spec, tls, httpsPort, true);
  return routingFile(routing, [`http://${name}:${Number(spec.port)}`]);
}
