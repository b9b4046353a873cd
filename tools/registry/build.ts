import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheFolder } from "../../components/internal/cache-folder.ts";
import { buildImage, dockerEngine } from "../../components/internal/docker-engine.ts";
import { compileGo } from "../go.ts";
import { sourceHash } from "../source-hash.ts";

const here = resolve("tools/registry");

/** The image's name, whose tag changes with everything in this folder. */
export async function registryImageName(): Promise<string> {
  const version = /distribution\/v3 (v\S+)/.exec(await readFile(join(here, "go.mod"), "utf8"))?.[1];
  return `slipway/registry:${version}-${await sourceHash(here)}`;
}

/** Builds the registry image from Go modules. */
export async function buildRegistryImage(name: string): Promise<void> {
  const context = cacheFolder("build/registry");
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  await compileGo(here, ".", join(context, "registry"));
  for (const file of ["Dockerfile", "config.yml"]) await cp(join(here, file), join(context, file));
  await buildImage(dockerEngine(), context, { tag: name });
  await rm(context, { recursive: true });
}
