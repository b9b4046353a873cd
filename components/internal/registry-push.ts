import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "./dynamic-resource.ts";
import { attaching, isThere, push } from "./registry.ts";

// Pulumi serialises the providers below into the state, with every function and import that they reach, and runs them in a
// separate process. So use default imports only (they become `require`), no module-level variables, and little code: a change
// of the code is a change of the resource.

export interface RegistryPushArgs {
  /** Repository, such as `127.0.0.1:5001/web`. Loopback addresses use HTTP, all others HTTPS. */
  repository: pulumi.Input<string>;
  tag: pulumi.Input<string>;
  /** Digest of the manifest or index to push. */
  digest: pulumi.Input<string>;
  /** Folder of the local blob store on the machine that runs Pulumi. A blob's path in it is `<algorithm>/<hex>`. */
  blobs: pulumi.Input<string>;
  /** @default - the credentials for the registry in Docker's credential store, if any. */
  username?: pulumi.Input<string>;
  password?: pulumi.Input<string>;
  /** Certificates of authorities in PEM form, trusted besides the usual ones. @default - none. */
  ca?: string;
  /** Whether the registry has no TLS. @default false */
  plainHttp?: boolean;
  /** Path of the program lib/registry-client on the machine that runs Pulumi. It pushes instead of Node.js. @default - none. */
  client?: pulumi.Input<string>;
  /** What is attached to the image, and who signs it: `sbom provenance`. A change attaches what is missing. @default - nothing */
  attestations?: pulumi.Input<string | undefined>;
  /** How that is done: the path of the module lib/attestations/attest-push, and its request as JSON. @default - nothing is attached */
  attest?: pulumi.Input<{ module: string; request: string } | undefined>;
}

type Inputs = pulumi.Unwrap<RegistryPushArgs>;

/** An image in a registry. Pushed again if it is missing there. Not deleted from the registry with the resource. */
export class RegistryPush extends DynamicResource<Inputs> {
  /** `repository@digest`, known after the push. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: RegistryPushArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["password"] };
    const props = { ...args, password: args.password && pulumi.secret(args.password), ref: undefined };
    super("RegistryPush", provider, name, props, pulumi.mergeOptions(opts, secret));
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
  async create(inputs) {
    const attach = attaching(inputs);
    await push(inputs);
    await attach();
    return { id: inputs.repository, outs: { ...inputs, ref: `${inputs.repository}@${inputs.digest}` } };
  },

  // Ignores how the registry is reached, because credentials and authorities rotate, and paths, which differ between machines.
  async diff(_id, olds, news) {
    const replaces = olds.repository === news.repository ? [] : ["repository"];
    const same = olds.digest === news.digest && olds.tag === news.tag && olds.attestations === news.attestations;
    return { changes: replaces.length > 0 || !same, replaces };
  },

  async update(_id, _olds, news) {
    const attach = attaching(news);
    await push(news);
    await attach();
    return { outs: { ...news, ref: `${news.repository}@${news.digest}` } };
  },

  // If the registry is missing or does not have the image, the resource is reported as deleted, so that it is created again.
  async read(id, props) {
    return (await isThere(props as Inputs, props!.digest)) ? { id, props } : { id: "", props: {} };
  },
};

export type RegistryPresenceArgs = Omit<RegistryPushArgs, "digest" | "blobs" | "client" | "attestations" | "attest">;

/**
 * Tracks whether the registry has a tag that another resource pushes. If the tag is missing, `generation` changes, so that a resource
 * with this input pushes again.
 */
export class RegistryPresence extends DynamicResource<pulumi.Unwrap<RegistryPresenceArgs>> {
  declare readonly generation: pulumi.Output<string>;

  constructor(name: string, args: RegistryPresenceArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["password"] };
    const props = { ...args, password: args.password && pulumi.secret(args.password), generation: undefined };
    super("RegistryPresence", presence, name, props, pulumi.mergeOptions(opts, secret));
  }
}

export const presence: pulumi.dynamic.ResourceProvider<pulumi.Unwrap<RegistryPresenceArgs>> = {
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
