import type * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "./go-image.ts";
import type { ContainerServiceArgs } from "./container-service-args.ts";

/** The part of a SwarmHost that a service uses. */
export interface SwarmHostHandle {
  /** Volume, on every node, with the program that asks services how they are. */
  helper: pulumi.Input<string>;
}

/** How a persistent volume is made. */
export interface VolumeDriverArgs {
  /** @default "local" */
  driver?: string;
  /** Options of the driver. @default - none. */
  options?: Record<string, string>;
  /** Its name on the nodes. @default "<prefix>-<volume>" */
  name?: string;
}

type Shared = Omit<ContainerServiceArgs, "on" | "volumeNames" | "network" | "networks">;

export interface SwarmServiceArgs extends Shared {
  /** What the service is deployed on. */
  on: SwarmHostHandle;
  /** Id of the overlay network of the service, which only those are in that may call it. */
  network: pulumi.Input<string>;
  /** Ids of further networks: of the services that this one calls, or with a way out. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Labels that nodes must have. @default - any node. */
  nodeSelector?: Record<string, string>;
  /** Further constraints, such as `node.role==worker`. @default - none. */
  constraints?: string[];
  /** What tasks spread over, such as `node.labels.zone`, before they spread over nodes. @default - nodes alone. */
  spread?: string[];
  /** The most tasks on one node. @default - as many as there is room for. */
  maxPerNode?: number;
  /** Drivers of persistent volumes, by the names in `volumes`. @default - the local one: each node has its own. */
  volumeDrivers?: Record<string, VolumeDriverArgs>;
  /** Credentials for the registry of the image. @default - none. */
  credentials?: RegistryCredentials;
}
