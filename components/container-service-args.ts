import type * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "./go-image.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** Arguments that mean the same as those of a WebService. */
type Shared = Pick<
  WebServiceArgs,
  | "image"
  | "kind"
  | "command"
  | "args"
  | "workingDir"
  | "user"
  | "group"
  | "security"
  | "ports"
  | "publish"
  | "rollout"
  | "probes"
  | "shutdown"
  | "resources"
  | "env"
  | "secretEnv"
  | "files"
  | "secretFiles"
  | "volumes"
  | "host"
  | "routes"
  | "expose"
  | "connectRetries"
  | "version"
  | "partOf"
>;

/** The parts of a ContainerHost that a service uses. */
export interface ContainerHostHandle {
  /** Id of the proxy's container. */
  proxy: pulumi.Input<string>;
  /** Volume with the program that runs the probes. */
  helper: pulumi.Input<string>;
  /** Endpoint of the Docker host, the same as of the provider in the options. @default - the one that the `docker` command uses. */
  dockerHost?: pulumi.Input<string | undefined>;
  /** Credentials for the registry of the image. @default - none. */
  credentials?: RegistryCredentials;
  /** HTTPS port that HTTP redirects to. @default 8443 */
  httpsPort?: number;
}

/** TLS with the certificates of the proxy. */
export interface ProxyTlsArgs {
  /** Whether HTTP redirects to HTTPS. @default true */
  redirect?: boolean;
}

export interface ContainerServiceArgs extends Shared {
  /** Port that the program listens on; set as the environment variable `PORT`. @default 8080 */
  port?: number;
  /** Number of containers. @default 2 */
  replicas?: number;
  /** TLS for all hosts of the service, with the certificates of the proxy. @default - plain HTTP. */
  tls?: ProxyTlsArgs;
  /** The ContainerHost. */
  on: ContainerHostHandle;
  /** Network of the service. Only its callers are connected to it. @default - a new network without egress. */
  network?: pulumi.Input<string>;
  /** Further networks: those of the services that this one calls, or one with egress. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Existing volumes, by the names in `volumes`; of a stateful service, one for each replica. @default - new volumes. */
  volumeNames?: Record<string, pulumi.Input<string>[]>;
  /** Prefix of the containers' names. @default "<name>" */
  prefix?: string;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}
