import { enableCompileCache } from "node:module";
import { cacheFolder } from "./lib/cache-folder.ts";
import type { SlipwayOutputs } from "./program.ts";

export type { SlipwayOutputs } from "./program.ts";

/**
 * The program: config → platform → image → service or job → outputs. It deploys what the file of the current stack describes.
 *
 * @returns what the stack exports: the images and URLs of services, and what belongs to the platform
 * @throws UserError with everything that is wrong with the stack file, or that this machine or the platform lacks
 */
export default async function slipway(): Promise<SlipwayOutputs> {
  // `pulumi` starts Node.js without a cache, and loading the program takes much of the time of an unchanged preview.
  enableCompileCache(cacheFolder("node-compile-cache"));
  await import("./lib/lazy-packages.ts");
  const { default: program } = await import("./program.ts");
  return program();
}
