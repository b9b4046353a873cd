import * as pulumi from "@pulumi/pulumi";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { DynamicResource } from "./dynamic-resource.ts";
import { changeRoutes } from "./proxy-file.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.
// The property `engine` is stored in states, so it keeps its name.

export interface HandoverArgs {
  /** Endpoint of the Docker host, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Name of the replica's container, which is healthy. */
  container: pulumi.Input<string>;
  /** Port that the container listens on. */
  port: number;
  /** Id of the proxy's container. @default - the service has no routes. */
  proxy?: pulumi.Input<string>;
  /** The proxy's file with the routes of the service. @default - the service has no routes. */
  file?: string;
  /** The proxy's health check of this version, as JSON. @default - the proxy checks nothing. */
  healthCheck?: string;
  /** The container's ports by Traefik's names of the services that forward to it, as JSON. @default - the service publishes no port. */
  forwarded?: string;
  /** Seconds until a container without a route gets no more requests. */
  settleSeconds: number;
}

type Inputs = pulumi.Unwrap<HandoverArgs>;

/**
 * The handover from a replica's previous container to its new one: the proxy routes to the new container instead, and the
 * previous one stops as soon as it gets no more requests. Pulumi removes it at the end of the run.
 */
export class Handover extends DynamicResource<Inputs> {
  constructor(name: string, args: HandoverArgs, opts?: pulumi.CustomResourceOptions) {
    super("Handover", provider, name, { ...args }, opts);
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    // There is no previous container. The ProxyRoute, which is created after all replicas, routes to the new one.
    return { id: inputs.container, outs: inputs };
  },
  async diff(_id, olds, news) {
    const keys = ["engine", "container", "port", "proxy", "file", "healthCheck", "forwarded", "settleSeconds"] as const;
    return { changes: keys.some((key) => olds[key] !== news[key]) };
  },
  async update(_id, olds, news) {
    if (olds.container !== news.container) {
      await replaceInRoutes(olds, news);
      await new Promise((wake) => setTimeout(wake, news.settleSeconds * 1000));
      await stop(olds);
    }
    return { outs: news };
  },
};

/** Until all replicas have the new version, there is no health check: the versions may answer different ones. */
async function replaceInRoutes(olds: Inputs, news: Inputs): Promise<void> {
  const { engine, proxy, file } = news;
  if (proxy === undefined || file === undefined) return;
  await changeRoutes({ engine, proxy, file }, (content) => withNewReplica(content, olds, news));
}

function withNewReplica(content: string, olds: Inputs, news: Inputs): string {
  const routes = JSON.parse(content);
  const services: { loadBalancer: LoadBalancer }[] = Object.values(routes.http?.services ?? {});
  for (const { loadBalancer } of services) {
    const isOld = ({ url }: { url: string }) => url === `http://${olds.container}:${olds.port}`;
    loadBalancer.servers = loadBalancer.servers.map((s) => (isOld(s) ? { url: `http://${news.container}:${news.port}` } : s));
    if (JSON.stringify(loadBalancer.healthCheck) !== news.healthCheck) delete loadBalancer.healthCheck;
  }
  const targets: Record<string, number> = JSON.parse(news.forwarded ?? "{}");
  for (const [name, { loadBalancer }] of [...entries(routes.tcp?.services), ...entries(routes.udp?.services)]) {
    const replaced = ({ address }: { address: string }) => ({
      address: address.startsWith(`${olds.container}:`) ? `${news.container}:${targets[name] ?? address.split(":")[1]}` : address,
    });
    loadBalancer.servers = loadBalancer.servers.map(replaced);
  }
  return JSON.stringify(routes, null, 2) + "\n";
}

type Forwarding = Record<string, { loadBalancer: { servers: { address: string }[] } }>;

function entries(services: Forwarding = {}) {
  return Object.entries(services);
}

interface LoadBalancer {
  servers: { url: string }[];
  healthCheck?: object;
}

async function stop({ engine, container }: Inputs): Promise<void> {
  const previous = dockerClient(engine).getContainer(container);
  // 304: already stopped.
  const ifStopped = (error: DockerError) => error.statusCode === 404 || error.statusCode === 304 || Promise.reject(error);
  // A Docker daemon that restarts before Pulumi removes the container must not start it again.
  await previous.update({ RestartPolicy: { Name: "no" } }).catch(ifStopped);
  await previous.stop().catch(ifStopped);
}
