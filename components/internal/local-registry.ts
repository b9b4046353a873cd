import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

export const registryImage = "registry:3";

/** What every container that Slipway runs has; a label as @pulumi/docker has it. */
export function longRunning(labels: docker.types.input.ContainerLabel[]) {
  return {
    labels,
    // Not "unless-stopped": an engine that comes back after a crash stops what still runs, and takes that for wanted.
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "3" },
  };
}

export interface LocalRegistryArgs {
  /** @default "registry:3" */
  image?: pulumi.Input<string>;
  /** Port on 127.0.0.1. */
  port: number;
  network: pulumi.Input<string>;
  labels: docker.types.input.ContainerLabel[];
}

/** A registry in Docker on this machine, the container and the volume `<name>-registry`. */
export function createLocalRegistry(name: string, args: LocalRegistryArgs, opts: pulumi.CustomResourceOptions): docker.Container {
  const registryName = `${name}-registry`;
  const volume = new docker.Volume(registryName, { name: registryName, labels: args.labels }, opts);
  return new docker.Container(
    registryName,
    {
      ...longRunning(args.labels),
      networksAdvanced: [{ name: args.network }],
      name: registryName,
      image: args.image ?? registryImage,
      envs: ["REGISTRY_STORAGE_DELETE_ENABLED=true", "OTEL_TRACES_EXPORTER=none"],
      ports: [{ ip: "127.0.0.1", external: args.port, internal: 5000 }],
      volumes: [{ volumeName: volume.name, containerPath: "/var/lib/registry" }],
    },
    opts,
  );
}
