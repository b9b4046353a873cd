import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { buildImage, dockerClient } from "../lib/docker-client.ts";
import { compileGo } from "./go.ts";
import { sourceHash } from "../lib/source-hash.ts";

const here = join(import.meta.dirname, "registry");

/** Name of the image. Its tag changes with this file and every file in setup/registry. */
export async function registryImageName(): Promise<string> {
  const version = /distribution\/v3 (v\S+)/.exec(await readFile(join(here, "go.mod"), "utf8"))?.[1];
  return `slipway/registry:${version}-${await sourceHash(here, import.meta.filename)}`;
}

/** Builds the registry image from Go modules. */
export async function buildRegistryImage(name: string): Promise<void> {
  const context = cacheFolder("build/registry");
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  await compileGo(here, ".", join(context, "registry"));
  for (const file of ["Dockerfile", "config.yml"]) await cp(join(here, file), join(context, file));
  await buildImage(dockerClient(), context, { tag: name });
  await rm(context, { recursive: true });
}
