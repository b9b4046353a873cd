import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "./dynamic-resource.ts";
import { attaching, isThere } from "./registry.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.

export interface ImageAttestationsArgs {
  /** `repository@sha256:…`, which another resource pushes. */
  image: pulumi.Input<string>;
  /** @default - the credentials for the registry in Docker's credential store, if any. */
  username?: pulumi.Input<string>;
  password?: pulumi.Input<string>;
  /** Certificates of authorities in PEM form, trusted besides the usual ones. @default - none. */
  ca?: string;
  /** Whether the registry has no TLS. @default false */
  plainHttp?: boolean;
  /** As those of a RegistryPush. */
  attestations?: pulumi.Input<string | undefined>;
  attest?: pulumi.Input<{ module: string; request: string } | undefined>;
}

type Inputs = pulumi.Unwrap<ImageAttestationsArgs>;

/** What is attached to an image that Docker pushes: bills of materials, provenance and signature. Not deleted from the registry with the resource. */
export class ImageAttestations extends DynamicResource<Inputs> {
  /** The image, known after it has what it should have. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: ImageAttestationsArgs, opts?: pulumi.CustomResourceOptions) {
    const secret = { additionalSecretOutputs: ["password"] };
    const props = { ...args, password: args.password && pulumi.secret(args.password), ref: undefined };
    super("ImageAttestations", provider, name, props, pulumi.mergeOptions(opts, secret));
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs> = {
  async create(inputs) {
    await attaching({ ...inputs, ...partsOf(inputs) })();
    return { id: partsOf(inputs).repository, outs: { ...inputs, ref: inputs.image } };
  },

  // Ignores how the registry is reached, because credentials and authorities rotate, and paths, which differ between machines.
  async diff(_id, olds, news) {
    return { changes: olds.image !== news.image || olds.attestations !== news.attestations };
  },

  async update(_id, _olds, news) {
    await attaching({ ...news, ...partsOf(news) })();
    return { outs: { ...news, ref: news.image } };
  },

  // If the registry is missing or does not have the image, the resource is reported as deleted: the image that is pushed then has nothing.
  async read(id, props) {
    const { repository, digest } = partsOf(props as Inputs);
    return (await isThere({ ...(props as Inputs), repository }, digest)) ? { id, props } : { id: "", props: {} };
  },
};

function partsOf({ image }: Inputs): { repository: string; digest: string } {
  const [repository = "", digest = ""] = image.split("@");
  return { repository, digest };
}
