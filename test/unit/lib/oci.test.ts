import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { Compression, digestOf, image, index, layer, layoutArchive, mediaTypes, type LayerEntry } from "../../../lib/oci.ts";

const platform = { os: "linux", architecture: "amd64" };
const entries: LayerEntry[] = [
  { path: "bin", mode: 0o755 },
  { path: "bin/app", mode: 0o755, content: new Uint8Array([0, 1, 2]).subarray(1) },
  { path: "etc/app.txt", mode: 0o644, content: "text" },
  { path: "app", mode: 0o777, linkTo: "bin/app" },
];

/** The entries of a tar file, with the headers that decide whether builds are the same. */
async function read(tar: Uint8Array): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  const archive = Readable.from([Buffer.from(tar)]).pipe(extract());
  for await (const entry of archive) {
    const { name, mode, type, linkname, uid, gid, uname, gname, mtime } = entry.header;
    const content = (await buffer(entry)).toString("hex");
    found.push({ name, mode, type, linkname, owner: [uid, gid, uname, gname], time: mtime.getTime(), content });
  }
  return found;
}
const parse = (blobs: Map<string, Uint8Array>, digest: string) => JSON.parse(Buffer.from(blobs.get(digest)!).toString());

test("a layer has exactly its entries, owned by root and dated 1970", async () => {
  const { blob } = await layer(entries, Compression.None);
  const common = { linkname: null, owner: [0, 0, "", ""], time: 0, content: "" };
  expect(await read(blob)).toEqual([
    { ...common, name: "bin", mode: 0o755, type: "directory" },
    { ...common, name: "bin/app", mode: 0o755, type: "file", content: "0102" },
    { ...common, name: "etc/app.txt", mode: 0o644, type: "file", content: Buffer.from("text").toString("hex") },
    { ...common, name: "app", mode: 0o777, type: "symlink", linkname: "bin/app" },
  ]);
});

test("the digests of a layer are those of its compressed and uncompressed form", async () => {
  const plain = await layer(entries, Compression.None);
  expect(plain.descriptor).toEqual({ mediaType: mediaTypes.tar, digest: digestOf(plain.blob), size: plain.blob.length });
  expect(plain.diffId).toBe(digestOf(plain.blob));
  const { descriptor, diffId, blob } = await layer(entries, Compression.Gzip);
  expect(descriptor).toEqual({ mediaType: mediaTypes.tarGzip, digest: digestOf(blob), size: blob.length });
  expect(diffId).toBe(plain.diffId);
  expect(Buffer.from(gunzipSync(blob))).toEqual(Buffer.from(plain.blob));
});

test("a digest is that of SHA-256", () => {
  expect(digestOf("abc")).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("an image has its layers, configuration and manifest, and annotations only if there are any", async () => {
  const content = await layer(entries, Compression.Gzip);
  const { descriptor, blobs } = image(platform, [content], { User: "65532" });
  const manifest = parse(blobs, descriptor.digest);
  expect(descriptor).toEqual({
    mediaType: mediaTypes.manifest,
    digest: descriptor.digest,
    size: blobs.get(descriptor.digest)!.length,
    platform,
  });
  expect(manifest).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: manifest.config.digest, size: blobs.get(manifest.config.digest)!.length },
    layers: [content.descriptor],
  });
  expect(parse(blobs, manifest.config.digest)).toEqual({
    created: "1970-01-01T00:00:00.000Z",
    ...platform,
    config: { User: "65532" },
    rootfs: { type: "layers", diff_ids: [content.diffId] },
  });
  expect([...blobs.keys()]).toEqual([content.descriptor.digest, manifest.config.digest, descriptor.digest]);
  const annotated = image(platform, [content], {}, { a: "b" });
  expect(parse(annotated.blobs, annotated.descriptor.digest).annotations).toEqual({ a: "b" });
});

test("an index has all images with their blobs, and annotations only if there are any", async () => {
  const content = await layer(entries, Compression.None);
  const images = ["amd64", "arm64"].map((architecture) => image({ os: "linux", architecture }, [content], {}));
  const { descriptor, blobs } = index(images);
  expect(parse(blobs, descriptor.digest)).toEqual({
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map((one) => one.descriptor),
  });
  expect(descriptor).toEqual({ mediaType: mediaTypes.index, digest: descriptor.digest, size: blobs.get(descriptor.digest)!.length });
  expect(blobs.size).toBe(1 + 2 + 2 + 1);
  const annotated = index(images, { a: "b" });
  expect(parse(annotated.blobs, annotated.descriptor.digest).annotations).toEqual({ a: "b" });
});

test("the archive of an image is an OCI image layout with its name", async () => {
  const content = image(platform, [await layer(entries, Compression.None)], {});
  const files = await read(await layoutArchive(content, "registry.example.org/web:1"));
  const { digest } = content.descriptor;
  expect(files.map(({ name, mode }) => [name, mode])).toEqual([
    ["oci-layout", 0o644],
    ["index.json", 0o644],
    ...[...content.blobs.keys()].map((blob) => [`blobs/sha256/${blob.slice("sha256:".length)}`, 0o644]),
  ]);
  const json = (name: string) => JSON.parse(Buffer.from(String(files.find((file) => file["name"] === name)!["content"]), "hex").toString());
  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  const annotations = { "io.containerd.image.name": "registry.example.org/web:1" };
  expect(json("index.json")).toEqual({ schemaVersion: 2, manifests: [{ ...content.descriptor, annotations }] });
  expect(digestOf(Buffer.from(String(files.find(({ name }) => String(name).endsWith(digest.slice(7)))!["content"]), "hex"))).toBe(digest);
});
