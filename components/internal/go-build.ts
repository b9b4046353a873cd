import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { execFile } from "node:child_process";
import { cacheFolder } from "../../lib/cache-folder.ts";
import { readCertificateAuthorities } from "../../lib/certificate-authorities.ts";
import { image, index, layer, type Compression, type Descriptor, type Layer, type OciImage, type Platform } from "../../lib/oci.ts";
import { UserError } from "../../lib/user-error.ts";
import { nonRoot } from "./non-root.ts";

export interface GoBuildArgs {
  /** Folder of the Go module. */
  source: string;
  /** Package to compile, from there. @default "." */
  package?: string;
  /** `<os>/<architecture>[/<variant>]` each; several make an image index. @default - Linux on this machine's processor. */
  platforms?: string[];
  /** Handed to the program as `main.version`. @default - nothing is handed over. */
  version?: string;
  /** Labels of the image, and annotations of its manifests. @default - none but the version. */
  labels?: Record<string, string>;
  /** Of the layers. @default "gzip" */
  compression?: Compression;
}

/** An image that is built and lies in the local store of blobs, but in no registry yet. */
export interface GoBuild {
  descriptor: Descriptor;
  /** Folder of the blobs, as `<algorithm>/<hex>`. */
  blobs: string;
}

/** What Go calls the processor of this machine. */
export const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;

const builds = new Map<string, Promise<GoBuild>>();

/**
 * Compiles a Go program and makes a minimal image of it, known byte for byte: the binary, certificate authorities, a user
 * that is not root, and an empty /tmp. Needs no Docker. The same arguments are built once per process.
 *
 * @throws UserError where Go is missing or too old, or the program does not compile, with the compiler's own lines.
 */
export function buildGo(args: GoBuildArgs): Promise<GoBuild> {
  const key = JSON.stringify(args);
  const known = builds.get(key);
  if (known) return known;
  const build = build_(args);
  builds.set(key, build);
  return build;
}

async function build_(args: GoBuildArgs): Promise<GoBuild> {
  const platforms = (args.platforms ?? [`linux/${goArchitecture}`]).map(parsePlatform);
  const labels = { ...(args.version !== undefined && { "org.opencontainers.image.version": args.version }), ...args.labels };
  const compression = args.compression ?? "gzip";
  let base: Promise<Layer> | undefined;
  const images: OciImage[] = [];
  // One after the other: a Go build uses all processors.
  for (const platform of platforms) {
    const compiling = compile(args, platform);
    base ??= layer(baseEntries, compression); // while Go compiles
    const program = await layer([{ path: "app", mode: 0o755, content: await compiling }], compression);
    images.push(
      image(
        platform,
        [await base, program],
        { User: `${nonRoot}:${nonRoot}`, Entrypoint: ["/app"], Env: ["PATH=/"], WorkingDir: "/", Labels: labels },
        labels,
      ),
    );
  }
  const result = images.length === 1 && images[0] ? images[0] : index(images, labels);
  const blobs = cacheFolder("blobs");
  await Promise.all([...result.blobs].map(([digest, blob]) => store(join(blobs, digest.replace(":", "/")), blob)));
  return { descriptor: result.descriptor, blobs };
}

const baseEntries = [
  { path: "etc/", mode: 0o755 },
  { path: "etc/group", mode: 0o644, content: `root:x:0:\nnonroot:x:${nonRoot}:\n` },
  {
    path: "etc/passwd",
    mode: 0o644,
    content: `root:x:0:0:root:/:/sbin/nologin\nnonroot:x:${nonRoot}:${nonRoot}:nonroot:/:/sbin/nologin\n`,
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

/** Compiles the program for a platform; what it returns depends on the sources, the flags below and the version of Go. */
async function compile(args: GoBuildArgs, platform: Platform): Promise<Buffer> {
  const folder = resolve(args.source);
  const module = findModule(folder);
  if (!module)
    throw new UserError(
      `${args.source}: there is no Go module (no go.mod in this folder or above it). Run \`go mod init\` there, or name another folder.`,
    );
  const output = cacheFolder(
    "go",
    createHash("sha256")
      .update(JSON.stringify([folder, args.package, platform]))
      .digest("hex")
      .slice(0, 16),
    "app",
  );
  mkdirSync(dirname(output), { recursive: true });
  const linkFlags = ["-s", "-w", ...(args.version === undefined ? [] : [`-X 'main.version=${args.version}'`])].join(" ");
  const goPackage = args.package === undefined ? "." : "./" + args.package.replace(/^\.\//, "");
  const flags = ["build", "-trimpath", "-buildvcs=false", `-ldflags=${linkFlags}`, "-o", output, goPackage];
  const { failed, said } = await run("go", flags, folder, {
    CGO_ENABLED: "0",
    GOOS: platform.os,
    GOARCH: platform.architecture,
    // The levels that Go assumes, said outright, so that no variable of this machine makes another image.
    GOAMD64: platform.architecture === "amd64" ? (platform.variant ?? "v1") : undefined,
    GOARM: platform.architecture === "arm" ? (platform.variant ?? "v7").slice(1) : undefined,
    GOARM64: platform.architecture === "arm64" ? "v8.0" : undefined,
  });
  if (failed) throw new UserError(await explain(args, folder, module, said));
  const binary = await readFile(output);
  if (binary.readUInt32BE(0) !== 0x7f454c46) {
    throw new UserError(
      `${args.source}: package ${goPackage} is no program (its package is not \`main\`). Name the program's package, such as \`package: cmd/web\`.`,
    );
  }
  return binary;
}

async function explain(args: GoBuildArgs, folder: string, module: string, said: string): Promise<string> {
  const wanted = /^go (\d+\.\d+(\.\d+)?)/m.exec(readFileSync(module, "utf8"))?.[1] ?? "1.21";
  const version = await run("go", ["env", "GOVERSION"], folder, {});
  if (version.failed)
    return `${args.source}: Go is not installed, or not on the PATH. Install Go ${wanted} or newer: https://go.dev/doc/install`;
  const found = version.said.trim().replace(/^go/, "");
  if (found.localeCompare(wanted, "en", { numeric: true }) < 0) {
    return `${args.source}: needs Go ${wanted} or newer (go.mod says so), found Go ${found}. Install a newer one: https://go.dev/doc/install`;
  }
  return [
    `${args.source}: does not compile.`,
    ...said
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  ].join("\n");
}

function run(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string | undefined>,
): Promise<{ failed: boolean; said: string }> {
  return new Promise((done) => {
    execFile(program, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      done({ failed: error !== null, said: stdout + stderr }),
    );
  });
}

function findModule(folder: string): string | undefined {
  const file = join(folder, "go.mod");
  if (existsSync(file)) return file;
  return dirname(folder) === folder ? undefined : findModule(dirname(folder));
}

/** Writes a blob under its digest; whole or not at all, whoever else writes it. */
async function store(file: string, blob: Uint8Array): Promise<void> {
  if (existsSync(file)) return;
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  await writeFile(partial, blob);
  await rename(partial, file);
}
