import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import dockerIgnore from "@balena/dockerignore";
import { UserError } from "../../lib/user-error.ts";

export interface BuildContext {
  /** The staged folder, relative to the project's root so that it is the same on every machine. */
  folder: string;
  /** A tag that changes with every file that the build sees, and with nothing else. */
  tag: string;
}

/**
 * Copies what a Docker build may see of a folder (all but what its ignore file names) to `.slipway/contexts/<name>`, with
 * plain modes. `docker.Image` takes file modes and the folder's path into account when it decides whether to build again,
 * which differ between checkouts; of the staged copy both are the same everywhere.
 *
 * @throws UserError where the folder has no Dockerfile.
 */
export async function stageBuildContext(name: string, source: string): Promise<BuildContext> {
  if (!existsSync(join(source, "Dockerfile"))) {
    throw new UserError(`${source}: there is no Dockerfile in this folder. Write one, or let \`builder: go\` make the image without any.`);
  }
  const folder = join(".slipway", "contexts", name);
  await rm(folder, { recursive: true, force: true });
  const ignoreFile = ["Dockerfile.dockerignore", ".dockerignore"].map((f) => join(source, f)).find((f) => existsSync(f));
  const ignore = dockerIgnore.default({ ignorecase: false });
  if (ignoreFile) ignore.add(await readFile(ignoreFile, "utf8"));
  ignore.add("!Dockerfile");

  const hash = createHash("sha256");
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => !e.isDirectory()).map((e) => join(e.parentPath, e.name).slice(join(source, "/").length));
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
