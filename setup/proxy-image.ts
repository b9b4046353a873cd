import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { readCertificateAuthorities } from "../lib/certificate-authorities.ts";
import { buildImage, dockerClient } from "../lib/docker-client.ts";
import { compileGo } from "./go.ts";
import { sourceHash } from "./source-hash.ts";

const here = join(import.meta.dirname, "traefik");

/** The module that the node image has Traefik from: compiled for one, Go has it in its cache for the other. */
const module = join(import.meta.dirname, "kubernetes-node/traefik");

/** The image's name, whose tag changes with everything that it is made of. */
export async function proxyImageName(): Promise<string> {
  const version = /traefik\/traefik\/v3 (v\S+)/.exec(await readFile(join(module, "go.mod"), "utf8"))?.[1];
  return `slipway/traefik:${version}-${await sourceHash(here)}-${await sourceHash(module)}`;
}

/** Builds the image of Traefik from its Go module: 4 minutes on two cores, 10 seconds where the node image was built. */
export async function buildProxyImage(name: string): Promise<void> {
  const context = cacheFolder("build/traefik");
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  await compileGo(module, "github.com/traefik/traefik/v3/cmd/traefik", join(context, "traefik"));
  await writeFile(join(context, "ca-certificates.crt"), readCertificateAuthorities());
  await cp(join(here, "Dockerfile"), join(context, "Dockerfile"));
  await buildImage(dockerClient(), context, { tag: name });
  await rm(context, { recursive: true });
}
