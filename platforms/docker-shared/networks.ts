import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { asServices } from "../../config/jobs.ts";
import type { Configuration, ServiceSettings } from "../../config/settings.ts";
import type { DockerPlatform } from "../../config/support.ts";
import { dockerClient } from "../../lib/docker-client.ts";
import { isMissing, missingObject } from "./external.ts";
import { objectName } from "./names.ts";
import type { DockerHostSettings } from "./settings.ts";

type Services = Configuration["services"];

export interface NetworkOptions {
  /** How services refer to networks: containers by name, Swarm services by id. */
  by: "name" | "id";
  /** Driver of all networks. @default - Docker's default, bridge. */
  driver?: string;
  /** Driver options of the services' own networks. @default - none. */
  own?: Record<string, string>;
  /** Driver options of the network with egress. @default - none. */
  egress?: Record<string, string>;
}

/** The networks of a stack's services. */
export interface ServiceNetworks {
  /** The network of each service. Only its callers are connected to it. */
  own: Record<string, pulumi.Input<string>>;
  /** Networks of a service or job besides its own: those of the services that it calls, the one with egress, and those in the settings. */
  furtherOf(service: string): pulumi.Input<string>[];
}

/** Creates a network for each service, one with egress for the services that may use it, and the networks in the settings. */
export function createNetworks(
  name: string,
  { services, jobs }: Pick<Configuration, "services" | "jobs">,
  settings: Pick<DockerHostSettings, "networks" | "host">,
  options: NetworkOptions,
  labels: docker.types.input.NetworkLabel[],
  opts: pulumi.CustomResourceOptions,
): ServiceNetworks {
  const { driver, by } = options;
  const create = (key: string, args: Omit<docker.NetworkArgs, "name" | "labels">, full = `${name}-${key}`) =>
    new docker.Network(full, { name: full, labels, driver, ...args }, opts)[by];
  const all = { ...services, ...asServices(jobs) };
  const existing = (key: string) => (by === "name" ? key : idOf(key, settings.host));
  const own = Object.fromEntries(
    Object.keys(services).map((service) => [
      service,
      create(service, { internal: true, options: options.own }, objectName(name, service, "network")),
    ]),
  );
  const egress = Object.values(all).some(hasEgress) ? create("way-out", { options: options.egress }) : undefined;
  const further = Object.entries(settings.networks ?? {}).map(
    ([key, { external, services: members, subnet, gateway, ipRange, ...args }]) => ({
      members,
      network: external
        ? existing(key)
        : create(key, { ...args, ipamConfigs: subnet === undefined ? undefined : [{ subnet, gateway, ipRange }] }),
    }),
  );
  return {
    own,
    furtherOf(service) {
      const called = Object.keys(services).filter((other) => callersOf(other, all).includes(service));
      return [
        ...called.map((other) => own[other]!),
        ...(egress !== undefined && hasEgress(all[service]!) ? [egress] : []),
        ...further.filter(({ members }) => members.includes(service)).map(({ network }) => network),
      ];
    },
  };
}

/** Id of an existing network. Without a Docker daemon, as for `slipway score`, its name: the preflight checks that it exists. */
function idOf(network: string, host: string | undefined): Promise<string> {
  return dockerClient(host)
    .getNetwork(network)
    .inspect()
    .then(
      ({ Id }) => String(Id),
      () => network,
    );
}

/** External networks that do not exist. */
export async function problemsWithNetworks(
  platform: DockerPlatform,
  docker: Docker,
  networks: NonNullable<DockerHostSettings["networks"]>,
  stack: string,
): Promise<string[]> {
  const problems = Object.entries(networks).map(async ([name, { external }]) =>
    external && (await isMissing(docker.getNetwork(name).inspect()))
      ? [missingObject([platform, "networks", name], "network", name, stack)]
      : [],
  );
  return (await Promise.all(problems)).flat();
}

/** Services that may call a service. */
function callersOf(name: string, services: Services): string[] {
  const isOpen = services[name]!.network?.isolated === false;
  return Object.keys(services).filter((other) => other !== name && (isOpen || calledBy(services[other]!).includes(name)));
}

function calledBy({ calls = [], network }: ServiceSettings): string[] {
  return [...calls, ...(network?.destinations ?? []).flatMap(({ service }) => (service === undefined ? [] : [service]))];
}

/** Whether a service may connect to any address outside the stack. */
function hasEgress({ network }: ServiceSettings): boolean {
  return network?.isolated === false || (network?.destinations ?? []).some(({ cidr }) => cidr !== undefined);
}
