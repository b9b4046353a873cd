import type * as pulumi from "@pulumi/pulumi";
import type { GoImageArgs } from "../components/go-image.ts";
import type { WebServiceArgs } from "../components/web-service-args.ts";
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
  imageDefaults: Pick<GoImageArgs, "compression">;
  /** What must hold on this machine before anything is changed; the problems, in words. */
  preflight: (configuration: Configuration) => Promise<string[]>;
  createPlatform: (configuration: Configuration) => Platform;
}

/** Loads a platform by name; only then are the SDKs that it needs. */
export function loadPlatform(name: Configuration["platform"]): Promise<PlatformModule> {
  return import(`./${name}.ts`) as Promise<PlatformModule>;
}

/** What a service's settings say of its workload, with who calls it: the same wherever it is Kubernetes that runs it. */
export function workloadArgs(name: string, services: Configuration["services"]): Omit<WebServiceArgs, "image"> {
  const {
    source: _source,
    image: _image,
    builder: _builder,
    package: _package,
    platforms: _platforms,
    calls = [],
    ...args
  } = services[name]!;
  const callers = Object.keys(services).filter((other) => services[other]?.calls?.includes(name));
  const destinations = [...(args.network?.destinations ?? []), ...calls.map((service) => ({ service }))];
  return { ...args, network: { ...args.network, callers, destinations } };
}
