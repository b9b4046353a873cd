import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "fflate";
import { pack } from "tar-stream";

/** Media types of the OCI image specification, https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md. */
export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  tar: "application/vnd.oci.image.layer.v1.tar",
  tarGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
} as const;

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
}

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

/** An entry of a layer: a file (`content`), a symbolic link (`linkTo`) or a folder (neither). Owned by root, dated 1970. */
export interface LayerEntry {
  path: string;
  mode: number;
  content?: Uint8Array | string;
  linkTo?: string;
}

export interface Layer {
  descriptor: Descriptor;
  /** Digest of the uncompressed tar file, as in the image's configuration. */
  diffId: string;
  blob: Uint8Array;
}

/** A layer whose blob is stored elsewhere. */
export type StoredLayer = Omit<Layer, "blob">;

/** An image, or an index of several images, with all its blobs by digest. */
export interface OciImage {
  descriptor: Descriptor;
  blobs: Map<string, Uint8Array>;
}

/** How layers are compressed. */
export const Compression = { Gzip: "gzip", None: "none" } as const;
export type Compression = (typeof Compression)[keyof typeof Compression];

export function digestOf(content: Uint8Array | string): string {
  return "sha256:" + createHash("sha256").update(content).digest("hex");
}

/** Compresses with gzip. The result depends only on the content: Node's zlib differs between versions and CPUs. See docs/DECISIONS.md. */
export function gzip(content: Uint8Array): Uint8Array {
  return gzipSync(content, { level: 6, mtime: 0 });
}

/**
 * Builds a layer. The result depends only on the entries, their order and the compression.
 *
 * @param compress Compresses with gzip, or finds what it compressed before by the digest of the content. @default - always compresses
 */
export async function layer(
  entries: LayerEntry[],
  compression: Compression,
  compress: (tar: Uint8Array, diffId: string) => Uint8Array | Promise<Uint8Array> = gzip,
): Promise<Layer> {
  const archive = pack();
  for (const { path, mode, content, linkTo } of entries) {
    const header = { name: path, mode, uid: 0, gid: 0, uname: "", gname: "", mtime: new Date(0) };
    if (linkTo !== undefined) archive.entry({ ...header, type: "symlink", linkname: linkTo });
    else if (content === undefined) archive.entry({ ...header, type: "directory" });
    else archive.entry(header, typeof content === "string" ? content : Buffer.from(content.buffer, content.byteOffset, content.byteLength));
  }
  archive.finalize();
  const tar = await buffer(archive);
  const diffId = digestOf(tar);
  if (compression === "none") return { diffId, blob: tar, descriptor: { mediaType: mediaTypes.tar, digest: diffId, size: tar.length } };
  const blob = await compress(tar, diffId);
  return { diffId, blob, descriptor: { mediaType: mediaTypes.tarGzip, digest: digestOf(blob), size: blob.length } };
}

/** The `config` object of an image configuration, https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md. */
export interface RunConfig {
  User?: string;
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  WorkingDir?: string;
  ExposedPorts?: Record<string, object>;
  Labels?: Record<string, string>;
}

/** An image for one platform, without the blobs of stored layers. Annotations are those of its manifest. */
export function image(
  platform: Platform,
  layers: (Layer | StoredLayer)[],
  config: RunConfig,
  annotations: Record<string, string> = {},
): OciImage {
  const blobs = new Map(layers.flatMap((l) => ("blob" in l ? [[l.descriptor.digest, l.blob] as const] : [])));
  const configuration = json(mediaTypes.config, {
    created: new Date(0).toISOString(),
    ...platform,
    config,
    rootfs: { type: "layers", diff_ids: layers.map((l) => l.diffId) },
  });
  const manifest = json(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: configuration.descriptor,
    layers: layers.map((l) => l.descriptor),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
  blobs.set(configuration.descriptor.digest, configuration.blob).set(manifest.descriptor.digest, manifest.blob);
  return { descriptor: { ...manifest.descriptor, platform }, blobs };
}

/** An index of images for several platforms. */
export function index(images: OciImage[], annotations: Record<string, string> = {}): OciImage {
  const blobs = new Map(images.flatMap((i) => [...i.blobs]));
  const { descriptor, blob } = json(mediaTypes.index, {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map((i) => i.descriptor),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
  return { descriptor, blobs: blobs.set(descriptor.digest, blob) };
}

/** Media types of an artifact that is no image. */
export interface ArtifactTypes {
  config: string;
  layer: string;
}

/** An artifact with one layer, without a platform. Annotations are those of its manifest. */
export function artifact({ descriptor, diffId, blob }: Layer, types: ArtifactTypes, annotations: Record<string, string> = {}): OciImage {
  const configuration = json(types.config, {
    created: new Date(0).toISOString(),
    architecture: "",
    os: "",
    config: {},
    rootfs: { type: "layers", diff_ids: [diffId] },
  });
  const manifest = json(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: configuration.descriptor,
    layers: [{ ...descriptor, mediaType: types.layer }],
    ...(Object.keys(annotations).length > 0 && { annotations }),
  });
  const blobs = [
    [descriptor.digest, blob],
    [configuration.descriptor.digest, configuration.blob],
    [manifest.descriptor.digest, manifest.blob],
  ] as const;
  return { descriptor: manifest.descriptor, blobs: new Map(blobs) };
}

/** The config of an artifact that has none, https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor. */
const emptyConfig = "application/vnd.oci.empty.v1+json";

/**
 * An artifact that refers to an image, such as an attestation: the registry lists it as one of the image's referrers.
 *
 * @param type of the artifact and of its content.
 */
export function referrer(subject: Descriptor, type: string, content: Uint8Array, annotations: Record<string, string>): OciImage {
  const config = json(emptyConfig, {});
  const layer = { mediaType: type, digest: digestOf(content), size: content.length };
  const { mediaType, digest, size } = subject;
  const manifest = json(mediaTypes.manifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType: type,
    config: config.descriptor,
    layers: [layer],
    annotations,
    subject: { mediaType, digest, size },
  });
  const blobs = [
    [layer.digest, content],
    [config.descriptor.digest, config.blob],
    [manifest.descriptor.digest, manifest.blob],
  ] as const;
  return { descriptor: manifest.descriptor, blobs: new Map(blobs) };
}

/** The image as a tar file in the OCI image layout, for `ctr images import`. */
export async function layoutArchive(content: OciImage, name: string): Promise<Buffer> {
  const manifest = { ...content.descriptor, annotations: { "io.containerd.image.name": name } };
  const { blob } = await layer(
    [
      { path: "oci-layout", mode: 0o644, content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
      { path: "index.json", mode: 0o644, content: JSON.stringify({ schemaVersion: 2, manifests: [manifest] }) },
      ...[...content.blobs].map(([digest, blob]) => ({ path: `blobs/${digest.replace(":", "/")}`, mode: 0o644, content: blob })),
    ],
    "none",
  );
  return Buffer.from(blob);
}

function json(mediaType: string, value: object): { descriptor: Descriptor; blob: Uint8Array } {
  const blob = Buffer.from(JSON.stringify(value));
  return { blob, descriptor: { mediaType, digest: digestOf(blob), size: blob.length } };
}
