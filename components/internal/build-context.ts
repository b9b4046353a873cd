import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import dockerIgnore from "@balena/dockerignore";
import { UserError } from "../../lib/user-error.ts";
import type { DockerfileArgs } from "../go-image.ts";
import { defaultDockerfile } from "../image-builder.ts";

export interface BuildContext {
  /** The staged folder, relative to the project folder so that it is the same on every machine. */
  folder: string;
  /** A tag that changes if and only if a file of the build context or an argument of the build changes. */
  tag: string;
}

/**
 * Copies the build context of a folder (all files except those in its ignore file) to `.slipway/contexts/<name>`, with the modes 644 and
 * 755. `docker.Image` rebuilds when a file mode or the folder's path changes. Both differ between checkouts, but not in the copy.
 *
 * @throws UserError if the folder does not have the Dockerfile.
 */
export async function stageBuildContext(name: string, source: string, build: DockerfileArgs = {}): Promise<BuildContext> {
  const { file: dockerfile = defaultDockerfile, target, args = {}, secrets = {} } = build;
  requireDockerfile(source, build);
  const folder = join(".slipway", "contexts", name);
  await rm(folder, { recursive: true, force: true });
  const ignoreFile = [`${dockerfile}.dockerignore`, ".dockerignore"].map((f) => join(source, f)).find((f) => existsSync(f));
  const ignore = dockerIgnore.default({ ignorecase: false });
  if (ignoreFile) ignore.add(await readFile(ignoreFile, "utf8"));
  ignore.add(`!${dockerfile}`);

  const hash = createHash("sha256");
  const arguments_ = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));
  // A build without them keeps the tag that it had before there were any.
  if (dockerfile !== defaultDockerfile || target !== undefined || arguments_.length > 0)
    hash.update(JSON.stringify([dockerfile, target ?? null, arguments_]));
  // The values are not in the image.
  if (Object.keys(secrets).length > 0) hash.update(JSON.stringify(Object.keys(secrets).sort()));
  const files = await filesIn(source);
  for (const file of ignore.filter(files).sort()) {
    const target = join(folder, file);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await cp(join(source, file), target, { dereference: true });
    const executable = ((await stat(target)).mode & 0o100) !== 0;
    await chmod(target, executable ? 0o755 : 0o644);
    hash.update(`${file}\0${executable}\0`).update(await readFile(target));
  }
  return { folder, tag: hash.digest("hex").slice(0, 12) };
}

/** @throws UserError if the folder does not have the Dockerfile. */
export function requireDockerfile(source: string, { file: dockerfile = defaultDockerfile }: DockerfileArgs = {}): void {
  if (!existsSync(join(source, dockerfile))) {
    const [what, it] = dockerfile === defaultDockerfile ? ["a Dockerfile", "one"] : [`the Dockerfile "${dockerfile}"`, "it"];
    throw new UserError(`${source}: must contain ${what} for builder "dockerfile". Add ${it}, or use builder "go".`);
  }
}

/** Folders of the project that are not part of a build context: what Slipway writes, and the packages that the program of the stacks needs. */
const ofProject = [".slipway", "node_modules"];

/** The files of a folder, relative to it. */
async function filesIn(source: string): Promise<string[]> {
  const isProject = resolve(source) === process.cwd();
  const entries = await readdir(source, { withFileTypes: true });
  const files = entries.map(async (entry): Promise<string[]> => {
    if (!entry.isDirectory()) return [entry.name];
    if (isProject && ofProject.includes(entry.name)) return [];
    const below = await readdir(join(source, entry.name), { recursive: true, withFileTypes: true });
    return below.filter((one) => !one.isDirectory()).map((one) => relative(source, join(one.parentPath, one.name)));
  });
  return (await Promise.all(files)).flat();
}
