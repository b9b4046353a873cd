import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../lib/cache-folder.ts";
import { readCertificateAuthorities } from "../lib/certificate-authorities.ts";
import { buildImage, dockerClient } from "../lib/docker-client.ts";
import { compileGo } from "./go.ts";
import { sourceHash } from "../lib/source-hash.ts";

const here = join(import.meta.dirname, "traefik");

/** The same module as in the node image, so that Go compiles Traefik only once for both. */
const module = join(import.meta.dirname, "kubernetes-node/traefik");

/** Name of the image. Its tag changes with the image's sources. */
export async function proxyImageName(): Promise<string> {
  const version = /traefik\/traefik\/v3 (v\S+)/.exec(await readFile(join(module, "go.mod"), "utf8"))?.[1];
  return `slipway/traefik:${version}-${await sourceHash(here, import.meta.filename)}-${await sourceHash(module)}`;
}

/** Builds the Traefik image from its Go module: 4 minutes on two cores, or 10 seconds after the node image was built. */
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
