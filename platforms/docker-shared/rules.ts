import type { Configuration } from "../../config/settings.ts";
import type { DockerPlatform } from "../../config/support.ts";
import type { Problem } from "../../lib/problem.ts";
import { problemsWithPorts } from "../ports.ts";
import { problemsWithPublishedPorts } from "../published-ports.ts";
import { isLocal, usedPorts, type DockerHostSettings } from "./settings.ts";

type Services = Configuration["services"];

/** Rules of the platforms `docker` and `swarm`. */
export function problemsWithSettings(platform: DockerPlatform, settings: DockerHostSettings, services: Services): Problem[] {
  return [
    ...problemsWithVersions(services),
    ...problemsWithPorts(platform, usedPorts(settings)),
    ...problemsWithPublishedPorts(platform, usedPorts(settings), services),
    ...problemsWithNetworks(platform, settings, services),
    ...problemsWithRegistry(platform, settings),
    ...problemsWithVolumes(platform, settings, services),
  ];
}

/** Containers have no label for the version: it only has an effect when the program is built. */
function problemsWithVersions(services: Services): Problem[] {
  return Object.entries(services).flatMap(([name, { version, source }]) =>
    version !== undefined && source === undefined ? [{ path: ["services", name, "version"], message: "requires source. Remove it" }] : [],
  );
}

function problemsWithNetworks(platform: DockerPlatform, { networks = {} }: DockerHostSettings, services: Services): Problem[] {
  const known = Object.keys(services);
  return Object.entries(networks).flatMap(([network, { services: members }]) =>
    members.flatMap((member, i) => {
      const path = [platform, "networks", network, "services", i];
      const message = `must be a service of the stack (got "${member}"). Known services: ${known.join(", ")}`;
      return known.includes(member) ? [] : [{ path, message }];
    }),
  );
}

function problemsWithRegistry(platform: DockerPlatform, { host, registry }: DockerHostSettings): Problem[] {
  if (registry || isLocal(host)) return [];
  const endpoint = host ?? process.env["DOCKER_HOST"];
  const message = `is required, because the Docker host is another machine (${endpoint}). Set a registry that both machines can reach`;
  return [{ path: [platform, "registry"], message }];
}

function problemsWithVolumes(platform: DockerPlatform, { volumes = {} }: DockerHostSettings, services: Services): Problem[] {
  const known = Object.entries(services).flatMap(([name, service]) =>
    Object.entries(service.volumes ?? {}).flatMap(([volume, { kind }]) => (kind === "persistent" ? [`${name}.${volume}`] : [])),
  );
  const message = `must be <service>.<volume> of a persistent volume. Known volumes: ${known.join(", ") || "none"}`;
  return Object.keys(volumes).flatMap((key) => (known.includes(key) ? [] : [{ path: [platform, "volumes", key], message }]));
}
