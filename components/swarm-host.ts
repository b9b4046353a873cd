import { resolve } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerHostDefaults, type ContainerHostPorts } from "./container-host.ts";
import { GoImage, type RegistryCredentials } from "./go-image.ts";
import { nonRoot } from "./internal/container-service/hardening.ts";
import { createLocalRegistry } from "./internal/local-registry.ts";
import { certificatesFile, dynamicFolder, proxyCommand, proxyHealthcheck, proxyImage, type CertificateArgs } from "./internal/proxy.ts";
import type { Publishing } from "./swarm-publishing.ts";
import { base64, logDriver, nameOf, restartPolicy } from "./internal/swarm-service/task.ts";

export interface SwarmHostArgs {
  ports?: ContainerHostPorts;
  /** @default "host" */
  publish?: Publishing;
  /** How many proxies run behind the routing mesh. @default 2 */
  proxies?: number;
  /** Where images are pushed to and pulled from, such as `registry.example/team`. @default - a registry on this engine. */
  repository?: string;
  /** @default - what the Docker credential store has for the registry, if it has any. */
  credentials?: RegistryCredentials;
  /** Certificates for hosts of services with `tls`. @default - one that Traefik signs itself. */
  certificates?: CertificateArgs[];
  /** Files with routes by service, as Traefik has them. @default - none. */
  routes?: Record<string, pulumi.Input<string>>;
  /** Networks of the services that routes lead to, by service. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Volumes that services write to, by name: on every node they are given to the user that services run as. @default - none. */
  volumes?: pulumi.Input<string>[];
  /** Image of the proxy: Traefik, or one with its interface. @default "traefik:v3.6.12" */
  proxyImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

/**
 * What services on a swarm need beside themselves: a registry (a container, for a swarm of one node), a proxy that leads hosts
 * to them, and on every node a helper that asks them how they are.
 *
 * @example
 * const host = new SwarmHost("prod", { repository: "registry.example/team", routes, networks });
 */
export class SwarmHost extends pulumi.ComponentResource {
  /** What repositories of images start with, such as `127.0.0.1:5001`. */
  declare readonly repository: string;
  /** The container of the registry, for what is pushed to depend on; absent where the registry is elsewhere. */
  declare readonly registryContainer?: docker.Container;
  /** Volume, on every node, with the program that asks services how they are. */
  declare readonly helper: pulumi.Output<string>;
  /** The service that puts it there, for services to depend on. */
  declare readonly helperService: docker.Service;

  constructor(name: string, args: SwarmHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:SwarmHost", name, {}, opts);
    const ports = { ...containerHostDefaults.ports, ...args.ports };
    const labels = Object.entries(args.labels ?? {}).map(([label, value]) => ({ label, value }));
    const child = { parent: this };
    if (args.repository === undefined) {
      const local = new docker.Network(`${name}-registry`, { name: `${name}-registry`, labels }, child);
      const { registryImage: image } = args;
      this.registryContainer = createLocalRegistry(name, { image, port: ports.registry, network: local.name, labels }, child);
    }
    this.repository = args.repository ?? `127.0.0.1:${ports.registry}`;
    this.helper = new docker.Volume(`${name}-helper`, { name: `${name}-helper`, labels }, child).name;

    const image = new GoImage(
      `${name}-helper`,
      {
        source: resolve(import.meta.dirname, "helper"),
        repository: `${this.repository}/slipway-helper`,
        credentials: args.credentials,
        labels: { "org.opencontainers.image.title": "slipway-helper" },
        // Nodes may have another processor than this machine.
        ...(args.repository === undefined ? { compression: "none" } : { platforms: ["linux/amd64", "linux/arm64"] }),
      },
      pulumi.mergeOptions(child, { dependsOn: this.registryContainer }),
    );
    const auth = args.credentials && { serverAddress: String(this.repository.split("/")[0]), ...args.credentials };
    const owned = (args.volumes ?? []).map((source, i) => ({ type: "volume", source, target: `/volumes/${i}` }));
    this.helperService = new docker.Service(
      `${name}-helper`,
      {
        name: `${name}-helper`,
        labels,
        auth,
        mode: { global: true },
        endpointSpec: { mode: "dnsrr" },
        taskSpec: {
          containerSpec: {
            image: image.ref,
            args: ["serve", "-install=/helper", ...owned.map(({ target }) => target)],
            labels,
            user: "0:0",
            readOnly: true,
            capDrops: ["ALL"],
            capAdds: owned.length > 0 ? ["CHOWN"] : [],
            healthcheck: { tests: ["CMD", "/app", "ready"], interval: "100ms", timeout: "2m", startPeriod: "10s", retries: 3 },
            mounts: [{ type: "volume", source: this.helper, target: "/helper" }, ...owned],
          },
          restartPolicy,
          logDriver,
        },
      },
      child,
    );
    this.createProxy(name, args, ports, labels);
    this.registerOutputs({ repository: this.repository, helper: this.helper });
  }

  private createProxy(
    name: string,
    args: SwarmHostArgs,
    ports: Required<ContainerHostPorts>,
    labels: docker.types.input.ServiceLabel[],
  ): void {
    const child = { parent: this };
    const network = new docker.Network(name, { name, labels, driver: "overlay" }, child);
    const config = (service: string, content: pulumi.Input<string>) => {
      const made = new docker.ServiceConfig(nameOf(name, `/routes-${service}`), { data: base64(content), labels }, child);
      return { configId: made.id, configName: made.name, fileName: `${dynamicFolder}/${service}.yaml`, fileMode: 0o444 };
    };
    const certificates = args.certificates && {
      made: new docker.Secret(`${name}-certificates`, { data: pulumi.secret(base64(certificatesFile(args.certificates))), labels }, child),
    };
    const secrets = certificates && [
      {
        secretId: certificates.made.id,
        secretName: certificates.made.name,
        fileName: `${dynamicFolder}/certificates.yaml`,
        fileGid: "65532",
        fileMode: 0o440,
      },
    ];
    const isMesh = args.publish === "mesh";
    const publishMode = isMesh ? "ingress" : "host";
    new docker.Service(
      `${name}-proxy`,
      {
        name: `${name}-proxy`,
        labels,
        mode: isMesh ? { replicated: { replicas: args.proxies ?? 2 } } : { global: true },
        endpointSpec: {
          mode: isMesh ? "vip" : "dnsrr",
          ports: [
            { targetPort: 8000, publishedPort: ports.http, publishMode },
            { targetPort: 8443, publishedPort: ports.https, publishMode },
          ],
        },
        taskSpec: {
          containerSpec: {
            image: args.proxyImage ?? proxyImage,
            args: proxyCommand,
            labels,
            user: nonRoot,
            readOnly: true,
            capDrops: ["ALL"],
            healthcheck: { ...proxyHealthcheck, interval: "1s" },
            configs: Object.entries(args.routes ?? {}).map(([service, content]) => config(service, content)),
            secrets,
          },
          networksAdvanceds: [network.id, ...(args.networks ?? [])].map((id) => ({ id })),
          restartPolicy,
          logDriver,
        },
        // At a node's own ports there cannot be two.
        updateConfig: { parallelism: 1, order: isMesh ? "start-first" : "stop-first", failureAction: "rollback", monitor: "2s" },
        // Pulumi's provider waits for no service that is on every node.
        convergeConfig: isMesh ? { delay: "1s", timeout: "2m" } : undefined,
      },
      child,
    );
  }
}
