import { image, index, layer } from "../../../lib/oci.ts";
import { checkManifests, readImage } from "../../../lib/registry-client.ts";
import { serveImage } from "../image-server.ts";

const linux = { os: "linux", architecture: "amd64" };
const layerWith = (files: Record<string, string>) =>
  layer(
    Object.entries(files).map(([path, content]) => ({ path, mode: 0o644, content })),
    "gzip",
  );

/** An image as BuildKit pushes it: with its own attestation as an image for an unknown platform. */
async function served() {
  const below = await layerWith({ "etc/os-release": "ID=old\n", "var/lib/dpkg/status": "Package: a\n", "other.txt": "a" });
  const above = await layerWith({ "etc/os-release": "ID=new\n", "var/lib/dpkg/.wh.status": "", "var/lib/dpkg/status.d/b": "Package: b\n" });
  const own = image(linux, [below, above], {});
  const attestation = image({ os: "unknown", architecture: "unknown" }, [await layerWith({ a: "{}" })], {});
  const content = index([own, attestation]);
  const server = await serveImage(content);
  return { server, own, ref: `${server.host}/base@${content.descriptor.digest}`, top: content.descriptor };
}

test("the records of an image are those that a container sees, and attestations of BuildKit are no images", async () => {
  const { server, own, ref, top } = await served();
  using _ = server;
  const found = await readImage(ref, ["etc/os-release", "var/lib/dpkg/status", "var/lib/dpkg/status.d/"]);
  expect(found.top).toEqual({ mediaType: top.mediaType, digest: top.digest, size: top.size });
  expect(found.images.map(({ descriptor: { digest }, platform, records }) => [digest, platform, records])).toEqual([
    [own.descriptor.digest, linux, { "etc/os-release": "ID=new\n", "var/lib/dpkg/status.d/b": "Package: b\n" }],
  ]);
  expect(await checkManifests(ref)).toEqual({ digest: top.digest, images: [own.descriptor.digest], damages: [] });
});

test("without records no layer is downloaded", async () => {
  const { server, own, ref } = await served();
  using _ = server;
  const { images } = await readImage(ref, []);
  expect(images).toEqual([{ descriptor: expect.objectContaining({ digest: own.descriptor.digest }) as object, platform: linux }]);
  const layers = server.asked.filter((one) => one.startsWith("blobs "));
  expect(layers).toHaveLength(1); // the configuration
});

test("an image that does not exist is reported with its name", async () => {
  const { server } = await served();
  using _ = server;
  const missing = `${server.host}/base@sha256:${"0".repeat(64)}`;
  await expect(readImage(missing, [])).rejects.toThrow(`${missing} does not exist in its registry. Push it again, or set another image.`);
});
