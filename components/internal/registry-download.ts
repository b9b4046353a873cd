import { createHash } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { UserError } from "../../lib/user-error.ts";
import { storedCredentials } from "./registry.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(",");

interface Descriptor {
  digest: string;
}

/**
 * Downloads an image, with the images of all platforms of an index, from a registry on this machine (plain HTTP) into the blob store.
 *
 * @returns the folder of the blob store.
 * @throws UserError if the registry does not answer or does not have the image.
 */
export async function downloadImage(repository: string, digest: string): Promise<string> {
  const [host = "", ...path] = repository.split("/");
  const download = (kind: "manifests" | "blobs", wanted: string) => downloadBlob(host, `${path.join("/")}/${kind}/${wanted}`, wanted);
  const downloadManifest = async (wanted: string): Promise<void> => {
    const file = await download("manifests", wanted);
    const {
      manifests = [],
      layers = [],
      config,
    } = JSON.parse(await readFile(file, "utf8")) as Record<string, Descriptor[]> & { config?: Descriptor };
    for (const child of manifests) await downloadManifest(child.digest);
    for (const part of [...(config ? [config] : []), ...layers]) await download("blobs", part.digest);
  };
  await downloadManifest(digest);
  return cacheFolder("blobs");
}

/** @returns the file in the blob store. */
async function downloadBlob(host: string, path: string, digest: string): Promise<string> {
  const file = cacheFolder("blobs", ...digest.split(":"));
  if (existsSync(file)) return file;
  const url = `http://${host}/v2/${path}`;
  const login = storedCredentials(host);
  const authorization = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
  const response = await fetch(url, { headers: { accept: manifestTypes, ...(authorization && { authorization }) } }).catch(
    (error: Error) => {
      throw new UserError(`${url} cannot be read (${(error.cause as Error | undefined)?.message ?? error.message}). Start the registry.`);
    },
  );
  if (!response.ok || !response.body)
    throw new UserError(`${url} answers HTTP ${response.status}. Push the image again, or run docker login ${host}.`);
  await mkdir(dirname(file), { recursive: true });
  const partial = join(dirname(file), `.${process.pid}-${digest.split(":")[1]}`);
  const hash = createHash("sha256");
  const hashed = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.fromWeb(response.body as never), hashed, createWriteStream(partial));
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest) throw new UserError(`${url} has the content ${found} instead. Push the image again.`);
  await rename(partial, file);
  return file;
}
