import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ContainerHost } from "../../components/container-host.ts";
import { ContainerService } from "../../components/container-service.ts";
import type { Configuration } from "../../config/load.ts";
import * as engine from "../docker-shared/common.ts";
import { missingNetworks, problemWithDaemon, takenPorts } from "../docker-shared/preflight.ts";
import { createVolume, plannedVolumes, problemsWithVolumes, type PlannedVolume } from "../docker-shared/volumes.ts";
import type { Platform, PlatformModule } from "../platform.ts";

export const withDefaults: PlatformModule["withDefaults"] = (service) => engine.withTraefik(service);

export const problemsWith: PlatformModule["problemsWith"] = ({ docker }, services) =>
  engine.problemsWithSettings("docker", docker, services);

/** Compressing layers for a registry on this machine costs more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = { compression: "none" };

/** The engine must answer, the ports and volumes be free or this stack's own, and what is named as existing exist. */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const { docker: settings, stack } = configuration;
  const problem = await problemWithDaemon("docker", settings);
  if (problem !== undefined) return [problem];
  return [
    ...(await takenPorts("docker", settings, stack)),
    ...(await missingNetworks("docker", settings, stack)),
    ...(await problemsWithVolumes("docker", settings.host, volumesOf(configuration), stack)),
  ];
}

/** Replicas are counted from 0, as their host names are. */
function volumesOf({ docker: { volumes }, services, stack }: Configuration): PlannedVolume[] {
  return plannedVolumes(services, volumes, `${pulumi.getProject()}-${stack}`, 0);
}

/** The proxy is told of a change at once, and needs no longer to notice. */
const quickShutdown = { sleepSeconds: 1 };

/** One replica at a time, each as soon as it is ready. */
const oneByOne = { maxSurge: "1", minReadySeconds: 0 };

/** Services that have a way out do not meet on it. */
const noTalk = { "com.docker.network.bridge.enable_icc": "false" };

/** Containers on one Docker engine. */
export function createPlatform(configuration: Configuration): Platform {
  const { stack, services, docker: settings } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const labels = { [engine.stackLabel]: stack };
  const asLabels = Object.entries(labels).map(([label, value]) => ({ label, value }));
  const { registry, host, ports } = settings;
  const credentials = engine.credentialsOf(settings);
  const registryAuth = credentials && [{ address: String(registry?.repository.split("/")[0]), ...credentials }];
  const opts = { provider: new docker.Provider(name, { host, registryAuth }) };

  const volumes: Record<string, Record<string, pulumi.Input<string>[]>> = {};
  for (const volume of volumesOf(configuration)) (volumes[volume.service] ??= {})[volume.volume] = createVolume(volume, asLabels, opts);
  const on = new ContainerHost(
    name,
    {
      engine: host,
      ports,
      address: settings.address ?? (engine.isLocal(host) ? "127.0.0.1" : "0.0.0.0"),
      repository: registry?.repository,
      credentials,
      certificates: settings.certificates,
      volumes: Object.values(volumes).flatMap((own) => Object.values(own).flat()),
      proxyImage: settings.proxyImage,
      registryImage: settings.registryImage,
      labels,
    },
    opts,
  );
  const networks = engine.createNetworks(name, services, settings, { by: "name", wayOut: noTalk }, asLabels, opts);

  return {
    registry: (service) => ({ repository: `${on.repository}/${service}`, credentials }),
    imageOptions: { dependsOn: on.registryContainer },
    deploy(service, given, image) {
      const args = engine.workloadArgs(given);
      new ContainerService(
        service,
        {
          ...args,
          image,
          rollout: { ...oneByOne, ...args.rollout },
          shutdown: { ...quickShutdown, ...args.shutdown },
          on: { proxy: on.proxy, helper: on.helper, engine: host, credentials, httpsPort: ports.https },
          prefix: `${name}-${service}`,
          labels,
          network: networks.own[service]!,
          networks: networks.furtherOf(service),
          volumeNames: volumes[service] ?? {},
        },
        { ...opts, dependsOn: on.helperContainer },
      );
      return { url: engine.urlOf(given, ports) };
    },
    outputs: { registry: on.repository },
  };
}
