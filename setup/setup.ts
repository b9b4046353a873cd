import { platformOf, settingsIn, type Stack } from "../config/stack-file.ts";
import { needsDatabase, supplyChainOf } from "../config/scans.ts";
import { currentDatabase } from "../lib/vulnerabilities/database.ts";
import { awaitClusters, ensureDocker } from "./docker.ts";
import { ensureImages, plannedImages, type ImageKey, type Images } from "./images.ts";

/**
 * Installs and starts what a stack needs on this machine. Quick and silent if nothing is missing.
 *
 * @returns the images that replace the platform's default ones on this machine.
 */
export async function setUp(stack: Stack): Promise<Images> {
  await ensureVulnerabilityDatabase(stack);
  const keys = imagesOf(stack);
  if (keys.length === 0) return {};
  await ensureDocker();
  const images = await ensureImages(keys);
  if (platformOf(stack) === "local") await awaitClusters(stack);
  return images;
}

/** Gets the database if the stack needs it. Without a network, the one from before is kept. */
async function ensureVulnerabilityDatabase(stack: Stack): Promise<void> {
  const settings = supplyChainOf(stack);
  if (!settings || !needsDatabase(settings)) return;
  const { problem } = await currentDatabase(new Date());
  if (problem !== undefined) process.stderr.write(`warning: ${problem}\n`);
}

/** For previews: tells the program which images `setUp` would provide, without building or pulling any. */
export async function planImages(stack: Stack): Promise<void> {
  const keys = imagesOf(stack);
  if (keys.length > 0) process.env["SLIPWAY_PLANNED_IMAGES"] = JSON.stringify(await plannedImages(keys));
}

const imagesByPlatform: Partial<Record<string, ImageKey[]>> = {
  local: ["registryImage", "nodeImage"],
  docker: ["registryImage", "proxyImage"],
  swarm: ["registryImage", "proxyImage"],
};

/** The images that the stack's platform runs on this machine. A remote Docker host pulls its own images. */
function imagesOf(stack: Stack): ImageKey[] {
  const platform = platformOf(stack);
  const isRemote = settingsIn(stack, platform)["host"] !== undefined;
  return isRemote ? [] : (imagesByPlatform[platform] ?? []);
}
