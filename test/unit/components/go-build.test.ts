import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { buildGo, gzipOnce, type GoBuild, type GoBuildArgs } from "../../../components/internal/go-build.ts";

let folder: string;
const cache = process.env["XDG_CACHE_HOME"];
// Go's cache would otherwise move with XDG_CACHE_HOME.
process.env["GOCACHE"] = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  process.env["XDG_CACHE_HOME"] = join(folder, "cache");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (cache === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = cache;
});

function source(
  name: string,
  main = 'package main\n\nvar version = "dev"\n\nfunc main() { println(version) }\n',
  goMod = "module example.org/app\n\ngo 1.21\n",
): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "main.go"), main);
  writeFileSync(join(path, "go.mod"), goMod);
  return path;
}

const digest = async (args: GoBuildArgs) => (await buildGo(args)).descriptor.digest;

const blob = ({ blobs }: GoBuild, of: string) => readFileSync(join(blobs, of.replace(":", "/")));
const manifest = (build: GoBuild) => JSON.parse(blob(build, build.descriptor.digest).toString());

async function files(tar: Buffer): Promise<Record<string, { mode: number; uid?: number; mtime?: number; content: Buffer }>> {
  const found: Record<string, { mode: number; uid?: number; mtime?: number; content: Buffer }> = {};
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive) {
    const { name, mode, uid, mtime } = entry.header;
    found[name] = { mode, uid, mtime: mtime?.getTime(), content: await buffer(entry) };
  }
  return found;
}

describe("the digest is the same", () => {
  test("in another folder, with other times, another umask and another environment", async () => {
    const one = await digest({ source: source("one") });
    cpSync(join(folder, "one"), join(folder, "else/where/two"), { recursive: true });
    const two = join(folder, "else/where/two");
    chmodSync(join(two, "main.go"), 0o600);
    utimesSync(join(two, "main.go"), 0, 0);
    rmSync(join(folder, "cache"), { recursive: true }); // nothing is left of the first build
    const umask = process.umask(0o077);
    const level = process.env["GOAMD64"];
    process.env["GOAMD64"] = "v3";
    try {
      expect(await digest({ source: two })).toBe(one);
    } finally {
      process.umask(umask);
      if (level === undefined) delete process.env["GOAMD64"];
      else process.env["GOAMD64"] = level;
    }
  });

  test("with an additional test file or document", async () => {
    const path = source("app");
    const before = await digest({ source: path });
    writeFileSync(join(path, "main_test.go"), "package main\n");
    writeFileSync(join(path, "README.md"), "Read me.\n");
    expect(await digest({ source: path, platforms: undefined, package: "." })).toBe(before);
  });
});

describe("the digest changes", () => {
  test.each<[string, Partial<GoBuildArgs>]>([
    ["with another version", { version: "1.2.3" }],
    ["with a label", { labels: { a: "b" } }],
    ["with another platform", { platforms: [process.arch === "x64" ? "linux/arm64" : "linux/amd64"] }],
    ["with several platforms", { platforms: ["linux/amd64", "linux/arm64"] }],
    ["without compression", { compression: "none" }],
  ])("%s", async (_what, args) => {
    const path = source("app");
    expect(await digest({ source: path, ...args })).not.toBe(await digest({ source: path }));
  });

  test("with one changed line", async () => {
    const before = await digest({ source: source("one") });
    expect(await digest({ source: source("two", 'package main\n\nfunc main() { println("other") }\n') })).not.toBe(before);
  });

  test("with another package of the module", async () => {
    const path = source("app");
    mkdirSync(join(path, "cmd/tool"), { recursive: true });
    writeFileSync(join(path, "cmd/tool/main.go"), 'package main\n\nfunc main() { println("tool") }\n');
    expect(await digest({ source: path, package: "cmd/tool" })).not.toBe(await digest({ source: path }));
  });
});

test("the image contains the binary, CA certificates, a non-root user and /tmp", async () => {
  const build = await buildGo({
    source: source("app"),
    compression: "none",
    version: "1.2.3",
    labels: { "org.opencontainers.image.title": "app" },
  });
  const { config, layers, annotations } = manifest(build);
  const labels = { "org.opencontainers.image.version": "1.2.3", "org.opencontainers.image.title": "app" };
  expect(annotations).toEqual(labels);
  const configuration = JSON.parse(blob(build, config.digest).toString());
  expect(configuration).toEqual({
    created: "1970-01-01T00:00:00.000Z",
    os: "linux",
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    config: { User: "65532:65532", Entrypoint: ["/app"], Env: ["PATH=/"], WorkingDir: "/", Labels: labels },
    rootfs: { type: "layers", diff_ids: layers.map((l: { digest: string }) => l.digest) },
  });
  const [base, program] = await Promise.all(layers.map((l: { digest: string }) => files(blob(build, l.digest))));
  expect(Object.keys(base)).toEqual([
    "etc/",
    "etc/group",
    "etc/passwd",
    "etc/ssl/",
    "etc/ssl/certs/",
    "etc/ssl/certs/ca-certificates.crt",
    "tmp/",
  ]);
  expect(base["tmp/"].mode).toBe(0o1777);
  expect(base["etc/passwd"].content.toString()).toContain("nonroot:x:65532:65532");
  expect(base["etc/ssl/certs/ca-certificates.crt"].content.toString().match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(100);
  expect(Object.keys(program)).toEqual(["app"]);
  expect(program.app).toMatchObject({ mode: 0o755, uid: 0, mtime: 0 });
  writeFileSync(join(folder, "app-binary"), program.app.content, { mode: 0o755 });
  expect(spawnSync(join(folder, "app-binary"), { encoding: "utf8" }).stderr).toBe("1.2.3\n");
  const extra = layers.reduce((sum: number, l: { size: number }) => sum + l.size, 0) - program.app.content.length;
  expect(extra).toBeLessThan(300_000);
});

test("a layer is compressed once, and again if its blob is damaged or gone", async () => {
  const blobs = join(folder, "cache/slipway/blobs/sha256");
  const first = await gzipOnce(Buffer.from("content"), "sha256:1");
  expect(gunzipSync(first).toString()).toBe("content");
  // The digest decides, not the content.
  expect(Buffer.from(await gzipOnce(Buffer.from("other"), "sha256:1"))).toEqual(Buffer.from(first));
  const [file] = readdirSync(blobs);
  writeFileSync(join(blobs, file!), "damaged");
  expect(gunzipSync(await gzipOnce(Buffer.from("content"), "sha256:1")).toString()).toBe("content");
  rmSync(blobs, { recursive: true });
  expect(gunzipSync(await gzipOnce(Buffer.from("content"), "sha256:1")).toString()).toBe("content");
  expect(readFileSync(join(blobs, file!))).toEqual(Buffer.from(first));
});

test("compressed layers unpack to the digests in the image configuration", async () => {
  const build = await buildGo({ source: source("app") });
  const { config, layers } = manifest(build);
  const { rootfs } = JSON.parse(blob(build, config.digest).toString());
  const unpacked = layers.map(
    (l: { digest: string }) =>
      "sha256:" +
      createHash("sha256")
        .update(gunzipSync(blob(build, l.digest)))
        .digest("hex"),
  );
  expect(unpacked).toEqual(rootfs.diff_ids);
  expect(layers.map((l: { mediaType: string }) => l.mediaType)).toEqual(Array(2).fill("application/vnd.oci.image.layer.v1.tar+gzip"));
});

test("an aborted build ends the compiler, and the same build can start again", async () => {
  const args = { source: source("app"), version: "aborted" };
  const aborting = new AbortController();
  const build = buildGo(args, aborting.signal);
  aborting.abort();
  await expect(build).rejects.toMatchObject({ name: "AbortError" });
  expect(await digest(args)).toMatch(/^sha256:/);
});

test("versions of a program that are built at the same time do not mix", async () => {
  const app = source("app");
  const versions = ["1.1", "2.2"];
  const { PATH } = process.env;
  // Each is read a moment after it was written, when the other has been written too.
  writeFileSync(join(folder, "go"), `#!/bin/sh\nPATH="$ORIGINAL_PATH" go "$@"\nsleep 0.5\n`, { mode: 0o755 });
  Object.assign(process.env, { PATH: `${folder}:${PATH}`, ORIGINAL_PATH: PATH });
  const builds = await Promise.all(versions.map((version) => buildGo({ source: app, version, compression: "none" }))).finally(() => {
    process.env["PATH"] = PATH;
    delete process.env["ORIGINAL_PATH"];
  });
  const printed = builds.map(async (build, i) => {
    const program = join(folder, `program-${i}`);
    const { app } = await files(blob(build, manifest(build).layers.at(-1).digest));
    writeFileSync(program, app!.content, { mode: 0o755 });
    return spawnSync(program, { encoding: "utf8" }).stderr;
  });
  expect(await Promise.all(printed)).toEqual(versions.map((version) => `${version}\n`));
});

test("services of one program compile it once, and each has its own labels", async () => {
  const app = source("app");
  const { PATH } = process.env;
  writeFileSync(join(folder, "go"), `#!/bin/sh\necho "$1" >> "${folder}/calls"\nPATH="$ORIGINAL_PATH" exec go "$@"\n`, { mode: 0o755 });
  Object.assign(process.env, { PATH: `${folder}:${PATH}`, ORIGINAL_PATH: PATH });
  const titles = ["web", "worker"];
  const builds = titles.map((title) => buildGo({ source: app, labels: { title } }));
  const built = await Promise.all(builds).finally(() => {
    process.env["PATH"] = PATH;
    delete process.env["ORIGINAL_PATH"];
  });
  expect(readFileSync(join(folder, "calls"), "utf8")).toBe("build\n");
  expect(built.map((build) => manifest(build).annotations)).toEqual(titles.map((title) => ({ title })));
  const programs = built.map((build) => manifest(build).layers.at(-1).digest);
  expect(programs[1]).toBe(programs[0]);
  expect(Object.keys(await files(gunzipSync(blob(built[1]!, programs[1]))))).toEqual(["app"]);
});

test("a build that fails has written everything that it writes", async () => {
  const written = () => readdirSync(join(folder, "cache"), { recursive: true }).sort();
  await expect(buildGo({ source: folder })).rejects.toThrow("must be in a Go module");
  const atOnce = written();
  await new Promise((done) => setTimeout(done, 200));
  expect(atOnce).toEqual(written());
  expect(atOnce).toContain("slipway/gzip");
});

test("several platforms result in an index with one image for each", async () => {
  const build = await buildGo({ source: source("app"), platforms: ["linux/amd64", "linux/arm/v7"] });
  const index = manifest(build);
  expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
  expect(index.manifests.map((m: { platform: object }) => m.platform)).toEqual([
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm", variant: "v7" },
  ]);
  for (const { digest: child } of index.manifests) {
    const { layers } = JSON.parse(blob(build, child).toString());
    expect(layers.every((l: { digest: string }) => blob(build, l.digest).length > 0)).toBe(true);
  }
});

describe("a build fails for", () => {
  test("code that does not compile, with the compiler's output", async () => {
    const path = source("app", "package main\n\nfunc main() { undefined() }\n");
    await expect(buildGo({ source: path })).rejects.toThrow(
      `${path}: does not compile.\n  # example.org/app\n  ./main.go:3:15: undefined: undefined`,
    );
  });

  test("a folder without a module", async () => {
    mkdirSync(join(folder, "empty"));
    await expect(buildGo({ source: join(folder, "empty") })).rejects.toThrow(
      ": must be in a Go module (no go.mod in this folder or its parents). Run `go mod init` there",
    );
  });

  test("a package that is not a program", async () => {
    const path = source("lib", "package lib\n");
    await expect(buildGo({ source: path })).rejects.toThrow("package . must be a program (it is not package main)");
  });

  test("a Go version that is too old for the module", async () => {
    const path = source("app", undefined, "module example.org/app\n\ngo 1.999\n");
    await expect(buildGo({ source: path })).rejects.toThrow(
      /: its go\.mod requires Go 1\.999 or newer \(got Go 1\.\d+(\.\d+)?\)\. Install a newer version: https:\/\/go\.dev\/doc\/install$/,
    );
  });

  test("a machine without Go", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await expect(buildGo({ source: source("app") })).rejects.toThrow(
        /: cannot be compiled, because Go is not on the PATH\. Install Go 1\.21 or newer: https:\/\/go\.dev\/doc\/install$/,
      );
    } finally {
      process.env["PATH"] = path;
    }
  });
});
