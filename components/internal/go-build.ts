import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import writeFileAtomic from "write-file-atomic";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { assetEntries } from "./assets.ts";
import { pullBase } from "./base-image.ts";
import { withGitFacts } from "../git-facts.ts";
import { readCertificateAuthorities } from "../../lib/certificate-authorities.ts";
import { freeSpace, fullDiskIn } from "../../lib/full-disk.ts";
import { hostPlatform } from "../../lib/go-architecture.ts";
import { goBuild, runGo } from "../../lib/go-command.ts";
import { isByDigest } from "../../lib/image-reference.ts";
import { nonRootUid } from "../../lib/non-root.ts";
import {
  digestOf,
  gzip,
  image,
  index,
  layer,
  type Compression,
  type Descriptor,
  type Layer,
  type OciImage,
  type Platform,
  type StoredLayer,
} from "../../lib/oci.ts";
import { UserError } from "../../lib/user-error.ts";

/** Options of the Go toolchain, and what is in the image besides the program. */
export interface GoOptions {
  /** Link flags, as after `-ldflags=`. `{{version}}`, `{{revision}}` and `{{date}}` are replaced with facts of git. @default - none. */
  ldflags?: string;
  /** Build tags. @default - none. */
  tags?: string[];
  /** Environment variables of the compiler: `GO…` and `CGO_…`. @default - none. */
  env?: Record<string, string>;
  /** Files and folders, relative to `source`, that are next to the program in its working directory. @default - none. */
  assets?: string[];
  /** Image by digest that the program is added to. @default - CA certificates, a non-root user and an empty /tmp. */
  base?: string;
}

export interface GoBuildArgs extends GoOptions {
  /** Folder of the Go module, or a folder in it. */
  source: string;
  /** Package to compile, relative to `source`. @default "." */
  package?: string;
  /** Each `<os>/<architecture>[/<variant>]`. Several platforms result in an image index. @default - Linux on this machine's architecture. */
  platforms?: string[];
  /** Value of the program's variable `main.version`. @default - the variable is not set. */
  version?: string;
  /** Labels of the image and annotations of its manifests. @default - the version, if given. */
  labels?: Record<string, string>;
  /** Compression of the layers. @default "gzip" */
  compression?: Compression;
  /** Whether the program is for a debugger: not optimised, with symbols, and with the paths of this machine. @default false */
  debug?: boolean;
}

/** An image in the local blob store, before it is pushed. */
export interface GoBuild {
  descriptor: Descriptor;
  /** Folder of the local blob store. A blob's path in it is `<algorithm>/<hex>`. */
  blobs: string;
}

const builds = new Map<string, Promise<GoBuild>>();

/**
 * Compiles a Go program and builds a minimal, reproducible image: the binary, CA certificates, a non-root user and an empty /tmp, or what
 * the base image has. Needs no Docker. Calls with the same arguments build only once per process.
 *
 * @param signal Ends the compiler.
 * @throws UserError if Go is missing or too old, or if the program does not compile; with the compiler's output.
 */
export function buildGo(args: GoBuildArgs, signal?: AbortSignal): Promise<GoBuild> {
  const key = JSON.stringify(args);
  const known = builds.get(key);
  if (known) return known;
  const build = buildImage(args, signal);
  builds.set(key, build);
  forgetIfAborted(builds, key, build, signal);
  return build;
}

/** Makes the next calls build again. */
export function forgetBuilds(): void {
  builds.clear();
  programs.clear();
}

async function buildImage(args: GoBuildArgs, signal: AbortSignal | undefined): Promise<GoBuild> {
  if (args.base !== undefined && !isByDigest(args.base))
    throw new UserError(`${args.source}: base: must be an image by digest such as "registry.example/base@sha256:…" (got "${args.base}").`);
  const platforms = (args.platforms ?? [hostPlatform]).map(parsePlatform);
  const labels = { ...(args.version !== undefined && { "org.opencontainers.image.version": args.version }), ...args.labels };
  const compression = args.compression ?? "gzip";
  const bases = args.base === undefined ? undefined : pullBase(args.base, platforms.map(formatPlatform));
  bases?.catch(() => {}); // reported after a compile error
  let base: Promise<Layer> | undefined;
  const assets = args.assets?.length ? layer(await assetEntries(args.source, args.assets), compression, gzipOnce) : undefined;
  const images: OciImage[] = [];
  // One at a time, because a Go build uses all CPUs.
  for (const platform of platforms) {
    const compiling = programLayer(args, platform, compression, signal);
    if (!bases) base ??= layer(baseEntries, compression, gzipOnce); // while Go compiles
    // Waits for all of them, so that nothing writes to the cache any more once this call has failed.
    const [compiled] = await Promise.allSettled([compiling, base, assets]);
    if (compiled.status === "rejected") throw compiled.reason;
    const given = (await bases)?.[formatPlatform(platform)];
    const below = given?.layers ?? [await base!];
    images.push(
      image(
        platform,
        [...below, ...(assets ? [await assets] : []), compiled.value],
        {
          User: `${nonRootUid}:${nonRootUid}`,
          Entrypoint: ["/app"],
          Env: given?.env ?? ["PATH=/"],
          WorkingDir: "/",
          Labels: { ...given?.labels, ...labels },
        },
        labels,
      ),
    );
  }
  const result = images.length === 1 && images[0] ? images[0] : index(images, labels);
  await Promise.all([...result.blobs].map(([digest, blob]) => store(blobFile(digest), blob)));
  return { descriptor: result.descriptor, blobs: cacheFolder("blobs") };
}

const programs = new Map<string, Promise<StoredLayer>>();

/** The layer with a program, compiled once per process: services that only differ in their labels or assets share it. */
function programLayer(
  args: GoBuildArgs,
  platform: Platform,
  compression: Compression,
  signal: AbortSignal | undefined,
): Promise<StoredLayer> {
  const { labels: _labels, assets: _assets, base: _base, platforms: _platforms, ...program } = args;
  const key = JSON.stringify([program, platform, compression]);
  const known = programs.get(key);
  if (known) return known;
  const work = async (): Promise<StoredLayer> => {
    const entries = [{ path: "app", mode: 0o755, content: await compile(args, platform, signal) }];
    const { blob, ...stored } = await layer(entries, compression, gzipOnce);
    await store(blobFile(stored.descriptor.digest), blob);
    return stored;
  };
  const build = work();
  programs.set(key, build);
  forgetIfAborted(programs, key, build, signal);
  return build;
}

/** What was aborted is no result for others. */
function forgetIfAborted<T>(all: Map<string, Promise<T>>, key: string, build: Promise<T>, signal: AbortSignal | undefined): void {
  build.catch(() => {
    if (signal?.aborted) all.delete(key);
  });
}

/** Path of a blob in the local blob store. */
function blobFile(digest: string): string {
  return join(cacheFolder("blobs"), digest.replace(":", "/"));
}

/**
 * Compresses a layer, unless the blob store has the result: that takes longer than everything else in an unchanged build.
 *
 * @param diffId Digest of the content.
 */
export async function gzipOnce(tar: Uint8Array, diffId: string): Promise<Uint8Array> {
  const record = cacheFolder("gzip", fflateVersion, diffId.replace(":", "-"));
  const known = await readFile(record, "utf8")
    .then(async (digest) => ({ digest, blob: await readFile(blobFile(digest)) }))
    .catch(() => undefined);
  if (known && digestOf(known.blob) === known.digest) return known.blob;
  const blob = gzip(tar);
  const digest = digestOf(blob);
  await writeFileAtomic(await inFolder(blobFile(digest)), Buffer.from(blob));
  await writeFileAtomic(await inFolder(record), digest);
  return blob;
}

/** Another version may compress differently. */
const { version: fflateVersion } = createRequire(import.meta.url)("fflate/package.json") as { version: string };

const baseEntries = [
  { path: "etc/", mode: 0o755 },
  { path: "etc/group", mode: 0o644, content: `root:x:0:\nnonroot:x:${nonRootUid}:\n` },
  {
    path: "etc/passwd",
    mode: 0o644,
    content: `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${nonRootUid}:${nonRootUid}:nonroot:/:/sbin/nologin\n`,
  },
  { path: "etc/ssl/", mode: 0o755 },
  { path: "etc/ssl/certs/", mode: 0o755 },
  { path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: readCertificateAuthorities() },
  { path: "tmp/", mode: 0o1777 },
];

function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/** How Go compiles a program for a platform. */
export interface GoCompilation {
  platform: string;
  /** The folder in which `go` runs. */
  folder: string;
  /** The go.mod that the program belongs to. */
  module: string;
  /** `.` or `./cmd/web`. */
  package: string;
  tags: string[];
  /** Environment variables of the compiler besides those of this process. */
  env: Record<string, string>;
  /** Arguments of `go` without link flags, the output and the package. */
  flags: string[];
  /** As after `-ldflags=`. */
  linkFlags: string;
}

/** The programs of an image for its platforms, as they are now. */
export interface GoPrograms {
  /** Digest of all of them. */
  digest: string;
  compilations: GoCompilation[];
}

/** How Go compiles the programs of an image. */
export function compilationsOf(args: GoBuildArgs): Promise<GoCompilation[]> {
  const platforms = (args.platforms ?? [hostPlatform]).map(parsePlatform);
  return Promise.all(platforms.map((platform) => compilationOf(args, platform)));
}

/** Compiles the programs of an image, also if this process has compiled them before. */
export async function compilePrograms(args: GoBuildArgs): Promise<GoPrograms> {
  const platforms = (args.platforms ?? [hostPlatform]).map(parsePlatform);
  const hash = createHash("sha256");
  for (const platform of platforms) hash.update(await compile(args, platform, undefined));
  return { digest: hash.digest("hex"), compilations: await compilationsOf(args) };
}

async function compilationOf(args: GoBuildArgs, platform: Platform): Promise<GoCompilation> {
  const folder = resolve(args.source);
  // A workspace builds packages of its modules: https://go.dev/ref/mod#workspaces.
  const module = findModule(folder) ?? findModule(args.package === undefined ? folder : join(folder, args.package));
  if (!module)
    throw new UserError(
      `${args.source}: must be in a Go module (no go.mod in this folder or its parents). Run \`go mod init\` there, or set another folder.`,
    );
  const given = args.version === undefined ? {} : { version: args.version };
  const own = args.ldflags === undefined ? [] : [await withGitFacts(args.ldflags, folder, given)];
  const linkFlags = [
    ...(args.debug ? [] : ["-s", "-w"]),
    ...(args.version === undefined ? [] : [`-X 'main.version=${args.version}'`]),
    ...own,
  ].join(" ");
  const flags = [
    "build",
    ...(args.debug ? ["-gcflags=all=-N -l"] : ["-trimpath"]),
    "-buildvcs=false",
    ...(args.tags?.length ? [`-tags=${args.tags.join(",")}`] : []),
  ];
  const environment = {
    CGO_ENABLED: "0",
    GOOS: platform.os,
    GOARCH: platform.architecture,
    // Go's default levels, set explicitly so that environment variables of this machine do not change the image.
    GOAMD64: platform.architecture === "amd64" ? (platform.variant ?? "v1") : undefined,
    GOARM: platform.architecture === "arm" ? (platform.variant ?? "v7").slice(1) : undefined,
    GOARM64: platform.architecture === "arm64" ? "v8.0" : undefined,
    ...args.env,
  };
  const env = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const goPackage = args.package === undefined ? "." : "./" + args.package.replace(/^\.\//, "");
  return { platform: formatPlatform(platform), folder, module, package: goPackage, tags: args.tags ?? [], env, flags, linkFlags };
}

/** Compiles the program for a platform. The result depends only on the sources, the flags and the Go version. */
async function compile(args: GoBuildArgs, platform: Platform, signal: AbortSignal | undefined): Promise<Buffer> {
  const { folder, module, package: goPackage, env, flags, linkFlags } = await compilationOf(args, platform);
  const output = cacheFolder(
    "go",
    createHash("sha256")
      .update(JSON.stringify([folder, args.package, platform, args.tags, args.env, ...(args.debug ? ["debug"] : [])]))
      .digest("hex")
      .slice(0, 16),
    "app",
  );
  const command = { folder, args: [...flags, `-ldflags=${linkFlags}`, "-o", output, goPackage], env, output };
  const { program: binary, log } = await goBuild(command, `The build of ${args.source}`, signal);
  if (binary === undefined) throw new UserError(await explain(args, folder, module, log));
  if (binary.readUInt32BE(0) !== 0x7f454c46) {
    throw new UserError(
      `${args.source}: package ${goPackage} must be a program (it is not package main). Set the program's package, such as \`package: cmd/web\`.`,
    );
  }
  return binary;
}

/** The cause of a failed build, with its remedy. */
async function explain(args: GoBuildArgs, folder: string, module: string, log: string): Promise<string> {
  const required = /^go (\d+\.\d+(\.\d+)?)/m.exec(readFileSync(module, "utf8"))?.[1] ?? "1.21";
  const version = await runGo(["env", "GOVERSION"], folder, {});
  if (version.failed)
    return `${args.source}: cannot be compiled, because Go is not on the PATH. Install Go ${required} or newer: https://go.dev/doc/install`;
  const found = version.log.trim().replace(/^go/, "");
  if (found.localeCompare(required, "en", { numeric: true }) < 0) {
    return `${args.source}: its go.mod requires Go ${required} or newer (got Go ${found}). Install a newer version: https://go.dev/doc/install`;
  }
  const full = fullDiskIn(log);
  if (full !== undefined) return `${args.source}: cannot be compiled, because the disk is full (${full}). ${freeSpace}`;
  return [
    `${args.source}: does not compile.`,
    ...log
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n");
}

function findModule(folder: string): string | undefined {
  const file = join(folder, "go.mod");
  if (existsSync(file)) return file;
  return dirname(folder) === folder ? undefined : findModule(dirname(folder));
}

/** Writes a blob to the local store. Atomic, because several processes may write the same blob. */
async function store(file: string, blob: Uint8Array): Promise<void> {
  if (!existsSync(file)) await writeFileAtomic(await inFolder(file), Buffer.from(blob));
}

/** Creates the folder of a file, and returns the file. */
async function inFolder(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  return file;
}
