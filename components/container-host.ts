import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { RegistryCredentials } from "./go-image.ts";
import { defaultImages } from "./images.ts";
import { helperFolder } from "./internal/container-service/healthcheck.ts";
import { createHelperImage } from "./internal/helper-image.ts";
import { helperPath, ownersOf, type OwnedVolume } from "./internal/owned-volume.ts";
import { createLocalRegistry } from "./internal/local-registry.ts";
import { longRunning } from "./internal/long-running.ts";
import { nonRootUser } from "../lib/non-root.ts";
import {
  certificatesFile,
  dynamicFolder,
  forwardedPorts,
  proxyCommand,
  proxyHealthcheck,
  proxyPorts,
  type ForwardedPort,
} from "./internal/proxy.ts";
import { ProxyRoute } from "./internal/proxy-route.ts";
import { labelList } from "../lib/docker-labels.ts";
import { defaultPorts, loopback } from "./ports.ts";

export type { ForwardedPort } from "./internal/proxy.ts";
export type { OwnedVolume } from "./internal/owned-volume.ts";

export interface ContainerHostPorts {
  /** HTTP of all services with a host. @default 8080 */
  http?: number;
  /** HTTPS of all services with a host. @default 8443 */
  https?: number;
  /** The registry, on 127.0.0.1. Unused with `repository`. @default 5001 */
  registry?: number;
}

/** A certificate of the proxy. */
export interface CertificateArgs {
  /** Certificate chain as PEM, the host's certificate first. */
  certificate: pulumi.Input<string>;
  /** Private key as PEM. */
  key: pulumi.Input<string>;
}

export interface ContainerHostArgs {
  /** Endpoint of the Docker host, the same as of the provider in the options. @default - the one that the `docker` command uses. */
  dockerHost?: pulumi.Input<string | undefined>;
  /** Published ports. */
  ports?: ContainerHostPorts;
  /** Further ports, which the proxy forwards to the services that publish them. @default - none. */
  publish?: ForwardedPort[];
  /** Address that the proxy listens on. @default "127.0.0.1" */
  address?: string;
  /** Prefix of the image repositories, such as `registry.example/team`. @default - a new registry on the Docker host. */
  repository?: string;
  /** Credentials for `repository`. @default - those in the Docker credential store. */
  credentials?: RegistryCredentials;
  /** Certificates for the hosts of services with `tls`. @default - a self-signed certificate of Traefik. */
  certificates?: CertificateArgs[];
  /** Names of the volumes that services write to. Their owner becomes the user of the service. @default - none. */
  volumes?: OwnedVolume[];
  /** Image of the proxy: Traefik, or one with its interface. @default "traefik:v3.6.12" */
  proxyImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

/**
 * What services on one Docker host share: a registry, a proxy that routes hosts to services, and a helper that provides the
 * program for the probes. The containers are `<name>-registry`, `<name>-proxy` and `<name>-helper`, in the network `<name>`.
 *
 * @example
 * const host = new ContainerHost("dev", {});
 * const image = new GoImage("web", { source: "app", repository: `${host.repository}/web` }, { dependsOn: host.registryContainer });
 * const on = { proxy: host.proxy, helper: host.helper };
 * new ContainerService("web", { image: image.ref, host: "web.localhost", on }, { dependsOn: host.helperContainer });
 */
export class ContainerHost extends pulumi.ComponentResource {
  /** Prefix of the image repositories, such as `127.0.0.1:5001`. */
  declare readonly repository: string;
  /** The registry's container, for images to depend on; undefined with the argument `repository`. */
  declare readonly registryContainer?: docker.Container;
  /** Id of the proxy's container. */
  declare readonly proxy: pulumi.Output<string>;
  /** Volume with the program that runs the probes. */
  declare readonly helper: pulumi.Output<string>;
  /** The container that fills the volume, for services to depend on. */
  declare readonly helperContainer: docker.Container;

  constructor(name: string, args: ContainerHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ContainerHost", name, {}, opts);
    const ports = { ...defaultPorts, ...args.ports };
    const ip = args.address ?? loopback;
    const labels = labelList(args.labels);
    const child = { parent: this };
    const network = new docker.Network(name, { name, labels }, child);
    const common = { ...longRunning(labels), networksAdvanced: [{ name: network.name }], readOnly: true };
    const volume = (suffix: string) => new docker.Volume(`${name}-${suffix}`, { name: `${name}-${suffix}`, labels }, child).name;

    if (args.repository === undefined)
      this.registryContainer = createLocalRegistry(
        name,
        { image: args.registryImage, port: ports.registry, network: network.name, labels },
        child,
      );
    this.repository = args.repository ?? `127.0.0.1:${ports.registry}`;

    this.helper = volume("helper");
    const proxy = new docker.Container(
      `${name}-proxy`,
      {
        ...common,
        name: `${name}-proxy`,
        image: args.proxyImage ?? defaultImages.proxy,
        command: proxyCommand(args.publish),
        user: nonRootUser,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        ports: [
          { ip, external: ports.http, internal: proxyPorts.http },
          { ip, external: ports.https, internal: proxyPorts.https },
          ...forwardedPorts(args.publish).map(({ port, protocol, internal }) => ({
            ip,
            external: port,
            internal,
            protocol: protocol.toLowerCase(),
          })),
        ],
        volumes: [
          { volumeName: volume("proxy"), containerPath: dynamicFolder },
          { volumeName: this.helper, containerPath: helperFolder, readOnly: true },
        ],
        healthcheck: proxyHealthcheck,
      },
      child,
    );
    this.proxy = proxy.id;
    if (args.certificates)
      new ProxyRoute(
        `${name}-certificates`,
        {
          engine: args.dockerHost,
          proxy: proxy.id,
          file: `${dynamicFolder}/certificates`,
          content: pulumi.secret(certificatesFile(args.certificates)),
          settleSeconds: 0,
        },
        child,
      );

    const image = createHelperImage(
      name,
      { repository: this.repository, credentials: args.credentials, localRegistry: this.registryContainer },
      child,
    );
    const owned = (args.volumes ?? []).map(({ name: volumeName }, i) => ({ volumeName, containerPath: helperPath(i) }));
    this.helperContainer = new docker.Container(
      `${name}-helper`,
      {
        ...common,
        name: `${name}-helper`,
        image,
        command: ["serve", "-install=/helper", ...ownersOf(args.volumes)],
        // Root, because new volumes belong to root. The container listens on no port, and has no other capability than CHOWN.
        user: "0:0",
        capabilities: { drops: ["ALL"], adds: owned.length > 0 ? ["CAP_CHOWN"] : [] },
        securityOpts: ["no-new-privileges:true"],
        volumes: [{ volumeName: this.helper, containerPath: "/helper" }, ...owned],
        healthcheck: { tests: ["CMD", "/app", "ready"], interval: "100ms", timeout: "2m0s", startPeriod: "10s", retries: 3 },
        wait: true,
        waitTimeout: 60,
      },
      child,
    );
    this.registerOutputs({ repository: this.repository, proxy: this.proxy, helper: this.helper });
  }
}
