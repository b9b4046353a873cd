import fs from "node:fs";
import path from "node:path";
import stream from "node:stream";
import * as pulumi from "@pulumi/pulumi";
import tar from "tar-stream";
import { dockerClient, type DockerError } from "../../lib/docker-client.ts";
import { DynamicResource } from "./dynamic-resource.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.

export interface NodeImageArgs {
  /** Name of the image, without a tag. No registry has it. */
  repository: pulumi.Input<string>;
  /** Digest of the manifest or index. */
  digest: pulumi.Input<string>;
  /** Folder of the local blob store on the machine that runs Pulumi. A blob's path in it is `<algorithm>/<hex>`. */
  blobs: pulumi.Input<string>;
  /** Containers in Docker that are nodes of a cluster, with containerd. */
  nodes: pulumi.Input<string[]>;
}

type Inputs = pulumi.Unwrap<NodeImageArgs>;

/**
 * An image in the containerd of nodes that are containers in Docker, as `kind load image-archive` puts it there. Loaded again if a node has
 * lost it. Not removed from the nodes with the resource: kubelet removes images that nothing uses.
 */
export class NodeImage extends DynamicResource<Inputs> {
  /** `repository@digest`, known after the image is loaded. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: NodeImageArgs, opts?: pulumi.CustomResourceOptions) {
    super("NodeImage", provider, name, { ...args, ref: undefined }, opts);
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
  async create(inputs) {
    return { id: inputs.repository, outs: await load(inputs) };
  },

  // Ignores the folder, which differs between machines.
  async diff(_id, olds, news) {
    const replaces = olds.repository === news.repository ? [] : ["repository"];
    const isOther = olds.digest !== news.digest || olds.nodes.join() !== news.nodes.join();
    return { changes: replaces.length > 0 || isOther, replaces };
  },

  async update(_id, _olds, news) {
    return { outs: await load(news) };
  },

  // If a node is missing or does not have the image, the resource is reported as deleted, so that it is created again.
  async read(id, props) {
    const { nodes, repository, digest } = props as Inputs;
    const ref = `${repository}@${digest}`;
    const list = ["images", "list", "--quiet", `name==${ref}`];
    const has = async (node: string) => (await containerd(node, list)).includes(ref);
    const found = await Promise.all(nodes.map((node) => has(node).catch(() => false)));
    return found.every(Boolean) ? { id, props } : { id: "", props: {} };
  },
};

async function load(inputs: Inputs): Promise<Inputs & { ref: string }> {
  const ref = `${inputs.repository}@${inputs.digest}`;
  for (const node of inputs.nodes)
    await containerd(node, ["images", "import", "-"], archiveOf(inputs, ref)).catch((error: DockerError) => {
      throw new Error(
        `${ref}: cannot be loaded into the node ${node}: ${error.message.trim()}. Make sure that the node runs, and uses containerd.`,
      );
    });
  return { ...inputs, ref };
}

/** The image in the OCI layout, with its name for containerd. https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
function archiveOf({ digest, blobs }: Inputs, ref: string): stream.Readable {
  const read = (of: string) => fs.readFileSync(path.join(blobs, of.replace(":", "/")));
  const contained: Record<string, Buffer> = {};
  const add = (of: string) => {
    const content = read(of);
    contained[of] = content;
    const { manifests = [], config, layers = [] } = JSON.parse(content.toString());
    for (const manifest of manifests) add(manifest.digest);
    for (const one of config ? [config, ...layers] : []) contained[one.digest] = read(one.digest);
    return content;
  };
  const content = add(digest);
  const annotations = { "io.containerd.image.name": ref };
  const { mediaType } = JSON.parse(content.toString());
  const manifests = [{ mediaType, digest, size: content.length, annotations }];
  const archive = tar.pack();
  archive.entry({ name: "oci-layout" }, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  archive.entry({ name: "index.json" }, JSON.stringify({ schemaVersion: 2, manifests }));
  for (const [of, blob] of Object.entries(contained)) archive.entry({ name: `blobs/${of.replace(":", "/")}` }, blob);
  archive.finalize();
  return archive as unknown as stream.Readable;
}

/** Runs containerd's client in a node. Returns what it prints. */
async function containerd(node: string, args: string[], input?: stream.Readable): Promise<string> {
  const docker = dockerClient();
  const streams = { AttachStdin: input !== undefined, AttachStdout: true, AttachStderr: true };
  const exec = await docker.getContainer(node).exec({ Cmd: ["ctr", "--namespace", "k8s.io", ...args], ...streams });
  const connection = await exec.start({ hijack: true, stdin: input !== undefined });
  const printed: [string[], string[]] = [[], []];
  const [out, errors] = printed.map(
    (texts) =>
      new stream.Writable({
        write(chunk, _encoding, done) {
          texts.push(String(chunk));
          done();
        },
      }),
  );
  docker.modem.demuxStream(connection, out!, errors!);
  const ended = new Promise<void>((done, failed) => connection.on("end", done).on("close", done).on("error", failed));
  input?.pipe(connection);
  await ended;
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(printed[1].join("") || printed[0].join("") || `exit code ${ExitCode}`);
  return printed[0].join("");
}
