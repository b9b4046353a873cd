import { isMap } from "../lib/property-path.ts";
import { withoutImage } from "./image-settings.ts";
import type { LockFile } from "./lock-file.ts";

/**
 * Gives services and jobs with a source the images that were promoted to the stack: nothing is built for them.
 *
 * @param given names whose images come from SLIPWAY_IMAGES, which count before
 */
export function usePromotedImages(input: Record<string, unknown>, { promoted = {} }: Pick<LockFile, "promoted">, given: string[]): void {
  for (const root of ["services", "jobs"])
    for (const [name, one] of Object.entries(isMap(input[root]) ? input[root] : {})) {
      const image = Object.hasOwn(promoted, name) ? promoted[name]!.image : undefined;
      if (image === undefined || given.includes(name) || !isMap(one) || one["source"] === undefined) continue;
      (input[root] as Record<string, unknown>)[name] = { ...withoutImage(one), image };
    }
}
