import type * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "./go-image.ts";
import type { WebServiceArgs } from "./web-service-args.ts";

/** What a service is, in the words of WebService: of these, all means the same. */
type Shared = Pick<
  WebServiceArgs,
  | "image"
  | "kind"
  | "command"
  | "args"
  | "ports"
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

/** The part of a ContainerHost that a service uses. */
export interface ContainerHostHandle {
  /** Id of the proxy's container. */
  proxy: pulumi.Input<string>;
  /** Volume with the program that asks services how they are. */
  helper: pulumi.Input<string>;
  /** Endpoint of the engine, as the provider in the options has it. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Credentials for the registry of the images. @default - none. */
  credentials?: RegistryCredentials;
  /** Port of HTTPS that redirects lead to. @default 8443 */
  httpsPort?: number;
}

/** TLS by the proxy's own certificates. */
export interface ProxyTlsArgs {
  /** Whether HTTP answers with a redirect to HTTPS. @default true */
  redirect?: boolean;
}

export interface ContainerServiceArgs extends Shared {
  /** Port that the program listens on, told to it as `PORT`. @default 8080 */
  port?: number;
  /** How many containers run. @default 2 */
  replicas?: number;
  /** TLS for all hosts of the service, with the certificates of the proxy. @default - plain HTTP. */
  tls?: ProxyTlsArgs;
  /** What the service is deployed on. */
  on: ContainerHostHandle;
  /** Network of the service, which only those are in that may call it. @default - one is made, without a way out. */
  network?: pulumi.Input<string>;
  /** Further networks: of the services that this one calls, or with a way out. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Volumes that exist, by the names in `volumes`; of a stateful service one for each replica. @default - they are made. */
  volumeNames?: Record<string, pulumi.Input<string>[]>;
  /** Beginning of the names of containers. @default "<name>" */
  prefix?: string;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}
