import { gunzipSync } from "node:zlib";
import { artifactOf } from "../../../review/render/artifact.ts";

const files = new Map([
  ["services/web/deployment.yaml", "kind: Deployment\n"],
  ["kustomization.yaml", "resources: []\n"],
]);
const manifestOf = (content: Awaited<ReturnType<typeof artifactOf>>) =>
  JSON.parse(Buffer.from(content.blobs.get(content.descriptor.digest)!).toString()) as {
    config: { mediaType: string };
    layers: { mediaType: string; digest: string }[];
    annotations?: Record<string, string>;
  };

test("an artifact for Flux has the types and annotations of flux push artifact", async () => {
  const revision = "main@sha1:0123456789";
  const content = await artifactOf(files, "flux", { source: "https://example.org/shop", revision, created: "2026-11-28T04:00:00+00:00" });
  expect(manifestOf(content)).toMatchObject({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.cncf.flux.config.v1+json" },
    layers: [{ mediaType: "application/vnd.cncf.flux.content.v1.tar+gzip" }],
    annotations: {
      "org.opencontainers.image.source": "https://example.org/shop",
      "org.opencontainers.image.revision": revision,
      "org.opencontainers.image.created": "2026-11-28T04:00:00+00:00",
    },
  });
});

test("an artifact for Argo CD has types that it accepts by default", async () => {
  const { config, layers, annotations } = manifestOf(await artifactOf(files, "argocd", {}));
  expect([config.mediaType, layers.map(({ mediaType }) => mediaType), annotations]).toEqual([
    "application/vnd.oci.image.config.v1+json",
    ["application/vnd.oci.image.layer.v1.tar+gzip"],
    undefined,
  ]);
});

test("the same files are the same artifact, in any order, and have their folders", async () => {
  const [one, other] = [await artifactOf(files, "flux", {}), await artifactOf(new Map([...files].reverse()), "flux", {})];
  expect(one).toEqual(other);
  const tar = gunzipSync(one.blobs.get(manifestOf(one).layers[0]!.digest)!);
  const names = Array.from({ length: tar.length / 512 }, (_, i) => tar.subarray(i * 512, i * 512 + 512))
    .filter((block) => block.subarray(257, 262).toString() === "ustar")
    .map((block) => block.toString("utf8", 0, block.indexOf(0)));
  expect(names).toEqual(["kustomization.yaml", "services/", "services/web/", "services/web/deployment.yaml"]);
  const changed = await artifactOf(new Map([...files, ["kustomization.yaml", "resources: [a]\n"]]), "flux", {});
  expect(changed.descriptor.digest).not.toBe(one.descriptor.digest);
});
