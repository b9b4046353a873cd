import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import tarStream from "tar-stream";
import { dockerEngine, type DockerError } from "./docker-engine.ts";

// Serialised into the state, see registry-push.ts: default imports for what is no type, and as little text as will do.

export interface ProxyRouteArgs {
  /** Endpoint of the engine, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Id of the container of the proxy. */
  proxy: pulumi.Input<string>;
  /** Network that the proxy reaches the service by. */
  network: pulumi.Input<string>;
  /** File of the proxy's file provider, without its ending: a volume of the proxy holds its folder. */
  file: pulumi.Input<string>;
  content: pulumi.Input<string>;
  /** Seconds to wait after a change, until what is not routed to any more may go. */
  settleSeconds: pulumi.Input<number>;
}

type Inputs = pulumi.Unwrap<ProxyRouteArgs>;

/** Which of two files is in use: the engine does not write a file at once, and the proxy would read half of it. */
type State = Inputs & { slot: "a" | "b" };

/**
 * What a running proxy knows of a service: it is in the service's network, and has a file with its routes. Both are changed
 * while it runs, so nothing of it is lost.
 */
export class ProxyRoute extends pulumi.dynamic.Resource {
  constructor(name: string, args: ProxyRouteArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "slipway", "ProxyRoute");
  }
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
  async create(inputs) {
    const outs: State = { ...inputs, slot: "a" };
    await route(outs);
    return { id: inputs.file, outs };
  },
  async diff(_id, olds, news) {
    const keys = ["engine", "proxy", "network", "file", "content"] as const;
    return { changes: keys.some((key) => olds[key] !== news[key]), replaces: olds.file === news.file ? [] : ["file"] };
  },
  async update(_id, olds, news) {
    const outs: State = { ...news, slot: olds.slot === "a" ? "b" : "a" };
    await route(outs);
    if (olds.proxy === news.proxy) await new Promise((wake) => setTimeout(wake, news.settleSeconds * 1000));
    return { outs };
  },
  async read(id, props) {
    return (await isRouted(props!)) ? { id, props: props! } : { id: "" };
  },
  async delete(_id, state) {
    const missing = (error: DockerError) => error.statusCode === 404 || Promise.reject(error);
    // In the proxy's container there is nothing to remove a file with: an empty one is what can be left.
    await write(state, state.slot, nothing()).catch(missing);
    await new Promise((wake) => setTimeout(wake, state.settleSeconds * 1000));
    await dockerEngine(state.engine).getNetwork(state.network).disconnect({ Container: state.proxy, Force: true }).catch(missing);
  },
};

function nothing(): string {
  return "{}\n";
}

/** The new file is whole before the old one is emptied; until then both say where the service is. */
async function route(state: State): Promise<void> {
  const there = (error: DockerError) => /already exists|already attached/.test(error.message) || Promise.reject(error);
  await dockerEngine(state.engine).getNetwork(state.network).connect({ Container: state.proxy }).catch(there);
  await write(state, state.slot, state.content);
  await write(state, state.slot === "a" ? "b" : "a", nothing());
}

async function write({ engine, proxy, file }: State, slot: string, content: string): Promise<void> {
  const archive = tarStream.pack();
  archive.entry({ name: `${path.posix.basename(file)}.${slot}.yaml`, mode: 0o644 }, content);
  archive.finalize();
  const folder = { path: path.posix.dirname(file) };
  await dockerEngine(engine)
    .getContainer(proxy)
    .putArchive(archive as unknown as NodeJS.ReadableStream, folder);
}

async function isRouted(inputs: State): Promise<boolean> {
  const proxy = dockerEngine(inputs.engine).getContainer(inputs.proxy);
  try {
    const { NetworkSettings } = await proxy.inspect();
    if (!NetworkSettings.Networks[inputs.network]) return false;
    const archive = tarStream.extract();
    (await proxy.getArchive({ path: `${inputs.file}.${inputs.slot}.yaml` })).pipe(archive);
    let text = "";
    for await (const entry of archive) for await (const piece of entry) text += String(piece);
    return text === inputs.content;
  } catch (error) {
    if ((error as DockerError).statusCode === 404) return false;
    throw error;
  }
}
