import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { loopback } from "../../components/ports.ts";
import type { Configuration } from "../../config/settings.ts";

/** Settings that the platforms `docker` and `swarm` share. */
export type DockerHostSettings = Pick<Configuration["docker"], "host" | "ports" | "registry" | "networks"> & {
  volumes?: Record<string, object>;
};

/** Whether the Docker host is this machine. */
export function isLocal(host: string | undefined): boolean {
  const endpoint = host ?? process.env["DOCKER_HOST"] ?? "";
  return !/^(ssh|tcp):/.test(endpoint);
}

/**
 * Where clients reach ports of the Docker host.
 *
 * @param address What the ports are bound to. @default - all addresses
 */
export function reachableHost(host: string | undefined, address = "0.0.0.0"): string {
  if (!["0.0.0.0", "::"].includes(address)) return address;
  return isLocal(host) ? loopback : new URL(host ?? process.env["DOCKER_HOST"] ?? "").hostname;
}

/** Published ports. With a registry in the settings, none is created, so its port is unused. */
export function usedPorts(settings: Pick<DockerHostSettings, "ports" | "registry">): Record<string, number> {
  const { http, https, registry } = settings.ports;
  return settings.registry ? { http, https } : { http, https, registry };
}

/** Registry credentials for pushing and pulling images. */
export function credentialsOf({ registry }: Pick<DockerHostSettings, "registry">) {
  return registry?.username === undefined ? undefined : { username: registry.username, password: pulumi.secret(registry.password ?? "") };
}

/** Creates the provider for the Docker host, with the registry credentials. */
export function createProvider(name: string, settings: Pick<DockerHostSettings, "host" | "registry">): docker.Provider {
  const { host, registry } = settings;
  const credentials = credentialsOf(settings);
  const registryAuth = credentials && [{ address: String(registry?.repository.split("/")[0]), ...credentials }];
  return new docker.Provider(name, { host, registryAuth });
}
