import type * as pulumi from "@pulumi/pulumi";
import type { WebServiceArgs } from "../components/web-service-args.ts";
import { withHelper } from "../components/development.ts";
import { GoImage, type GoImageArgs } from "../components/go-image.ts";
import { helperSource } from "../components/helper-source.ts";
import type { JobArgs } from "../components/job-args.ts";
import { withoutImage } from "../config/image-settings.ts";
import type { Development } from "../config/development.ts";
import { asServices } from "../config/jobs.ts";
import type { Configuration, JobSettings, PlatformRules, ServiceSettings } from "../config/settings.ts";
import { hasIngress } from "../config/schema/service.ts";
import { serviceDefaults } from "../components/web-service-defaults.ts";
import { standardPorts } from "../components/ports.ts";

export interface DeployedService {
  /** URL for external access; undefined for a service without a host. */
  url?: pulumi.Input<string>;
  /** Addresses of published ports, such as `udp://127.0.0.1:53`, by their names. @default - none */
  addresses?: Record<string, pulumi.Input<string>>;
  /** What others wait for that start after it. */
  resource: pulumi.Resource;
}

/** Where services run. Creating it registers its resources, such as a cluster and a registry. */
export interface Platform {
  /** Where the image of a service is pushed to. */
  registry(service: string): Pick<GoImageArgs, "repository" | "credentials" | "ca" | "plainHttp" | "nodes">;
  /** Where an existing image runs from. @default - from its own registry */
  existingImage?: (name: string, image: string) => pulumi.Input<string>;
  /** Options of every image, such as what it depends on. */
  imageOptions: pulumi.ComponentResourceOptions;
  /** @param after what the service waits for. */
  deploy(name: string, service: ServiceSettings, image: pulumi.Input<string>, after?: pulumi.Resource[]): DeployedService;
  /** @param after what the job waits for. */
  deployJob(name: string, job: JobSettings, image: pulumi.Input<string>, after?: pulumi.Resource[]): pulumi.Resource;
  /** Stack outputs besides URLs and images. */
  outputs: Record<string, pulumi.Input<unknown>>;
}

/** Exports of a platform's module. */
export interface PlatformModule extends PlatformRules {
  /** Defaults of images for this platform and these settings. */
  imageDefaults: (configuration: Configuration) => Pick<GoImageArgs, "compression">;
  /** Says how registries are reached, before anything is built. @default - nothing to say */
  prepare?: (configuration: Configuration) => void;
  /** Checks this machine and the deployment target before anything is changed. Returns problems as finished sentences. */
  preflight: (configuration: Configuration) => Promise<string[]>;
  createPlatform: (configuration: Configuration) => Platform | Promise<Platform>;
}

/** Loads a platform by name, and with it only the SDKs that it needs. */
export function loadPlatform(name: Configuration["platform"]): Promise<PlatformModule> {
  return import(`./${name}/${name}.ts`) as Promise<PlatformModule>;
}

/** Sets the ingress class of Traefik, for platforms that run Traefik. */
export function withTraefik(service: ServiceSettings): ServiceSettings {
  return hasIngress(service) ? { ingressClassName: "traefik", ...service } : service;
}

/** The rollout of a service with the defaults of its platform. A StatefulSet has no `maxSurge`. */
export function rolloutOf({ kind, rollout }: ServiceSettings, { maxSurge, ...defaults }: NonNullable<ServiceSettings["rollout"]>) {
  return { ...(kind !== "stateful" && { maxSurge }), ...defaults, ...rollout };
}

/** URL of a service's first host; undefined if it has none. */
export function urlOf(
  { host, routes = [], tls, expose }: ServiceSettings,
  ports: { http: number; https: number } = standardPorts,
): string | undefined {
  const [first] = [...(host === undefined ? [] : [{ host, path: "/" }]), ...routes];
  if (!first || expose === "none") return undefined;
  const [scheme, port, usual] = tls ? ["https", ports.https, standardPorts.https] : ["http", ports.http, standardPorts.http];
  return `${scheme}://${first.host}${port === usual ? "" : `:${port}`}${first.path ?? "/"}`;
}

/** Arguments of a service's WebService, the same on every Kubernetes platform. */
export function workloadArgs(name: string, { services, jobs }: Pick<Configuration, "services" | "jobs">): Omit<WebServiceArgs, "image"> {
  const { aws: _aws, after: _after, calls = [], ...args } = withoutImage(services[name]!);
  const all = { ...services, ...asServices(jobs) };
  const callers = Object.keys(all).filter((other) => all[other]?.calls?.includes(name));
  return { ...args, network: { ...args.network, callers, destinations: destinationsOf(calls, args.network) } };
}

/**
 * Arguments of a Job, the same on every Kubernetes platform.
 *
 * @param helper for a job that calls services.
 */
export function jobArgs(
  name: string,
  { services, jobs }: Pick<Configuration, "services" | "jobs">,
  helper: HelperImage,
): Omit<JobArgs, "image"> {
  const { aws: _aws, after: _after, calls = [], ...args } = withoutImage(jobs[name]!);
  const addresses = calls.map((service) => `${service}:${services[service]?.port ?? serviceDefaults.port}`);
  const waitFor = addresses.length > 0 ? { image: helper.ref, addresses } : undefined;
  return { ...args, waitFor, network: { ...args.network, destinations: destinationsOf(calls, args.network) } };
}

/** The image of the helper, which is created when it is needed first. */
export class HelperImage {
  private readonly create: () => GoImage;
  private image: GoImage | undefined;

  constructor(
    registry: Platform["registry"],
    { supplyChain, platforms }: Pick<Configuration, "supplyChain"> & { platforms?: string[] | undefined },
    opts: pulumi.ComponentResourceOptions,
  ) {
    this.create = () => new GoImage(helperName, { source: helperSource, platforms, ...supplyChain, ...registry(helperName) }, opts);
  }

  get ref(): pulumi.Output<string> {
    this.image ??= this.create();
    return this.image.ref;
  }

  /** Options for a service whose program `slipway dev` replaces in place. */
  ifDeveloped(
    service: string,
    { services }: Development,
    asPulled: (image: pulumi.Output<string>) => pulumi.Input<string> = (image) => image,
  ): pulumi.ComponentResourceOptions {
    return services.includes(service) ? withHelper(asPulled(this.ref)) : {};
  }

  /** The stack's output, so that the image counts as in use. */
  get outputs(): { helper?: pulumi.Output<string> } {
    return this.image ? { helper: this.image.ref } : {};
  }
}

/** Name of the helper's image. */
export const helperName = "slipway-helper";

function destinationsOf(calls: string[], network: ServiceSettings["network"]) {
  return [...(network?.destinations ?? []), ...calls.map((service) => ({ service }))];
}
