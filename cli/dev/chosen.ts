import { resolve } from "node:path";
import type { GoImage } from "../../components/go-image.ts";
import { ImageBuilder } from "../../components/image-builder.ts";
import { imageSources } from "../../config/image-sources.ts";
import type { Configuration } from "../../config/settings.ts";
import { UserError } from "../../lib/user-error.ts";
import { loadPlatform } from "../../platforms/platform.ts";

/** The services of a session. */
export interface Chosen {
  /** Services whose programs are replaced in place. */
  inPlace: Map<string, Parameters<typeof GoImage.build>[0]>;
  /** Services that are deployed again after a change, with the reason. */
  deployed: Map<string, { folder: string; why: string }>;
}

/**
 * Which services are developed, and how.
 *
 * @param names of the wanted ones. If there are none, all that have a source.
 * @throws UserError that names those that cannot be.
 */
export async function chosenServices(configuration: Configuration, names: string[]): Promise<Chosen> {
  const { imageDefaults } = await loadPlatform(configuration.platform);
  const sources = imageSources(configuration, imageDefaults(configuration));
  const all = Object.keys(configuration.services).filter((name) => sources.has(name));
  const problems = names.flatMap((name) => {
    if (!(name in configuration.services)) return `there is no service "${name}". Services with a source: ${all.join(", ") || "none"}.`;
    return sources.has(name) ? [] : `the service "${name}" has no source: its image is "${configuration.services[name]!.image}".`;
  });
  if (problems.length > 0) throw new UserError(`slipway dev: ${problems.join("\n  ")}`);
  if (all.length === 0) throw new UserError(`Stack "${configuration.stack}" has no service with a source, so there is nothing to develop.`);
  const chosen: Chosen = { inPlace: new Map(), deployed: new Map() };
  for (const name of names.length > 0 ? names : all) {
    const args = sources.get(name)!;
    const { command } = configuration.services[name]!;
    const why =
      args.builder === ImageBuilder.Dockerfile
        ? "it is built from a Dockerfile"
        : command !== undefined && command[0] !== "/app"
          ? `its command is ${command[0]}, not the program`
          : undefined;
    if (why === undefined) chosen.inPlace.set(name, args);
    else chosen.deployed.set(name, { folder: resolve(args.source), why });
  }
  return chosen;
}
