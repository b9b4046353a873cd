import * as pulumi from "@pulumi/pulumi";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { DynamicResource } from "./dynamic-resource.ts";
import { emptyRoutes, readRoutes, writeRoutes } from "./proxy-file.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.
// The property `engine` is stored in states, so it keeps its name.

export interface ProxyRouteArgs {
  /** Endpoint of the Docker host, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Id of the proxy's container. */
  proxy: pulumi.Input<string>;
  /** Network in which the proxy reaches the service; deleting the route disconnects it. @default - only networks that it is already in. */
  network?: pulumi.Input<string>;
  /** File of the proxy's file provider, without its extension. Its folder is a volume of the proxy. */
  file: pulumi.Input<string>;
  content: pulumi.Input<string>;
  /** Seconds to wait after a change, until containers without a route may stop. */
  settleSeconds: pulumi.Input<number>;
}

type Inputs = pulumi.Unwrap<ProxyRouteArgs>;

/** The routes of a service in a running proxy: a file, and membership in the service's network. Changes do not restart the proxy. */
export class ProxyRoute extends DynamicResource<Inputs> {
  constructor(name: string, args: ProxyRouteArgs, opts?: pulumi.CustomResourceOptions) {
    super("ProxyRoute", provider, name, { ...args }, opts);
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    await route(inputs);
    return { id: inputs.file, outs: inputs };
  },
  async diff(_id, olds, news) {
    const keys = ["engine", "proxy", "network", "file", "content"] as const;
    return { changes: keys.some((key) => olds[key] !== news[key]), replaces: olds.file === news.file ? [] : ["file"] };
  },
  async update(_id, olds, news) {
    const before = await readRoutes(news);
    await route(news);
    // If the replicas have handed over one by one, the routes are the same, and there is nothing to wait for.
    if (olds.proxy === news.proxy && before?.content !== news.content) await settle(news);
    return { outs: news };
  },
  async read(id, props) {
    // Content that differs, because replicas have handed over, is a change and does not mean that the route is missing.
    const content = await routedContent(props!);
    return content === undefined ? { id: "" } : { id, props: { ...props!, content } };
  },
  async delete(_id, state) {
    const ifMissing = (error: DockerError) => error.statusCode === 404 || Promise.reject(error);
    await emptyRoutes(state).catch(ifMissing);
    await settle(state);
    if (state.network === undefined) return;
    await dockerClient(state.engine).getNetwork(state.network).disconnect({ Container: state.proxy, Force: true }).catch(ifMissing);
  },
};

async function settle({ settleSeconds }: Inputs): Promise<void> {
  await new Promise((wake) => setTimeout(wake, settleSeconds * 1000));
}

async function route(inputs: Inputs): Promise<void> {
  const { engine, network, proxy } = inputs;
  const ifConnected = (error: DockerError) => /already exists|already attached/.test(error.message) || Promise.reject(error);
  if (network !== undefined) await dockerClient(engine).getNetwork(network).connect({ Container: proxy }).catch(ifConnected);
  await writeRoutes(inputs, inputs.content);
}

async function routedContent(inputs: Inputs): Promise<string | undefined> {
  try {
    const { NetworkSettings } = await dockerClient(inputs.engine).getContainer(inputs.proxy).inspect();
    const isConnected = inputs.network === undefined || NetworkSettings.Networks[inputs.network] !== undefined;
    return isConnected ? (await readRoutes(inputs))?.content : undefined;
  } catch (error) {
    if ((error as DockerError).statusCode === 404) return undefined;
    throw error;
  }
}
