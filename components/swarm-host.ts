import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelList } from "../lib/docker-labels.ts";
import type { CertificateArgs, ContainerHostPorts } from "./container-host.ts";
import type { ProxyTlsArgs } from "./container-service-args.ts";
import type { RegistryCredentials } from "./go-image.ts";
import { defaultImages } from "./images.ts";
import { helperFolder } from "./internal/container-service/healthcheck.ts";
import { createHelperImage } from "./internal/helper-image.ts";
import { helperPath, ownersOf, type OwnedVolume } from "./internal/owned-volume.ts";
import { createLocalRegistry } from "./internal/local-registry.ts";
import { logDriver } from "./internal/long-running.ts";
import { plainOnDocker } from "./internal/plain-on-docker.ts";
import { problemsWithLate } from "../lib/late-values.ts";
import { nonRootUid, nonRootUser } from "../lib/non-root.ts";
import { throwIfAny } from "../lib/problem.ts";
import {
  certificatesFile,
  dynamicFolder,
  forwardedPorts,
  proxyCommand,
  proxyHealthcheck,
  proxyPorts,
  routingFile,
  routingOf,
  type Routing,
} from "./internal/proxy.ts";
import { authOf, base64, objectName, restartPolicy } from "./internal/swarm-service/task.ts";
import { resolve } from "./internal/web-service/spec.ts";
import { defaultPorts } from "./ports.ts";
import type { Publishing } from "./swarm-publishing.ts";
import type { SwarmServiceArgs } from "./swarm-service-args.ts";
import { defaultProxies } from "./swarm-publishing.ts";

/** The arguments of a SwarmService that its routes depend on. */
export interface SwarmRouteArgs extends Pick<
  SwarmServiceArgs,
  "port" | "ports" | "probes" | "host" | "routes" | "publish" | "connectRetries"
> {
  /** TLS for all hosts of the service, with the certificates of the proxy. @default - plain HTTP. */
  tls?: ProxyTlsArgs;
}

export interface SwarmHostArgs {
  /** Published ports. */
  ports?: ContainerHostPorts;
  /** @default "host" */
  publish?: Publishing;
  /** Number of proxies behind the routing mesh. @default 2 */
  proxies?: number;
  /** Prefix of the image repositories, such as `registry.example/team`. @default - a new registry on the Docker host. */
  repository?: string;
  /** Credentials for `repository`. @default - those in the Docker credential store. */
  credentials?: RegistryCredentials;
  /** Certificates for the hosts of services with `tls`. @default - a self-signed certificate of Traefik. */
  certificates?: CertificateArgs[];
  /** Services with a host or published ports, by name, with the same arguments as the SwarmService. @default - none. */
  routes?: Record<string, SwarmRouteArgs>;
  /** Ids of the networks of the services in `routes`. @default - none. */
  networks?: pulumi.Input<string>[];
  /** Names of the volumes that services write to. On every node their owner becomes the user of the service. @default - none. */
  volumes?: OwnedVolume[];
  /** Image of the proxy: Traefik, or one with its interface. @default "traefik:v3.6.12" */
  proxyImage?: pulumi.Input<string>;
  /** Image of the registry: CNCF Distribution, or one with its interface. @default "registry:3" */
  registryImage?: pulumi.Input<string>;
  /** Labels of every Docker object. @default - none. */
  labels?: Record<string, pulumi.Input<string>>;
}

/**
 * What services on a swarm share: a registry (one container, for a swarm of one node), a proxy that routes hosts to services,
 * and on every node a helper that provides the program for the probes.
 *
 * @example
 * const routes = { web: { host: "web.example.org" } };
 * const host = new SwarmHost("prod", { repository: "registry.example/team", routes, networks: [network.id] });
 */
export class SwarmHost extends pulumi.ComponentResource {
  /** Prefix of the image repositories, such as `127.0.0.1:5001`. */
  declare readonly repository: string;
  /** The registry's container, for images to depend on; undefined with the argument `repository`. */
  declare readonly registryContainer?: docker.Container;
  /** Volume, on every node, with the program that runs the probes. */
  declare readonly helper: pulumi.Output<string>;
  /** The service that fills the volume, for services to depend on. */
  declare readonly helperService: docker.Service;

  constructor(name: string, args: SwarmHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:SwarmHost", name, {}, opts);
    const ports = { ...defaultPorts, ...args.ports };
    const labels = labelList(args.labels);
    const child = { parent: this };
    if (args.repository === undefined) {
      const local = new docker.Network(`${name}-registry`, { name: `${name}-registry`, labels }, child);
      const { registryImage: image } = args;
      this.registryContainer = createLocalRegistry(name, { image, port: ports.registry, network: local.name, labels }, child);
    }
    this.repository = args.repository ?? `127.0.0.1:${ports.registry}`;
    this.helper = new docker.Volume(`${name}-helper`, { name: `${name}-helper`, labels }, child).name;

    const image = createHelperImage(
      name,
      { repository: this.repository, credentials: args.credentials, localRegistry: this.registryContainer },
      child,
    );
    const auth = args.credentials && authOf(pulumi.output(this.repository), args.credentials);
    const owned = (args.volumes ?? []).map(({ name: source }, i) => ({ type: "volume", source, target: helperPath(i) }));
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
            image,
            args: ["serve", "-install=/helper", ...ownersOf(args.volumes)],
            labels,
            user: "0:0",
            readOnly: true,
            capDrops: ["ALL"],
            capAdds: owned.length > 0 ? ["CAP_CHOWN"] : [],
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
    const late = problemsWithLate({ routes: args.routes ?? {} }, plainRoutes, "the names of the proxy's configs depend on it");
    throwIfAny(late, `SwarmHost "${name}":`);
    const network = new docker.Network(name, { name, labels, driver: "overlay" }, child);
    const configs = Object.entries(args.routes ?? {}).map(([service, route]) => {
      const data = base64(routesFile(service, route, ports.https));
      const config = new docker.ServiceConfig(objectName(name, `/routes-${service}`), { data, labels }, child);
      return { configId: config.id, configName: config.name, fileName: `${dynamicFolder}/${service}.yaml`, fileMode: 0o444 };
    });
    const certificates =
      args.certificates &&
      new docker.Secret(`${name}-certificates`, { data: pulumi.secret(base64(certificatesFile(args.certificates))), labels }, child);
    const secrets = certificates && [
      {
        secretId: certificates.id,
        secretName: certificates.name,
        fileName: `${dynamicFolder}/certificates.yaml`,
        fileGid: String(nonRootUid),
        fileMode: 0o440,
      },
    ];
    const published = Object.entries(args.routes ?? {}).flatMap(([service, route]) => Object.values(specOf(service, route).publish));
    const isMesh = args.publish === "mesh";
    const publishMode = isMesh ? "ingress" : "host";
    new docker.Service(
      `${name}-proxy`,
      {
        name: `${name}-proxy`,
        labels,
        mode: isMesh ? { replicated: { replicas: args.proxies ?? defaultProxies } } : { global: true },
        endpointSpec: {
          mode: isMesh ? "vip" : "dnsrr",
          ports: [
            { targetPort: proxyPorts.http, publishedPort: ports.http, publishMode },
            { targetPort: proxyPorts.https, publishedPort: ports.https, publishMode },
            ...forwardedPorts(published).map(({ port, protocol, internal }) => ({
              targetPort: internal,
              publishedPort: port,
              publishMode,
              protocol: protocol.toLowerCase(),
            })),
          ],
        },
        taskSpec: {
          containerSpec: {
            image: args.proxyImage ?? defaultImages.proxy,
            args: proxyCommand(published),
            labels,
            user: nonRootUser,
            readOnly: true,
            capDrops: ["ALL"],
            // Swarm waits for the first check of a new task. Each one takes 0.1 s of processor time.
            healthcheck: { ...proxyHealthcheck, interval: "3s" },
            configs,
            secrets,
            mounts: [{ type: "volume", source: this.helper, target: helperFolder, readOnly: true }],
          },
          networksAdvanceds: [network.id, ...(args.networks ?? [])].map((id) => ({ id })),
          restartPolicy,
          logDriver,
        },
        // Two proxies cannot listen on the same port of a node.
        updateConfig: { parallelism: 1, order: isMesh ? "start-first" : "stop-first", failureAction: "rollback", monitor: "2s" },
        // Pulumi's provider cannot wait for a global service.
        convergeConfig: isMesh ? { delay: "1s", timeout: "2m" } : undefined,
      },
      child,
    );
  }
}

function specOf(name: string, { tls: _tls, ...args }: SwarmRouteArgs) {
  return resolve(name, { ...args, image: "" });
}

/** Traefik's file for a service. Its only server is the service's DNS name, which resolves to the tasks that are ready. */
/** What the proxy's configuration contains. */
const plainRoutes = [["host"], ["routes", "*", "host"], ...plainOnDocker].map((path) => ["routes", "*", ...path]);

function routesFile(name: string, args: SwarmRouteArgs, httpsPort: number): string {
  // The host and the routes are known: see `plainRoutes`.
  const routing = routingOf(specOf(name, args), args.tls, httpsPort, true) as pulumi.Unwrap<Routing>;
  return routingFile(routing, [name]);
}
