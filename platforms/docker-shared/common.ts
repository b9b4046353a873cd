import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../../lib/docker-client.ts";
import type { Problem } from "../../lib/problem.ts";
import type { Configuration, ServiceSettings } from "../../config/load.ts";
import { hasIngress } from "../../config/schema/service.ts";
import type { DockerPlatform } from "../../config/support.ts";

// What the platforms `docker` and `swarm` have in common.

/** Docker objects of a stack carry this label. */
export const stackLabel = "dev.slipway.stack";

type Services = Configuration["services"];

/** What the Traefik of the stack gives to services; the rules of a service ask for its name. */
export function withTraefik(service: ServiceSettings): ServiceSettings {
  return hasIngress(service) ? { ingressClassName: "traefik", ...service } : service;
}

/** Who shares a network with whom: a service's own is for those that call it. */
function networksOf(services: Services): Record<string, { isOpen: boolean; callers: string[] }> {
  const names = Object.keys(services);
  return Object.fromEntries(
    names.map((name) => {
      const isOpen = services[name]!.network?.isolated === false;
      const callers = names.filter((other) => other !== name && (isOpen || calledBy(services[other]!).includes(name)));
      return [name, { isOpen, callers }];
    }),
  );
}

function calledBy({ calls = [], network }: ServiceSettings): string[] {
  return [...calls, ...(network?.destinations ?? []).flatMap(({ service }) => (service === undefined ? [] : [service]))];
}

/** Whether a service may send to anywhere. */
function hasWayOut({ network }: ServiceSettings): boolean {
  return network?.isolated === false || (network?.destinations ?? []).some(({ cidr }) => cidr !== undefined);
}

/** Where the outside reaches a service, by the first of its hosts. */
export function urlOf({ host, routes = [], tls, expose }: ServiceSettings, ports: { http: number; https: number }): string | undefined {
  const [first] = [...(host === undefined ? [] : [{ host, path: "/" }]), ...routes];
  if (!first || expose === "none") return undefined;
  const [scheme, port, usual] = tls ? ["https", ports.https, 443] : ["http", ports.http, 80];
  return `${scheme}://${first.host}${port === usual ? "" : `:${port}`}${first.path ?? "/"}`;
}

/** Two uses of one port. */
function problemsWithPorts(platform: string, ports: Record<string, number>): Problem[] {
  return [...Map.groupBy(Object.entries(ports), ([, port]) => port).values()]
    .map((sharers) => sharers.map(([key]) => key))
    .filter((keys) => keys.length > 1)
    .map((keys) => ({ path: [platform, "ports", String(keys.at(-1))], message: `${keys.join(" and ")} cannot share a port` }));
}

/** Names of services in a platform's settings that are none. */
function problemsWithServiceNames(platform: DockerPlatform, given: Record<string, { services: string[] }>, services: Services): Problem[] {
  const known = Object.keys(services);
  return Object.entries(given).flatMap(([name, { services }]) =>
    services.flatMap((service, i) =>
      known.includes(service)
        ? []
        : [
            {
              path: [platform, "networks", name, "services", i],
              message: `must be a service of the stack (got "${service}"); known are ${known.join(", ")}`,
            },
          ],
    ),
  );
}

/** A registry that is missing, and volumes that no service has. */
export function problemsWithSettings(platform: DockerPlatform, settings: DockerHostSettings, services: Services): Problem[] {
  const { host, ports, registry, networks = {}, volumes = {} } = settings;
  const { http, https } = ports;
  const problems: Problem[] = [
    ...problemsWithPorts(platform, registry ? { http, https } : ports),
    ...problemsWithServiceNames(platform, networks, services),
  ];
  if (!registry && !isLocal(host))
    problems.push({
      path: [platform, "registry"],
      message: `is needed for an engine elsewhere (${host ?? process.env["DOCKER_HOST"]}): name a registry that it and this machine reach`,
    });
  const known = Object.entries(services).flatMap(([name, service]) =>
    Object.entries(service.volumes ?? {}).flatMap(([volume, { kind }]) => (kind === "persistent" ? [`${name}.${volume}`] : [])),
  );
  const rule = `must be <service>.<volume> of a persistent volume; known are ${known.join(", ") || "none"}`;
  return [
    ...problems,
    ...Object.keys(volumes).flatMap((key) => (known.includes(key) ? [] : [{ path: [platform, "volumes", key], message: rule }])),
  ];
}

export type DockerHostSettings = Pick<Configuration["docker"], "host" | "ports" | "registry" | "networks"> & {
  volumes?: Record<string, object>;
};

/** What images are pushed and pulled with. */
export function credentialsOf({ registry }: Pick<DockerHostSettings, "registry">) {
  return registry?.username === undefined ? undefined : { username: registry.username, password: pulumi.secret(registry.password ?? "") };
}

/** The networks of a stack: one for each service, one for those that have a way out, and further ones that the settings name. */
export function createNetworks(
  name: string,
  services: Services,
  settings: Pick<DockerHostSettings, "networks" | "host">,
  usual: { by: "name" | "id"; driver?: string; own?: Record<string, string>; wayOut?: Record<string, string> },
  labels: docker.types.input.NetworkLabel[],
  opts: pulumi.CustomResourceOptions,
) {
  const { driver, by } = usual;
  const network = (key: string, args: Omit<docker.NetworkArgs, "name" | "labels">) =>
    new docker.Network(`${name}-${key}`, { name: `${name}-${key}`, labels, driver, ...args }, opts)[by];
  // That it exists, the preflight has seen. Where there is none, as for `make score`, its name stands for it.
  const idOf = (key: string): Promise<string> =>
    dockerClient(settings.host)
      .getNetwork(key)
      .inspect()
      .then(
        ({ Id }) => String(Id),
        () => key,
      );
  const found = (key: string) => (by === "name" ? key : idOf(key));
  const plan = networksOf(services);
  const own = Object.fromEntries(
    Object.keys(services).map((service) => [service, network(service, { internal: true, options: usual.own })]),
  );
  const wayOut = Object.values(services).some(hasWayOut) ? network("way-out", { options: usual.wayOut }) : undefined;
  const further = Object.entries(settings.networks ?? {}).map(
    ([key, { external, services: members, subnet, gateway, ipRange, ...args }]) => ({
      members,
      name: external
        ? found(key)
        : network(key, { ...args, ipamConfigs: subnet === undefined ? undefined : [{ subnet, gateway, ipRange }] }),
    }),
  );
  return {
    own,
    /** Beside its own: those of the services that it calls, the way out, and those that the settings put it in. */
    furtherOf(service: string): pulumi.Input<string>[] {
      const called = Object.keys(services).filter((other) => plan[other]!.callers.includes(service));
      return [
        ...called.map((other) => own[other]!),
        ...(wayOut !== undefined && hasWayOut(services[service]!) ? [wayOut] : []),
        ...further.filter(({ members }) => members.includes(service)).map((f) => f.name),
      ];
    },
  };
}

/** What a service's settings say of its workload, wherever it is Docker that runs it. */
export function workloadArgs(given: ServiceSettings) {
  const {
    source: _source,
    image: _image,
    builder: _builder,
    package: _package,
    platforms: _platforms,
    calls: _calls,
    network: _network,
    ingressClassName: _class,
    autoscaling: _autoscaling,
    gateway: _gateway,
    topologySpread: _spread,
    tls,
    ...args
  } = given;
  return { ...args, tls: tls && { redirect: tls.redirect }, partOf: pulumi.getProject() };
}

/** Whether the engine is on this machine. */
export function isLocal(host: string | undefined): boolean {
  const endpoint = host ?? process.env["DOCKER_HOST"] ?? "";
  return !/^(ssh|tcp):/.test(endpoint);
}
