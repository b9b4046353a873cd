import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { mediaTypes, type Descriptor, type RunConfig, type StoredLayer } from "../../lib/oci.ts";
import { pullImage } from "../../lib/registry-client.ts";

/** What a built image takes from the image that it is based on. */
export interface BaseImage {
  layers: StoredLayer[];
  /** Variables such as PATH and SSL_CERT_FILE. */
  env: string[];
  labels: Record<string, string>;
}

/** Docker's media types, whose content is that of the OCI types. An image has one kind of them only. */
const ociTypes: Record<string, string> = {
  "application/vnd.docker.image.rootfs.diff.tar.gzip": mediaTypes.tarGzip,
  "application/vnd.docker.image.rootfs.diff.tar": mediaTypes.tar,
};

/**
 * Downloads a base image, by digest, for each platform.
 *
 * @throws UserError if it cannot be pulled, or not for a platform.
 */
export async function pullBase(image: string, platforms: string[]): Promise<Record<string, BaseImage>> {
  const manifests = await pullImage(image, platforms);
  const all = platforms.map(async (platform): Promise<[string, BaseImage]> => [platform, await readBase(manifests[platform]!)]);
  return Object.fromEntries(await Promise.all(all));
}

async function readBase(manifest: string): Promise<BaseImage> {
  const { layers, config } = (await readBlob(manifest)) as { layers: Descriptor[]; config: Descriptor };
  const configuration = (await readBlob(config.digest)) as { config?: RunConfig; rootfs: { diff_ids: string[] } };
  const { Env = [], Labels } = configuration.config ?? {};
  return {
    layers: layers.map(({ mediaType, digest, size }, i) => ({
      descriptor: { mediaType: ociTypes[mediaType] ?? mediaType, digest, size },
      diffId: configuration.rootfs.diff_ids[i]!,
    })),
    env: Env,
    labels: Labels ?? {},
  };
}

async function readBlob(digest: string): Promise<unknown> {
  return JSON.parse(await readFile(join(cacheFolder("blobs"), digest.replace(":", "/")), "utf8"));
}
