import type * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "./go-image.ts";
import type { ContainerServiceArgs } from "./container-service-args.ts";

/** The parts of a SwarmHost that a service uses. */
export interface SwarmHostHandle {
  /** Volume, on every node, with the program that runs the probes. */
  helper: pulumi.Input<string>;
}

/** Driver of a persistent volume. */
export interface VolumeDriverArgs {
  /** @default "local" */
  driver?: string;
  /** Options of the driver. @default - none. */
  options?: Record<string, string>;
  /** Name of the volume on the nodes. @default "<prefix>-<volume>" */
  name?: string;
}

type Shared = Omit<ContainerServiceArgs, "on" | "volumeNames" | "network" | "networks">;

export interface SwarmServiceArgs extends Shared {
  /** The SwarmHost. */
  on: SwarmHostHandle;
  /** Id of the service's overlay network. Only its callers are connected to it. */
  network: pulumi.Input<string>;
  /** Ids of further networks: those of the services that this one calls, or one with egress. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Labels that nodes must have. @default - any node. */
  nodeSelector?: Record<string, string>;
  /** Further placement constraints, such as `node.role==worker`. @default - none. */
  constraints?: string[];
  /** Node labels to spread tasks over, such as `node.labels.zone`, before they spread over nodes. @default - nodes only. */
  spread?: string[];
  /** Maximum number of tasks on one node. @default - no maximum. */
  maxPerNode?: number;
  /** Drivers of persistent volumes, by the names in `volumes`. @default - the local driver: each node has its own volume. */
  volumeDrivers?: Record<string, VolumeDriverArgs>;
  /** Credentials for the registry of the image. @default - none. */
  credentials?: RegistryCredentials;
}
