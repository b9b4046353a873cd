import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { extract } from "tar-stream";
import type { Descriptor, Platform } from "../oci.ts";
import type { ReadImage } from "../registry-client.ts";
import { buildIdOf, parseGoProgram, readGoProgram, type GoProgram } from "./go-modules.ts";
import { distributionIn, isPackageRecord, packagesIn, type Distribution, type SystemPackage } from "./packages.ts";

/** What is in an image for one platform. */
export interface ImageContents {
  platform: Platform;
  /** Programs that Go has built. */
  programs: GoProgram[];
  /** Go's ID of the program that the build added. */
  buildId?: string;
  /** Files that the build added, with the program, by path. Of an image from a Dockerfile only the programs. */
  files: { path: string; sha256: string }[];
  /** Packages of the distribution. */
  packages: SystemPackage[];
  distribution: Distribution | undefined;
}

interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

/** What a registry says is in an image from a Dockerfile. */
export function contentsIn({ platform, records = {}, programs = {} }: ReadImage): ImageContents {
  const texts = new Map(Object.entries(records));
  const found = Object.entries(programs).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    platform,
    programs: found.map(([, { buildInfo }]) => parseGoProgram(buildInfo)),
    files: found.map(([path, { sha256 }]) => ({ path, sha256 })),
    packages: packagesIn(texts),
    distribution: distributionIn(texts),
  };
}

/** Path of the program in an image that Slipway builds. */
const programPath = "app";

/**
 * Reads what is in an image of the blob store, from its layers: so it says what is in the image, not what was meant to be.
 *
 * @param digest of the image's manifest.
 * @param ownLayers How many of the last layers the build added. The others are those of the base image.
 */
export async function contentsOf(blobs: string, digest: string, ownLayers: number): Promise<ImageContents> {
  const { config, layers } = JSON.parse((await readBlob(blobs, digest)).toString()) as Manifest;
  const platform = JSON.parse((await readBlob(blobs, config.digest)).toString()) as Platform;
  const own = layers.slice(-ownLayers);
  const records = new Map<string, string>();
  for (const below of layers.slice(0, -ownLayers))
    await eachFile(blobs, below, isPackageRecord, (path, content) => records.set(path, content.toString()));
  const files = new Map<string, string>();
  const programs: GoProgram[] = [];
  let buildId: string | undefined;
  for (const layer of own)
    await eachFile(
      blobs,
      layer,
      () => true,
      async (path, content) => {
        files.set(path, createHash("sha256").update(content).digest("hex"));
        if (path !== programPath) return;
        programs.push(await programIn(content));
        buildId = buildIdOf(content);
      },
    );
  return {
    platform: {
      os: platform.os,
      architecture: platform.architecture,
      ...(platform.variant !== undefined && { variant: platform.variant }),
    },
    programs,
    ...(buildId !== undefined && { buildId }),
    files: [...files].map(([path, sha256]) => ({ path, sha256 })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    packages: packagesIn(records),
    distribution: distributionIn(records),
  };
}

/** Calls `use` for each file of a layer that `isWanted` accepts. */
async function eachFile(
  blobs: string,
  layer: Descriptor,
  isWanted: (path: string) => boolean,
  use: (path: string, content: Buffer) => unknown,
): Promise<void> {
  const archive = Readable.from([await uncompressed(layer, await readBlob(blobs, layer.digest))]).pipe(extract());
  for await (const entry of archive) {
    const path = entry.header.name.replace(/^\.?\//, "");
    if (entry.header.type === "file" && isWanted(path)) await use(path, await buffer(entry));
    else entry.resume();
  }
}

async function uncompressed({ mediaType }: Descriptor, blob: Buffer): Promise<Buffer> {
  if (mediaType.endsWith("gzip")) return promisify(gunzip)(blob);
  return mediaType.endsWith("zstd") ? promisify(zstdDecompress)(blob) : blob;
}

async function programIn(content: Buffer): Promise<GoProgram> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-program-"));
  try {
    const file = join(folder, programPath);
    await writeFile(file, content);
    return await readGoProgram(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function readBlob(blobs: string, digest: string): Promise<Buffer> {
  return readFile(join(blobs, digest.replace(":", "/")));
}
