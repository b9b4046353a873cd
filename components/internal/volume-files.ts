import crypto from "node:crypto";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import tarStream from "tar-stream";
import { dockerClient, hasImage, pullImage, type DockerError } from "../../lib/docker-client.ts";
import { nonRootUid } from "../../lib/non-root.ts";
import { DynamicResource } from "./dynamic-resource.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.
// The property `engine` is stored in states, so it keeps its name.

export interface VolumeFilesArgs {
  /** Endpoint of the Docker host, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Image of the service. What it has in the folders of the files is copied into the volumes. */
  image: pulumi.Input<string>;
  /** Credentials for the image's registry. @default - none. */
  username?: pulumi.Input<string | undefined>;
  password?: pulumi.Input<string | undefined>;
  /** Prefix of the volumes' names. */
  prefix: string;
  labels: Record<string, pulumi.Input<string>>;
  /** Their user is root. `gid`: @default 65532 */
  files: { path: string; content: pulumi.Input<string>; mode: number; gid?: number }[];
}

type Inputs = pulumi.Unwrap<VolumeFilesArgs>;
type State = Inputs & { volumes: Record<string, string> };

/**
 * Files in volumes, one volume for each folder: a container with a read-only root takes no files otherwise. Changed files
 * are new volumes, so that containers of the previous version keep theirs.
 */
export class VolumeFiles extends DynamicResource<Inputs, State> {
  /** Name of the volume by folder. */
  declare readonly volumes: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: VolumeFilesArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["files", "password"] };
    const props = { ...args, password: args.password && pulumi.secret(args.password), volumes: undefined };
    super("VolumeFiles", provider, name, props, pulumi.mergeOptions(opts, secret));
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs, State> = {
  async create(inputs) {
    const id = `${inputs.prefix}-files-${crypto.randomBytes(4).toString("hex").slice(0, 7)}`;
    const folders = [...new Set(inputs.files.map((file) => path.posix.dirname(file.path)))];
    const volumes = Object.fromEntries(folders.map((folder, i) => [folder, `${id}-${i}`]));
    await fill(id, { ...inputs, volumes }).catch(async (error: DockerError) => {
      await removeVolumes({ ...inputs, volumes });
      throw new Error(`${id}: ${error.json?.message ?? error.message}`);
    });
    return { id, outs: { ...inputs, volumes } };
  },
  async diff(_id, olds, news) {
    const keys = ["engine", "image", "prefix", "labels", "files"] as const;
    const replaces = keys.filter((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]));
    return { changes: replaces.length > 0, replaces };
  },
  async read(id, props) {
    const found = Object.values(props!.volumes).map((volume) => dockerClient(props!.engine).getVolume(volume).inspect());
    const ifMissing = (error: DockerError) => (error.statusCode === 404 ? { id: "" } : Promise.reject(error));
    return Promise.all(found).then(() => ({ id, props }), ifMissing);
  },
  async delete(_id, state) {
    await removeVolumes(state);
  },
};

/** Copies the files through a container that is never started. */
async function fill(id: string, { engine, image, username, password, labels, files, volumes }: State): Promise<void> {
  const docker = dockerClient(engine);
  if (!(await hasImage(docker, image))) {
    const serveraddress = image.split("/")[0];
    await pullImage(docker, image, username ? { authconfig: { username, password, serveraddress } } : {});
  }
  for (const name of Object.values(volumes)) await docker.createVolume({ Name: name, Labels: labels });
  const Binds = Object.entries(volumes).map(([folder, name]) => `${name}:${folder}`);
  const container = await docker.createContainer({ name: id, Image: image, Cmd: ["none"], Labels: labels, HostConfig: { Binds } });
  try {
    for (const folder of Object.keys(volumes)) {
      const archive = tarStream.pack();
      for (const file of files.filter((f) => path.posix.dirname(f.path) === folder))
        archive.entry({ name: path.posix.basename(file.path), mode: file.mode, uid: 0, gid: file.gid ?? nonRootUid }, file.content);
      archive.finalize();
      await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: folder });
    }
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function removeVolumes({ engine, volumes }: State): Promise<void> {
  const ifMissing = (error: DockerError) => error.statusCode === 404 || Promise.reject(error);
  for (const name of Object.values(volumes)) await dockerClient(engine).getVolume(name).remove({}).catch(ifMissing);
}
