import * as pulumi from "@pulumi/pulumi";
import { SwarmHost } from "../../components/swarm-host.ts";
import { SwarmJob } from "../../components/swarm-job.ts";
import { SwarmService } from "../../components/swarm-service.ts";
import type { Configuration, ServiceSettings } from "../../config/settings.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { labelList, stackLabel } from "../../lib/docker-labels.ts";
import { labelOfStack } from "../stack-label.ts";
import { createNetworks } from "../docker-shared/networks.ts";
import { problemsOnDockerHost, problemsWithoutDaemon } from "../docker-shared/preflight.ts";
import { problemsWithSettings } from "../docker-shared/rules.ts";
import { objectName } from "../docker-shared/names.ts";
import { jobArgs, serviceArgs, withDockerDefaults } from "../docker-shared/service-args.ts";
import { createProvider, credentialsOf, reachableHost } from "../docker-shared/settings.ts";
import { createVolume, ownedVolumes, plannedVolumes, type PlannedVolume } from "../docker-shared/volumes.ts";
import { urlOf, type Platform, type PlatformModule } from "../platform.ts";
import { addressesOf } from "../published-ports.ts";
import { settingProblem } from "../setting-problem.ts";

/** Seconds before a task stops: Swarm removes the task's DNS name 2 s earlier. */
const sleepSeconds = 2;

export const withDefaults: PlatformModule["withDefaults"] = (service) => withDockerDefaults(service, sleepSeconds);

export const problemsWith: PlatformModule["problemsWith"] = ({ swarm }, services) => problemsWithSettings("swarm", swarm, services);

/** For a registry on this machine, compressing layers takes more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = () => ({ compression: "none" });

/** Checks that the Docker host is a swarm manager, that ports and volumes are free or this stack's, and that external networks exist. */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const { swarm: settings } = configuration;
  const problems = await problemsWithoutDaemon("swarm", settings);
  if (problems !== undefined) return problems;
  const problem = await problemWithSwarm(settings);
  if (problem !== undefined) return [problem];
  return problemsOnDockerHost("swarm", settings, volumesOf(configuration), configuration);
}

/** Why the Docker host cannot create services, or the nodes cannot pull their images. */
async function problemWithSwarm({ host, registry }: Configuration["swarm"]): Promise<string | undefined> {
  const { LocalNodeState, ControlAvailable, NodeID, Nodes } = (await dockerClient(host).info()).Swarm;
  const docker = host === undefined ? "docker" : `docker -H ${host}`;
  if (LocalNodeState !== "active") {
    const remedy = `Create a swarm: \`${docker} swarm init --advertise-addr ADDRESS\`, with 127.0.0.1 for a swarm of one node`;
    return settingProblem(["swarm"], `the Docker host is not part of a swarm. ${remedy}`);
  }
  if (!ControlAvailable) {
    const remedy = `Run \`docker node promote ${NodeID}\` on a manager, or set swarm.host to a manager`;
    return settingProblem(["swarm"], `the Docker host is a worker node, and a manager is required. ${remedy}`);
  }
  if (Nodes > 1 && !registry) {
    const message = `is required for a swarm of ${Nodes} nodes. Set a registry that this machine and all nodes can reach`;
    return settingProblem(["swarm", "registry"], message);
  }
  return undefined;
}

/**
 * The volumes on this node, so that they are deleted with the stack; those on other nodes are kept. Tasks are numbered from 1,
 * as Swarm does.
 */
function volumesOf({ swarm: { volumes }, services, stack }: Configuration): PlannedVolume[] {
  return plannedVolumes(services, volumes, `${pulumi.getProject()}-${stack}`, 1);
}

/** Services on Docker Swarm. */
export function createPlatform(configuration: Configuration): Platform {
  const { stack, services, swarm: settings } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const labels = { [stackLabel]: labelOfStack(stack) };
  const { registry, ports } = settings;
  const credentials = credentialsOf(settings);
  const opts = { provider: createProvider(name, settings) };
  const encryption = settings.encrypted ? { encrypted: "true" } : undefined;
  // By id: if services name networks, Pulumi's provider replaces the services in every `up`.
  const options = { by: "id" as const, driver: "overlay", own: encryption, egress: encryption };
  const networks = createNetworks(name, configuration, settings, options, labelList(labels), opts);
  const isExposed = (service: ServiceSettings) => urlOf(service, ports) !== undefined || service.publish !== undefined;
  const exposed = Object.keys(services).filter((service) => isExposed(services[service]!));
  const volumes = volumesOf(configuration).map((volume) => createVolume(volume, labelList(labels), opts));
  const on = new SwarmHost(
    name,
    {
      ports,
      publish: settings.publish,
      proxies: settings.proxies,
      repository: registry?.repository,
      credentials,
      certificates: settings.certificates,
      routes: Object.fromEntries(exposed.map((service) => [service, serviceArgs(services[service]!)])),
      networks: exposed.map((service) => networks.own[service]!),
      volumes: ownedVolumes(volumes),
      proxyImage: settings.proxyImage,
      registryImage: settings.registryImage,
      labels,
    },
    opts,
  );

  const { constraints, spread, maxPerNode } = settings;

  return {
    registry: (service) => ({ repository: `${on.repository}/${service}`, credentials }),
    imageOptions: { dependsOn: on.registryContainer },
    deploy(service, given, image, after = []) {
      const volumeOf = (volume: string) => ({ name: `${name}-${service}-${volume}`, ...settings.volumes?.[`${service}.${volume}`] });
      const volumeDrivers = Object.fromEntries(Object.keys(given.volumes ?? {}).map((volume) => [volume, volumeOf(volume)]));
      const resource = new SwarmService(
        service,
        {
          ...serviceArgs(given),
          image,
          on: { helper: on.helper },
          prefix: objectName(name, service, "service"),
          labels,
          network: networks.own[service]!,
          networks: networks.furtherOf(service),
          constraints,
          spread,
          maxPerNode,
          volumeDrivers,
          credentials,
        },
        // Tasks name their volumes, so the service does not depend on them otherwise: they are deleted after it.
        {
          ...opts,
          dependsOn: [
            on.helperService,
            ...volumes.filter((volume) => volume.service === service).flatMap(({ created }) => created),
            ...after,
          ],
        },
      );
      return { url: urlOf(given, ports), addresses: addressesOf(given, pulumi.output(reachableHost(settings.host))), resource };
    },
    deployJob: (job, given, image, after) =>
      new SwarmJob(
        job,
        {
          ...jobArgs(given),
          image,
          dockerHost: settings.host,
          prefix: objectName(name, job, "job"),
          labels,
          networks: networks.furtherOf(job),
          constraints,
          credentials,
        },
        { ...opts, dependsOn: after },
      ),
    outputs: { registry: on.repository },
  };
}
