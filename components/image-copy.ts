import * as pulumi from "@pulumi/pulumi";
import { RegistryPush } from "./internal/registry-push.ts";
import { cacheFolder } from "../lib/cache-folder.ts";
import { pullImage } from "../lib/registry-client.ts";
import { UserError } from "../lib/user-error.ts";

export interface ImageCopyArgs {
  /** Image by digest in a registry on this machine, such as `127.0.0.1:5000/db:16@sha256:…`. */
  image: string;
  /** Where it is copied to, such as `127.0.0.1:5001/db`. */
  repository: pulumi.Input<string>;
}

/**
 * A copy of an image with the same digest, for a cluster that reaches another registry than the image's.
 *
 * @example
 * const copy = new ImageCopy("db", { image: "127.0.0.1:5000/db@sha256:…", repository: `${cluster.registry}/db` });
 */
export class ImageCopy extends pulumi.ComponentResource {
  /** The copy by digest. */
  declare readonly ref: pulumi.Output<string>;

  constructor(name: string, args: ImageCopyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:ImageCopy", name, {}, opts);
    const digest = digestOf(args.image);
    const isPreview = pulumi.runtime.isDryRun();
    const blobs = isPreview ? "" : ImageCopy.download(args.image).then(() => cacheFolder("blobs"));
    const tag = digest.slice("sha256:".length, "sha256:".length + 12);
    const push = new RegistryPush(name, { repository: args.repository, tag, digest, blobs }, { parent: this, dependsOn: opts?.dependsOn });
    // In an update the reference comes from the push, so that no workload is deployed before its image.
    this.ref = isPreview ? pulumi.interpolate`${args.repository}@${digest}` : push.ref;
    this.registerOutputs({ ref: this.ref });
  }

  /**
   * Downloads an image before any resource is registered, so that a problem stops the run before it changes anything.
   *
   * @throws UserError if the registry does not answer or does not have the image.
   */
  static async download(image: string): Promise<void> {
    digestOf(image);
    await pullImage(image);
  }
}

function digestOf(image: string): string {
  const [, digest] = image.split("@");
  if (digest === undefined) throw new UserError(`ImageCopy: image: must be an image by digest (got "${image}").`);
  return digest;
}
