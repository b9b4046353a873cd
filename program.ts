import { setImmediate as turn } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { inDevelopment } from "./components/development.ts";
import { GoImage } from "./components/go-image.ts";
import { throwIfAny } from "./lib/problem.ts";
import type { Configuration } from "./config/settings.ts";
import { imageSources } from "./config/image-sources.ts";
import { inOrder } from "./config/jobs.ts";
import { missingDatabase, unverifiedImages } from "./config/required-attestations.ts";
import { requiresScans } from "./config/scans.ts";
import { loadConfiguration } from "./config/load.ts";
import { isPreflightOff } from "./lib/preflight.ts";
import type { VulnerabilityRecord } from "./lib/vulnerabilities/record.ts";
import { loadPlatform } from "./platforms/platform.ts";

/** What a stack exports. */
export interface SlipwayOutputs {
  /** URLs of the services with a host, by service. */
  urls: Record<string, pulumi.Input<string>>;
  /** Addresses of published ports, such as `tcp://127.0.0.1:5432`, by service and by the name in `publish`. Missing if there are none. */
  addresses?: Record<string, Record<string, pulumi.Input<string>>>;
  /** Images by digest, by service. */
  images: Record<string, pulumi.Input<string>>;
  /** Images by digest, by job. Missing if there are none. */
  jobs?: Record<string, pulumi.Input<string>>;
  /** Known vulnerabilities, by service and job, to compare the next deployment with. Only if the stack requires scans. */
  vulnerabilities?: pulumi.Input<Record<string, VulnerabilityRecord>>;
  /** What belongs to the platform, such as `kubeconfig`. */
  [ofPlatform: string]: unknown;
}

/** Services whose resources are registered at a time. Those of 1,000 at once need three times the memory. */
const batchSize = 20;

/** The program itself, which start.ts loads. */
export default async function slipway(): Promise<SlipwayOutputs> {
  const configuration = developed(await loadConfiguration(loadPlatform));
  const { stack, services, jobs } = configuration;
  const { imageDefaults, prepare, preflight, createPlatform } = await loadPlatform(configuration.platform);

  const sources = imageSources(configuration, imageDefaults(configuration));

  // Whatever can fail on this machine does so before anything is changed.
  prepare?.(configuration);
  const { signal, abort } = abortable();
  const compile = async () => {
    for (const source of sources.values()) await GoImage.compile(source, signal);
  };
  // Problems that the preflight finds are reported without waiting for the compiler.
  const problems = async () =>
    (await Promise.all([preflight(configuration), unverifiedImages(configuration), missingDatabase(configuration)])).flat();
  const check = async () => throwIfAny(isPreflightOff() ? [] : await problems(), `Stack "${stack}" cannot be deployed:`);
  for (const result of await Promise.allSettled([check().catch(abort), compile()])) if (result.status === "rejected") throw result.reason;

  // While the stack is deployed.
  const scanned = requiresScans(configuration.supplyChain) && !isPreflightOff() ? scan(sources) : undefined;
  const platform = await createPlatform(configuration);
  const imageOf = (name: string, existing = "") => {
    const source = sources.get(name);
    if (source) return new GoImage(name, { ...source, ...platform.registry(name) }, platform.imageOptions).ref;
    return platform.existingImage?.(name, existing) ?? existing;
  };
  const images: Record<string, pulumi.Input<string>> = {};
  const jobImages: Record<string, pulumi.Input<string>> = {};
  const urls: Record<string, pulumi.Input<string>> = {};
  const addresses: Record<string, Record<string, pulumi.Input<string>>> = {};
  const deployed: Record<string, pulumi.Resource> = {};
  const order = inOrder(Object.fromEntries(Object.entries({ ...services, ...jobs }).map(([name, { after = [] }]) => [name, after])));
  for (const [i, name] of order.entries()) {
    if (i % batchSize === batchSize - 1) await turn();
    const [service, job] = [services[name], jobs[name]];
    const image = imageOf(name, (service ?? job)!.image);
    const after = ((service ?? job)!.after ?? []).map((other) => deployed[other]!);
    if (job) {
      jobImages[name] = image;
      deployed[name] = platform.deployJob(name, job, image, after);
      continue;
    }
    const { url, addresses: published = {}, resource } = platform.deploy(name, service!, image, after);
    images[name] = image;
    deployed[name] = resource;
    if (url !== undefined) urls[name] = url;
    if (Object.keys(published).length > 0) addresses[name] = published;
  }
  const hasAddresses = Object.keys(addresses).length > 0;
  return {
    urls,
    ...(hasAddresses && { addresses }),
    images,
    ...(Object.keys(jobs).length > 0 && { jobs: jobImages }),
    ...(scanned && { vulnerabilities: scanned }),
    ...platform.outputs,
  };
}

async function scan(sources: ReturnType<typeof imageSources>): Promise<Record<string, VulnerabilityRecord>> {
  const { vulnerabilityRecords } = await import("./config/go-scans.ts");
  return vulnerabilityRecords(sources);
}

/** A signal, and a handler of errors that sets it and passes the error on. */
function abortable() {
  const controller = new AbortController();
  const abort = (reason: unknown): never => {
    controller.abort();
    throw reason;
  };
  return { signal: controller.signal, abort };
}

/** The configuration in which the helper runs the programs that `slipway dev` replaces in place. */
function developed(configuration: Configuration): Configuration {
  const { development } = configuration;
  const services = Object.entries(configuration.services).map(([name, service]) => [
    name,
    development.services.includes(name) ? inDevelopment(name, service, development) : service,
  ]);
  return { ...configuration, services: Object.fromEntries(services) };
}
