import type * as pulumi from "@pulumi/pulumi";
import { GoImage, type GoImageArgs } from "./components/go-image.ts";
import { throwIfAny } from "./lib/problem.ts";
import { loadConfiguration } from "./config/load.ts";
import { loadPlatform } from "./platforms/platform.ts";

/**
 * config → platform → image → service → outputs
 *
 * With `checked: false` it asks neither this machine nor where it deploys to whether it can be done: to see what it consists of.
 */
export default async function slipway({ checked = true } = {}) {
  const configuration = await loadConfiguration(loadPlatform);
  const { stack, services } = configuration;
  const { imageDefaults, preflight, createPlatform } = await loadPlatform(configuration.platform);

  const sources = new Map<string, Omit<GoImageArgs, "repository">>();
  for (const [name, { source, builder, dockerfile, package: goPackage, platforms, version }] of Object.entries(services)) {
    const labels = { "org.opencontainers.image.title": name };
    const build = { builder, dockerfile, package: goPackage, platforms, version, labels };
    if (source !== undefined) sources.set(name, { ...imageDefaults, source, ...build });
  }

  // Whatever can fail on this machine does so before anything is changed.
  const compile = async () => {
    for (const source of sources.values()) await GoImage.compile(source);
  };
  const [problems, compiled] = await Promise.allSettled([checked ? preflight(configuration) : [], compile()]);
  if (problems.status === "rejected") throw problems.reason;
  throwIfAny(problems.value, `Stack "${stack}" cannot be deployed:`);
  if (compiled.status === "rejected") throw compiled.reason;

  const platform = await createPlatform(configuration);
  const images: Record<string, pulumi.Input<string>> = {};
  const urls: Record<string, pulumi.Input<string>> = {};
  for (const [name, service] of Object.entries(services)) {
    const source = sources.get(name);
    const image = source ? new GoImage(name, { ...source, ...platform.registry(name) }, platform.imageOptions).ref : String(service.image);
    const { url } = platform.deploy(name, service, image);
    images[name] = image;
    if (url !== undefined) urls[name] = url;
  }
  return { urls, images, ...platform.outputs };
}
