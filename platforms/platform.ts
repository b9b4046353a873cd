import type * as pulumi from "@pulumi/pulumi";
import type { GoImageArgs } from "../components/go-image.ts";
import type { WebServiceArgs } from "../components/web-service-args.ts";
import type { Configuration, PlatformRules, ServiceSettings } from "../config/settings.ts";

export interface DeployedService {
  /** Where the outside reaches it; absent for a service without a host. */
  url?: pulumi.Input<string>;
}

/** A place where services run. Making it registers what it consists of: a cluster, a registry. */
export interface Platform {
  /** Where the image of a service goes to. */
  registry(service: string): Pick<GoImageArgs, "repository" | "credentials">;
  /** What an image must wait for before it is pushed. */
  imageOptions: pulumi.ComponentResourceOptions;
  deploy(name: string, service: ServiceSettings, image: pulumi.Input<string>): DeployedService;
  /** What the stack outputs beside URLs and images. */
  outputs: Record<string, pulumi.Input<unknown>>;
}

/** What the module of a platform exports. */
export interface PlatformModule extends PlatformRules {
  /** How images for this platform are made. */
  imageDefaults: Pick<GoImageArgs, "compression">;
  /** What must hold on this machine, and where it deploys to, before anything is changed; the problems, in words. */
  preflight: (configuration: Configuration) => Promise<string[]>;
  createPlatform: (configuration: Configuration) => Platform | Promise<Platform>;
}

/** Loads a platform by name; only then are the SDKs that it needs. */
export function loadPlatform(name: Configuration["platform"]): Promise<PlatformModule> {
  return import(`./${name}/${name}.ts`) as Promise<PlatformModule>;
}

/** Where the outside reaches a service, by the first of its hosts, if by any. */
export function urlOf({ host, routes = [], tls, expose }: ServiceSettings, ports = { http: 80, https: 443 }): string | undefined {
  const [first] = [...(host === undefined ? [] : [{ host, path: "/" }]), ...routes];
  if (!first || expose === "none") return undefined;
  const [scheme, port, usual] = tls ? ["https", ports.https, 443] : ["http", ports.http, 80];
  return `${scheme}://${first.host}${port === usual ? "" : `:${port}`}${first.path ?? "/"}`;
}

/** What a service's settings say of its workload, with who calls it: the same wherever it is Kubernetes that runs it. */
export function workloadArgs(name: string, services: Configuration["services"]): Omit<WebServiceArgs, "image"> {
  const {
    source: _source,
    image: _image,
    builder: _builder,
    package: _package,
    platforms: _platforms,
    aws: _aws,
    calls = [],
    ...args
  } = services[name]!;
  const callers = Object.keys(services).filter((other) => services[other]?.calls?.includes(name));
  const destinations = [...(args.network?.destinations ?? []), ...calls.map((service) => ({ service }))];
  return { ...args, network: { ...args.network, callers, destinations } };
}
