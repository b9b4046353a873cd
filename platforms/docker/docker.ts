import * as pulumi from "@pulumi/pulumi";
import { ContainerHost } from "../../components/container-host.ts";
import { ContainerJob } from "../../components/container-job.ts";
import { ContainerService } from "../../components/container-service.ts";
import type { Configuration } from "../../config/settings.ts";
import { labelList, stackLabel } from "../../lib/docker-labels.ts";
import { labelOfStack } from "../stack-label.ts";
import { createNetworks } from "../docker-shared/networks.ts";
import { problemsOnDockerHost, problemsWithoutDaemon } from "../docker-shared/preflight.ts";
import { problemsWithSettings } from "../docker-shared/rules.ts";
import { objectName } from "../docker-shared/names.ts";
import { jobArgs, serviceArgs, withDockerDefaults } from "../docker-shared/service-args.ts";
import { createProvider, credentialsOf, isLocal, reachableHost } from "../docker-shared/settings.ts";
import { createVolume, ownedVolumes, plannedVolumes, type PlannedVolume } from "../docker-shared/volumes.ts";
import { urlOf, type Platform, type PlatformModule } from "../platform.ts";
import { addressesOf, publishedPorts } from "../published-ports.ts";
import { loopback } from "../../components/ports.ts";

/** Seconds before a replica stops, in which the proxy reads a changed route. With one, requests were reset on a machine without idle processors. */
const sleepSeconds = 2;

export const withDefaults: PlatformModule["withDefaults"] = (service) => withDockerDefaults(service, sleepSeconds);

export const problemsWith: PlatformModule["problemsWith"] = ({ docker }, services) => problemsWithSettings("docker", docker, services);

/** For a registry on this machine, compressing layers takes more time than it saves. */
export const imageDefaults: PlatformModule["imageDefaults"] = () => ({ compression: "none" });

/** Checks that the Docker daemon answers, that ports and volumes are free or this stack's, and that external objects exist. */
export async function preflight(configuration: Configuration): Promise<string[]> {
  const { docker: settings } = configuration;
  return (
    (await problemsWithoutDaemon("docker", settings)) ?? problemsOnDockerHost("docker", settings, volumesOf(configuration), configuration)
  );
}

/** Replicas are numbered from 0, as in their host names. */
function volumesOf({ docker: { volumes }, services, stack }: Configuration): PlannedVolume[] {
  return plannedVolumes(services, volumes, `${pulumi.getProject()}-${stack}`, 0);
}

/** Services with egress must not reach each other through the network that they share for it. */
const withoutCommunication = { "com.docker.network.bridge.enable_icc": "false" };

/** Containers on one Docker host. */
export function createPlatform(configuration: Configuration): Platform {
  const { stack, docker: settings } = configuration;
  const name = `${pulumi.getProject()}-${stack}`;
  const labels = { [stackLabel]: labelOfStack(stack) };
  const { registry, host, ports } = settings;
  const credentials = credentialsOf(settings);
  const opts = { provider: createProvider(name, settings) };

  const address = settings.address ?? (isLocal(host) ? loopback : "0.0.0.0");
  const volumes: Record<string, Record<string, pulumi.Input<string>[]>> = {};
  const created = volumesOf(configuration).map((volume) => createVolume(volume, labelList(labels), opts));
  for (const { service, volume, names } of created) (volumes[service] ??= {})[volume] = names;
  const on = new ContainerHost(
    name,
    {
      dockerHost: host,
      ports,
      address,
      publish: publishedPorts(configuration.services),
      repository: registry?.repository,
      credentials,
      certificates: settings.certificates,
      volumes: ownedVolumes(created),
      proxyImage: settings.proxyImage,
      registryImage: settings.registryImage,
      labels,
    },
    opts,
  );
  const networks = createNetworks(name, configuration, settings, { by: "name", egress: withoutCommunication }, labelList(labels), opts);

  return {
    registry: (service) => ({ repository: `${on.repository}/${service}`, credentials }),
    imageOptions: { dependsOn: on.registryContainer },
    deploy(service, given, image, after = []) {
      const resource = new ContainerService(
        service,
        {
          ...serviceArgs(given),
          image,
          on: { proxy: on.proxy, helper: on.helper, dockerHost: host, credentials, httpsPort: ports.https },
          prefix: `${name}-${service}`,
          labels,
          network: networks.own[service]!,
          networks: networks.furtherOf(service),
          volumeNames: volumes[service] ?? {},
        },
        { ...opts, dependsOn: [on.helperContainer, ...after] },
      );
      return { url: urlOf(given, ports), addresses: addressesOf(given, pulumi.output(reachableHost(host, address))), resource };
    },
    deployJob: (job, given, image, after) =>
      new ContainerJob(
        job,
        {
          ...jobArgs(given),
          image,
          on: { dockerHost: host, credentials },
          prefix: objectName(name, job, "job"),
          labels,
          networks: networks.furtherOf(job),
        },
        { ...opts, dependsOn: after },
      ),
    outputs: { registry: on.repository },
  };
}
