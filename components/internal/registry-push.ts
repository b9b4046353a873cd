import * as pulumi from "@pulumi/pulumi";
import { isThere, push } from "./registry.ts";

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
