import type { GoImageArgs } from "../components/go-image.ts";
import { ImageBuilder } from "../components/image-builder.ts";
import type { Configuration } from "./settings.ts";

/** How the images of services and jobs are built that have a source, by their names. */
export function imageSources(
  { services, jobs, supplyChain: { attest, sign, vulnerabilities = {} } }: Pick<Configuration, "services" | "jobs" | "supplyChain">,
  defaults: Pick<GoImageArgs, "compression">,
): Map<string, Omit<GoImageArgs, "repository">> {
  const sources = new Map<string, Omit<GoImageArgs, "repository">>();
  for (const [name, { source, builder, dockerfile, build: options, package: goPackage, platforms, version }] of Object.entries({
    ...services,
    ...jobs,
  })) {
    const labels = { "org.opencontainers.image.title": name };
    const exceptions = (builder === ImageBuilder.Dockerfile ? [] : (vulnerabilities.exceptions ?? []))
      .filter(({ services: of }) => of?.includes(name) ?? true)
      .map(({ services: _services, ...exception }) => exception);
    const attestAll = { ...attest, ...(exceptions.length > 0 && { exceptions }) };
    const hasAny = Object.keys(attestAll).length > 0;
    const supplyChain = { ...(hasAny && { attest: attestAll }), ...(sign && { sign }) };
    const build = { builder, dockerfile, build: options, package: goPackage, platforms, version, labels, ...supplyChain };
    if (source !== undefined) sources.set(name, { ...defaults, source, ...build });
  }
  return sources;
}
