import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGo } from "../../../components/internal/go-build.ts";
import { serveImage, type ImageServer } from "../image-server.ts";
import { image, index, layer, type OciImage } from "../../../lib/oci.ts";

// A registry of this test, with the real client and the real Go toolchain. It proves nothing of the logins of real registries.

let folder: string;
let server: ImageServer;
let host: string;
let base: OciImage;
let amd64: OciImage;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-base-"));
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/go.mod"), "module example.org/app\n\ngo 1.21\n");
  writeFileSync(join(folder, "app/main.go"), "package main\n\nfunc main() {}\n");
  const made = (architecture: string) => async () =>
    image(
      { os: "linux", architecture },
      [await layer([{ path: "etc/motd", mode: 0o644, content: `on ${architecture}, in ${folder}\n` }], "gzip")],
      {
        User: "0",
        Entrypoint: ["/bin/sh"],
        Cmd: ["-c"],
        WorkingDir: "/root",
        Env: ["PATH=/bin", "LANG=C"],
        Labels: { from: "base", a: "b" },
      },
    );
  amd64 = await made("amd64")();
  base = index([amd64, await made("arm64")()]);
  server = await serveImage(base);
  host = server.host;
});
afterAll(() => {
  server[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  server.asked = [];
  server.status = 200;
});

const build = (given: { base?: string; platforms?: string[]; labels?: Record<string, string> } = {}) =>
  buildGo({ source: join(folder, "app"), base: `${host}/base:1@${base.descriptor.digest}`, platforms: ["linux/amd64"], ...given });

test("a base image adds its layers, variables and labels; user, entrypoint and working directory are those of the program", async () => {
  const { descriptor, blobs } = await build({ labels: { a: "own" } });
  const read = (digest: string) => JSON.parse(readFileSync(join(blobs, digest.replace(":", "/")), "utf8"));
  const { layers, config } = read(descriptor.digest);
  const below = JSON.parse(Buffer.from(amd64.blobs.get(amd64.descriptor.digest)!).toString());
  expect(layers[0]).toEqual(below.layers[0]);
  expect(layers).toHaveLength(2);
  const configuration = read(config.digest);
  expect(configuration.config).toEqual({
    User: "65532:65532",
    Entrypoint: ["/app"],
    WorkingDir: "/",
    Env: ["PATH=/bin", "LANG=C"],
    Labels: { from: "base", a: "own" },
  });
  expect(configuration.rootfs.diff_ids[0]).toBe(
    JSON.parse(Buffer.from(amd64.blobs.get(below.config.digest)!).toString()).rootfs.diff_ids[0],
  );
  // What is pushed must be complete.
  for (const { digest } of layers) expect(readFileSync(join(blobs, digest.replace(":", "/"))).length).toBeGreaterThan(0);
});

test("each platform has the base of its own, another base is another image, and blobs are downloaded once", async () => {
  const both = await build({ platforms: ["linux/amd64", "linux/arm64"] });
  const arm64 = JSON.parse(readFileSync(join(both.blobs, both.descriptor.digest.replace(":", "/")), "utf8")).manifests[1];
  expect(arm64.platform).toEqual({ os: "linux", architecture: "arm64" });
  const [, second] = JSON.parse(Buffer.from(base.blobs.get(base.descriptor.digest)!).toString()).manifests;
  const first = (digest: string, store: (digest: string) => string) => JSON.parse(store(digest)).layers[0];
  const inStore = (digest: string) => readFileSync(join(both.blobs, digest.replace(":", "/")), "utf8");
  expect(first(arm64.digest, inStore)).toEqual(first(second.digest, (digest) => Buffer.from(base.blobs.get(digest)!).toString()));
  const without = await buildGo({ source: join(folder, "app"), platforms: ["linux/amd64"] });
  const single = await build({ base: `${host}/base@${amd64.descriptor.digest}` });
  expect(new Set([both, without, single].map(({ descriptor }) => descriptor.digest)).size).toBe(3);
  expect(server.asked.filter((path) => path.startsWith("blobs ") && path.includes(first(arm64.digest, inStore).digest))).toHaveLength(1);
});

test("a base image that is missing, rejected, or not for a platform is an error with its remedy", async () => {
  const named = `${host}/base:1@${base.descriptor.digest}`;
  await expect(build({ platforms: ["linux/riscv64"] })).rejects.toThrow(
    `${named} has no image for linux/riscv64 (it has linux/amd64, linux/arm64). Set platforms to one of them, or set another image.`,
  );
  const other = `${host}/base@sha256:${"0".repeat(64)}`;
  await expect(build({ base: other })).rejects.toThrow(`${other} does not exist in its registry. Push it again, or set another image.`);
  server.status = 401;
  await expect(build({ platforms: ["linux/arm64"], labels: { another: "build" } })).rejects.toThrow(
    `${named} cannot be pulled, because its registry rejects the credentials. Run slipway login ${host}.`,
  );
  await expect(build({ base: "example/base:1" })).rejects.toThrow(
    'app: base: must be an image by digest such as "registry.example/base@sha256:…" (got "example/base:1").',
  );
});
