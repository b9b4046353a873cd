import childProcess from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import ociName from "@sigstore/oci/dist/name.js";
import ociRegistry from "@sigstore/oci/dist/registry.js";

// Pulumi serialises the provider below, with every function and import that it reaches, into the state, and runs it from
// there in a process of its own. So: default imports only (they become `require`), nothing at module level but functions,
// and as little text as will do, for a change of the text is a change of the resource.

export interface RegistryPushArgs {
  /** Repository, such as `127.0.0.1:5001/web`. Loopback is spoken to over HTTP, everything else over HTTPS. */
  repository: pulumi.Input<string>;
  tag: pulumi.Input<string>;
  /** Digest of the manifest or the index to push. */
  digest: pulumi.Input<string>;
  /** Folder with the blobs, as `<algorithm>/<hex>`, on the machine that runs Pulumi. */
  blobs: pulumi.Input<string>;
  /** @default - the Docker credential store's, if it has any for the registry. */
  username?: pulumi.Input<string>;
  password?: pulumi.Input<string>;
}

type Inputs = pulumi.Unwrap<RegistryPushArgs>;

/** An image in a registry: pushed once, and again where the registry has lost it. It stays when the stack goes. */
export class RegistryPush extends pulumi.dynamic.Resource {
  /** `repository@digest`, known once the registry has it. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: RegistryPushArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["password"] };
    super(
      provider,
      name,
      { ...args, password: args.password && pulumi.secret(args.password), ref: undefined },
      pulumi.mergeOptions(opts, secret),
      "slipway",
      "RegistryPush",
    );
  }
}

const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
  async create(inputs) {
    await push(inputs);
    return { id: inputs.repository, outs: { ...inputs, ref: `${inputs.repository}@${inputs.digest}` } };
  },

  // Only what is pushed where matters: credentials rotate, and the folder differs from machine to machine.
  async diff(_id, olds, news) {
    const replaces = olds.repository === news.repository ? [] : ["repository"];
    return { changes: replaces.length > 0 || olds.digest !== news.digest || olds.tag !== news.tag, replaces };
  },

  async update(_id, _olds, news) {
    await push(news);
    return { outs: { ...news, ref: `${news.repository}@${news.digest}` } };
  },

  // A registry that lost the image, or is gone, answers nothing: the resource is gone too, and will be created again.
  async read(id, props) {
    return (await isThere(props as Inputs, props!.digest)) ? { id, props } : { id: "", props: {} };
  },
};

export type RegistryPresenceArgs = Omit<RegistryPushArgs, "digest" | "blobs">;

/**
 * Watches over a tag that something else pushes: `generation` is a new one whenever the registry is found without it, so
 * that what takes it as an input pushes again.
 */
export class RegistryPresence extends pulumi.dynamic.Resource {
  declare readonly generation: pulumi.Output<string>;

  constructor(name: string, args: RegistryPresenceArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["password"] };
    const props = { ...args, password: args.password && pulumi.secret(args.password), generation: undefined };
    super(presence, name, props, pulumi.mergeOptions(opts, secret), "slipway", "RegistryPresence");
  }
}

const presence: pulumi.dynamic.ResourceProvider<pulumi.Unwrap<RegistryPresenceArgs>> = {
  async create(inputs) {
    return { id: inputs.repository, outs: { ...inputs, generation: new Date().toISOString() } };
  },
  async diff(_id, olds, news) {
    return { changes: olds.repository !== news.repository || olds.tag !== news.tag };
  },
  async update(_id, olds, news) {
    return { outs: { ...news, generation: (olds as { generation?: string }).generation } };
  },
  async read(id, props) {
    return (await isThere(props as Inputs, props!.tag)) ? { id, props } : { id: "", props: {} };
  },
};

async function isThere(inputs: Inputs, reference: string): Promise<boolean> {
  try {
    await (await connect(inputs, 0, 5000)).checkManifest(reference);
    return true;
  } catch {
    return false;
  }
}

/** Pushes an image with all that it refers to. */
export async function push(inputs: Inputs): Promise<void> {
  await pushOnce(inputs).catch((error: Error & { statusCode?: number }) => {
    const login = [401, 403].includes(error.statusCode ?? 0)
      ? " Log in to the registry (docker login), or give credentials with the push right."
      : "";
    throw new Error(`${inputs.repository}: cannot be pushed to: ${error.message}.${login}`);
  });
}

async function pushOnce(inputs: Inputs): Promise<void> {
  const client = await connect(inputs, 3);
  const blob = (digest: string) => fs.readFileSync(path.join(inputs.blobs, digest.replace(":", "/")));
  const pushManifest = async (digest: string, reference?: string): Promise<void> => {
    const text = blob(digest).toString();
    const manifest = JSON.parse(text);
    for (const child of manifest.manifests ?? []) await pushManifest(child.digest);
    const content = manifest.layers ? [manifest.config, ...manifest.layers] : [];
    await Promise.all(content.map((c: { digest: string }) => client.uploadBlob(blob(c.digest))));
    await client.uploadManifest(text, { mediaType: manifest.mediaType, reference });
  };
  await pushManifest(inputs.digest, inputs.tag);
}

async function connect(inputs: Inputs, retry: number, timeout?: number) {
  const { registry, path: repository } = ociName.parseImageName(inputs.repository);
  const host = registry === "docker.io" ? "index.docker.io" : registry;
  const client = new ociRegistry.RegistryClient(host, repository, { retry, timeout, proxy: undefined, noProxy: undefined });
  const credentials = inputs.username ? { username: inputs.username, password: inputs.password ?? "" } : storedCredentials(registry);
  // A registry that asks for nothing has no challenge to answer.
  if (credentials)
    await client.signIn(credentials).catch((error: Error) => /^Invalid challenge: $/.test(error.message) || Promise.reject(error));
  return client;
}

/** What `docker login` left: per registry or in general a helper program, else the configuration file itself. */
function storedCredentials(registry: string): { username: string; password: string } | undefined {
  const file = path.join(process.env["DOCKER_CONFIG"] || path.join(os.homedir(), ".docker"), "config.json");
  if (!fs.existsSync(file)) return undefined;
  const config = JSON.parse(fs.readFileSync(file, "utf8"));
  const keys = registry === "docker.io" ? ["https://index.docker.io/v1/", "docker.io"] : [registry, `https://${registry}`];
  const helper = keys.map((key) => config.credHelpers?.[key]).find(Boolean) ?? config.credsStore;
  if (helper) {
    const answer = childProcess.spawnSync(`docker-credential-${helper}`, ["get"], { input: keys[0], encoding: "utf8" });
    if (answer.status !== 0) return undefined; // it has none for this registry
    const { Username, Secret } = JSON.parse(answer.stdout);
    return { username: Username, password: Secret };
  }
  const stored = keys.map((key) => config.auths?.[key]).find(Boolean);
  if (!stored?.auth) return undefined;
  const [username = "", ...rest] = Buffer.from(stored.auth, "base64").toString().split(":");
  return { username, password: stored.identitytoken ?? rest.join(":") };
}
