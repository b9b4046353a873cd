import type { Stack } from "../stack-file.ts";
import { awaitClusters, ensureDocker } from "./docker-engine.ts";
import { ensureImages } from "./images.ts";

/** Sees that this machine has what a stack needs. Quick, and quiet, when all is there. */
export async function setUp(stack: Stack): Promise<void> {
  if ((stack.config[`${stack.project}:platform`] ?? "local") !== "local") return;
  await ensureDocker();
  await ensureImages();
  await awaitClusters(stack.name);
}
