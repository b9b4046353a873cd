import * as pulumi from "@pulumi/pulumi";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { emptyRoutes, readRoutes, writeRoutes } from "./proxy-file.ts";

// Serialised into the state, see registry-push.ts: default imports for what is no type, and as little text as will do.

export interface ProxyRouteArgs {
  /** Endpoint of the engine, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Id of the container of the proxy. */
  proxy: pulumi.Input<string>;
  /** Network that the proxy reaches the service by, and leaves when the route goes. @default - none but those that it is in. */
  network?: pulumi.Input<string>;
  /** File of the proxy's file provider, without its ending: a volume of the proxy holds its folder. */
  file: pulumi.Input<string>;
  content: pulumi.Input<string>;
  /** Seconds to wait after a change, until what is not routed to any more may go. */
  settleSeconds: pulumi.Input<number>;
}

type Inputs = pulumi.Unwrap<ProxyRouteArgs>;

/**
 * What a running proxy knows of a service: it is in the service's network, and has a file with its routes. Both are changed
 * while it runs, so nothing of it is lost.
 */
export class ProxyRoute extends pulumi.dynamic.Resource {
  constructor(name: string, args: ProxyRouteArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "slipway", "ProxyRoute");
  }
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
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
    // Where replicas have handed over one by one, nothing is left to wait for.
    if (olds.proxy === news.proxy && before?.content !== news.content) await settle(news);
    return { outs: news };
  },
  async read(id, props) {
    // As replicas hand over, it becomes another than it was made: that is a change, and nothing that is gone.
    const content = await routedContent(props!);
    return content === undefined ? { id: "" } : { id, props: { ...props!, content } };
  },
  async delete(_id, state) {
    const missing = (error: DockerError) => error.statusCode === 404 || Promise.reject(error);
    await emptyRoutes(state).catch(missing);
    await settle(state);
    if (state.network === undefined) return;
    await dockerClient(state.engine).getNetwork(state.network).disconnect({ Container: state.proxy, Force: true }).catch(missing);
  },
};

async function settle({ settleSeconds }: Inputs): Promise<void> {
  await new Promise((wake) => setTimeout(wake, settleSeconds * 1000));
}

async function route(inputs: Inputs): Promise<void> {
  const { engine, network, proxy } = inputs;
  const there = (error: DockerError) => /already exists|already attached/.test(error.message) || Promise.reject(error);
  if (network !== undefined) await dockerClient(engine).getNetwork(network).connect({ Container: proxy }).catch(there);
  await writeRoutes(inputs, inputs.content);
}

async function routedContent(inputs: Inputs): Promise<string | undefined> {
  try {
    const { NetworkSettings } = await dockerClient(inputs.engine).getContainer(inputs.proxy).inspect();
    const isIn = inputs.network === undefined || NetworkSettings.Networks[inputs.network] !== undefined;
    return isIn ? (await readRoutes(inputs))?.content : undefined;
  } catch (error) {
    if ((error as DockerError).statusCode === 404) return undefined;
    throw error;
  }
}
