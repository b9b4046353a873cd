import type { GoImageArgs } from "../components/go-image.ts";
import type { Configuration } from "./settings.ts";

/** How the images of services and jobs are built that have a source, by their names. */
export function imageSources(
  { services, jobs, supplyChain: { attest, sign } }: Pick<Configuration, "services" | "jobs" | "supplyChain">,
  defaults: Pick<GoImageArgs, "compression">,
): Map<string, Omit<GoImageArgs, "repository">> {
  const sources = new Map<string, Omit<GoImageArgs, "repository">>();
  for (const [name, { source, builder, dockerfile, build: options, package: goPackage, platforms, version }] of Object.entries({
    ...services,
    ...jobs,
  })) {
    const labels = { "org.opencontainers.image.title": name };
    const supplyChain = { ...(attest && { attest }), ...(sign && { sign }) };
    const build = { builder, dockerfile, build: options, package: goPackage, platforms, version, labels, ...supplyChain };
    if (source !== undefined) sources.set(name, { ...defaults, source, ...build });
  }
  return sources;
}
