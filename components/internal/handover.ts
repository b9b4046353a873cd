import * as pulumi from "@pulumi/pulumi";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { readRoutes, writeRoutes } from "./proxy-file.ts";

// Serialised into the state, see registry-push.ts: default imports for what is no type, and as little text as will do.

export interface HandoverArgs {
  /** Endpoint of the engine, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Name of the container, which is ready. */
  container: pulumi.Input<string>;
  /** Port that it serves at. */
  port: number;
  /** Id of the container of the proxy, and its file with the routes of the service. @default - no proxy leads to it. */
  proxy?: pulumi.Input<string>;
  file?: string;
  /** How the proxy asks each replica of this version, as the JSON that the file has. @default - not at all. */
  healthCheck?: string;
  /** Seconds until nobody asks any more for a container that the proxy does not lead to. */
  settleSeconds: number;
}

type Inputs = pulumi.Unwrap<HandoverArgs>;

/**
 * A replica that takes over from the container that it had before: the proxy leads to the new container in the place of the old
 * one, which ends once nobody asks for it. That the old one is removed is left to Pulumi, which does so at the end of the run.
 */
export class Handover extends pulumi.dynamic.Resource {
  constructor(name: string, args: HandoverArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "slipway", "Handover");
  }
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    // There is no container before; the route that comes after all replicas leads to it.
    return { id: inputs.container, outs: inputs };
  },
  async diff(_id, olds, news) {
    const keys = ["engine", "container", "port", "proxy", "file", "healthCheck", "settleSeconds"] as const;
    return { changes: keys.some((key) => olds[key] !== news[key]) };
  },
  async update(_id, olds, news) {
    if (olds.container !== news.container) {
      await turn(olds, news);
      await new Promise((wake) => setTimeout(wake, news.settleSeconds * 1000));
      await end(olds);
    }
    return { outs: news };
  },
};

/** Until all replicas are of the new version, the proxy asks them nothing that one of the versions does not answer. */
async function turn(olds: Inputs, news: Inputs): Promise<void> {
  const { engine, proxy, file } = news;
  if (proxy === undefined || file === undefined) return;
  const before = await readRoutes({ engine, proxy, file });
  if (!before) return;
  const routes = JSON.parse(before.content);
  const services: { loadBalancer: LoadBalancer }[] = Object.values(routes.http.services);
  for (const { loadBalancer } of services) {
    const isOld = ({ url }: { url: string }) => url === `http://${olds.container}:${olds.port}`;
    loadBalancer.servers = loadBalancer.servers.map((s) => (isOld(s) ? { url: `http://${news.container}:${news.port}` } : s));
    if (JSON.stringify(loadBalancer.healthCheck) !== news.healthCheck) delete loadBalancer.healthCheck;
  }
  await writeRoutes({ engine, proxy, file }, JSON.stringify(routes, null, 2) + "\n");
}

interface LoadBalancer {
  servers: { url: string }[];
  healthCheck?: object;
}

async function end({ engine, container }: Inputs): Promise<void> {
  const found = dockerClient(engine).getContainer(container);
  // 304: it does not run already.
  const over = (error: DockerError) => error.statusCode === 404 || error.statusCode === 304 || Promise.reject(error);
  // An engine that is started anew before Pulumi removes it is not to start it again.
  await found.update({ RestartPolicy: { Name: "no" } }).catch(over);
  await found.stop().catch(over);
}
