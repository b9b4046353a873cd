import type { Stack } from "../config/stack-file.ts";
import { awaitClusters, ensureDocker } from "./docker.ts";
import { ensureImages, type ImageKey } from "./images.ts";

/** Sees that this machine has what a stack needs. Quick, and quiet, when all is there. */
export async function setUp(stack: Stack): Promise<void> {
  const key = (name: string) => stack.config[`${stack.project}:${name}`];
  const platform = key("platform") ?? "local";
  const images = imagesOf[platform];
  if (!images) return;
  // An engine elsewhere is for whoever runs it, and pulls its images itself.
  if (JSON.parse(key(platform) ?? "{}").host !== undefined) return;
  await ensureDocker();
  await ensureImages(images);
  if (platform === "local") await awaitClusters(stack.name);
}

/** The images that a platform is made of. */
const imagesOf: Partial<Record<string, ImageKey[]>> = {
  local: ["registryImage", "nodeImage"],
  docker: ["registryImage", "proxyImage"],
  swarm: ["registryImage", "proxyImage"],
};
