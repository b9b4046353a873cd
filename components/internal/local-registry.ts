import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { defaultImages } from "../images.ts";
import { longRunning } from "./long-running.ts";
import { loopback } from "../ports.ts";

/** Port that the registry listens on in its container. */
export const registryPort = 5000;

export interface LocalRegistryArgs {
  /** @default "registry:3" */
  image?: pulumi.Input<string>;
  /** Published port on 127.0.0.1. */
  port: number;
  network: pulumi.Input<string>;
  labels: docker.types.input.ContainerLabel[];
}

/** Creates a registry on the Docker host: the container and the volume `<name>-registry`. */
export function createLocalRegistry(name: string, args: LocalRegistryArgs, opts: pulumi.CustomResourceOptions): docker.Container {
  const registryName = `${name}-registry`;
  const volume = new docker.Volume(registryName, { name: registryName, labels: args.labels }, opts);
  return new docker.Container(
    registryName,
    {
      ...longRunning(args.labels),
      networksAdvanced: [{ name: args.network }],
      name: registryName,
      image: args.image ?? defaultImages.registry,
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      ports: [{ ip: loopback, external: args.port, internal: registryPort }],
      volumes: [{ volumeName: volume.name, containerPath: "/var/lib/registry" }],
    },
    opts,
  );
}
