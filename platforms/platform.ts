import type * as pulumi from "@pulumi/pulumi";
import type { GoImageArgs } from "../components/go-image.ts";
import type { WebServiceArgs } from "../components/web-service-args.ts";
import type { Problem } from "../lib/problem.ts";
import type { Configuration, PlatformSettings, ServiceSettings } from "../config/load.ts";
import { hasIngress } from "../config/schema/service.ts";

export interface DeployedService {
  /** URL for external access; undefined for a service without a host. */
  url?: pulumi.Input<string>;
}

/** Where services run. Creating it registers its resources, such as a cluster and a registry. */
export interface Platform {
  /** Where the image of a service is pushed to. */
  registry(service: string): Pick<GoImageArgs, "repository" | "credentials">;
  /** Options of every image, such as what it depends on. */
  imageOptions: pulumi.ComponentResourceOptions;
  deploy(name: string, service: ServiceSettings, image: pulumi.Input<string>): DeployedService;
  /** Stack outputs besides URLs and images. */
  outputs: Record<string, pulumi.Input<unknown>>;
}

/** Exports of a platform's module. */
export interface PlatformModule {
  /** Adds the platform's defaults to a service. */
  withDefaults: (service: ServiceSettings, settings: PlatformSettings) => ServiceSettings;
  /** Rules of this platform, beyond those of all platforms. Pure. */
  problemsWith: (settings: PlatformSettings, services: Configuration["services"]) => Problem[];
  /** Whether a stack may have no services, because the services of other stacks use it. @default false */
  mayBeEmpty?: boolean;
  /** Defaults of images for this platform. */
  imageDefaults: Pick<GoImageArgs, "compression">;
  /** Checks this machine and the deployment target before anything is changed. Returns problems as finished sentences. */
  preflight: (configuration: Configuration) => Promise<string[]>;
  createPlatform: (configuration: Configuration) => Platform | Promise<Platform>;
}

/** Loads a platform by name, and with it only the SDKs that it needs. */
export function loadPlatform(name: Configuration["platform"]): Promise<PlatformModule> {
  return import(`./${name}/${name}.ts`) as Promise<PlatformModule>;
}

/** Services with settings for AWS, on a platform without AWS. */
export function problemsWithAws(services: Configuration["services"]): Problem[] {
  const withAws = Object.entries(services).filter(([, { aws }]) => aws !== undefined);
  return withAws.map(([name]) => ({ path: ["services", name, "aws"], message: "only the platform eks supports this key. Remove it" }));
}

/** Sets the ingress class of Traefik, for platforms that run Traefik. */
export function withTraefik(service: ServiceSettings): ServiceSettings {
  return hasIngress(service) ? { ingressClassName: "traefik", ...service } : service;
}

/** URL of a service's first host; undefined if it has none. */
export function urlOf({ host, routes = [], tls, expose }: ServiceSettings, ports = { http: 80, https: 443 }): string | undefined {
  const [first] = [...(host === undefined ? [] : [{ host, path: "/" }]), ...routes];
  if (!first || expose === "none") return undefined;
  const [scheme, port, usual] = tls ? ["https", ports.https, 443] : ["http", ports.http, 80];
  return `${scheme}://${first.host}${port === usual ? "" : `:${port}`}${first.path ?? "/"}`;
}

/** Arguments of a service's WebService, the same on every Kubernetes platform. */
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
