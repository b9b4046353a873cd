import { resolve } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { GoImage, type RegistryCredentials } from "./go-image.ts";
import { createLocalRegistry, longRunning } from "./internal/local-registry.ts";
import { nonRoot } from "./internal/container-service/hardening.ts";
import { certificatesFile, dynamicFolder, proxyCommand, proxyHealthcheck, proxyImage, type CertificateArgs } from "./internal/proxy.ts";
import { ProxyRoute } from "./internal/proxy-route.ts";

export interface ContainerHostPorts {
  /** HTTP of all services with a host. @default 8080 */
  http?: number;
  /** HTTPS of the same. @default 8443 */
  https?: number;
  /** The registry, on 127.0.0.1; not where `repository` is given. @default 5001 */
  registry?: number;
}

export interface ContainerHostArgs {
  /** Endpoint of the engine, as the provider in the options has it. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  ports?: ContainerHostPorts;
  /** Address that the proxy listens on. @default "127.0.0.1" */
  address?: string;
  /** Where images are pushed to and pulled from, such as `registry.example/team`. @default - a registry on this engine. */
  repository?: string;
  /** @default - what the Docker credential store has for the registry, if it has any. */
  credentials?: RegistryCredentials;
  /** Certificates for hosts of services with `tls`. @default - one that Traefik signs itself. */
  certificates?: CertificateArgs[];
  /** Volumes that services write to, by name: they are given to the user that services run as. @default - none. */
  volumes?: pulumi.Input<string>[];
  /** Image of the proxy: Traefik, or one with its interface. @default "traefik:v3.6.12" */
  proxyImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

export const containerHostDefaults = { ports: { http: 8080, https: 8443, registry: 5001 }, address: "127.0.0.1" } as const;

/**
 * What services on one Docker engine need beside themselves: a registry, a proxy that leads hosts to them, and a helper that
 * asks them how they are. The containers are `<name>-registry`, `<name>-proxy` and `<name>-helper`, in the network `<name>`.
 *
 * @example
 * const host = new ContainerHost("dev", {});
 * const image = new GoImage("web", { source: "app", repository: `${host.repository}/web` }, { dependsOn: host.registryContainer });
 * const on = { proxy: host.proxy, helper: host.helper };
 * new ContainerService("web", { image: image.ref, host: "web.localhost", on }, { dependsOn: host.helperContainer });
 */
export class ContainerHost extends pulumi.ComponentResource {
  /** What repositories of images start with, such as `127.0.0.1:5001`. */
  declare readonly repository: string;
  /** The container of the registry, for what is pushed to depend on; absent where the registry is elsewhere. */
  declare readonly registryContainer?: docker.Container;
  /** Id of the proxy's container. */
  declare readonly proxy: pulumi.Output<string>;
  /** Volume with the program that asks services how they are. */
  declare readonly helper: pulumi.Output<string>;
  /** The container that puts it there, for services to depend on. */
  declare readonly helperContainer: docker.Container;

  constructor(name: string, args: ContainerHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ContainerHost", name, {}, opts);
    const ports = { ...containerHostDefaults.ports, ...args.ports };
    const labels = Object.entries(args.labels ?? {}).map(([label, value]) => ({ label, value }));
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

    const proxy = new docker.Container(
      `${name}-proxy`,
      {
        ...common,
        name: `${name}-proxy`,
        image: args.proxyImage ?? proxyImage,
        command: proxyCommand,
        user: nonRoot,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        ports: [
          { ip: args.address ?? containerHostDefaults.address, external: ports.http, internal: 8000 },
          { ip: args.address ?? containerHostDefaults.address, external: ports.https, internal: 8443 },
        ],
        volumes: [{ volumeName: volume("proxy"), containerPath: dynamicFolder }],
        healthcheck: proxyHealthcheck,
      },
      child,
    );
    this.proxy = proxy.id;
    if (args.certificates)
      new ProxyRoute(
        `${name}-certificates`,
        {
          engine: args.engine,
          proxy: proxy.id,
          file: `${dynamicFolder}/certificates`,
          content: pulumi.secret(certificatesFile(args.certificates)),
          settleSeconds: 0,
        },
        child,
      );

    const image = new GoImage(
      `${name}-helper`,
      {
        source: resolve(import.meta.dirname, "helper"),
        repository: `${this.repository}/slipway-helper`,
        credentials: args.credentials,
        labels: { "org.opencontainers.image.title": "slipway-helper" },
        // An engine elsewhere may have another processor than this machine.
        ...(args.repository === undefined ? { compression: "none" } : { platforms: ["linux/amd64", "linux/arm64"] }),
      },
      pulumi.mergeOptions(child, { dependsOn: this.registryContainer }),
    );
    const owned = (args.volumes ?? []).map((volumeName, i) => ({ volumeName, containerPath: `/volumes/${i}` }));
    this.helper = volume("helper");
    this.helperContainer = new docker.Container(
      `${name}-helper`,
      {
        ...common,
        name: `${name}-helper`,
        image: image.ref,
        command: ["serve", "-install=/helper", ...owned.map(({ containerPath }) => containerPath)],
        // Volumes belong to root at first. Nothing listens here, and no other right is left.
        user: "0:0",
        capabilities: { drops: ["ALL"], adds: owned.length > 0 ? ["CHOWN"] : [] },
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
