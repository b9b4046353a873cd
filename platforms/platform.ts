import type * as pulumi from "@pulumi/pulumi";
import type { Configuration, ServiceSettings } from "../config.ts";

export interface DeployedService {
  /** Where the outside reaches it; absent for a service without a host. */
  url?: pulumi.Input<string>;
}

/** A place where services run. Making it registers what it consists of: a cluster, a registry. */
export interface Platform {
  /** Repository that the image of a service goes to. */
  repository(service: string): pulumi.Input<string>;
  /** What an image must wait for before it is pushed. */
  imageOptions: pulumi.ComponentResourceOptions;
  deploy(name: string, service: ServiceSettings, image: pulumi.Input<string>): DeployedService;
  /** What the stack outputs beside URLs and images. */
  outputs: Record<string, pulumi.Input<unknown>>;
}

/** What the module of a platform exports. */
export interface PlatformModule {
  /** How images for this platform are made. */
  imageDefaults: { compression?: "gzip" | "none" };
  /** What must hold on this machine before anything is changed; the problems, in words. */
  preflight: (configuration: Configuration) => Promise<string[]>;
  createPlatform: (configuration: Configuration) => Platform;
}

/** Loads a platform by name; only then are the SDKs that it needs. */
export function loadPlatform(name: Configuration["platform"]): Promise<PlatformModule> {
  return import(`./${name}.ts`) as Promise<PlatformModule>;
}
