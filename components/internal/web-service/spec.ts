import type * as pulumi from "@pulumi/pulumi";
import { withDefaults } from "../../../lib/defaults.ts";
import { SecurityLevel } from "../../../lib/security-level.ts";
import { formatBytes, parseQuantity } from "../../../lib/quantity.ts";
import { knownIngressClass, type KnownIngressClass } from "./ingress-classes.ts";
import { resolveSecurity, type Security } from "../../security.ts";
import type {
  AutoscalingArgs,
  Exposure,
  ProbeArgs,
  ProbeKind,
  PublishArgs,
  ResourcesArgs,
  RolloutArgs,
  RouteArgs,
  ShutdownArgs,
  TopologySpread,
  WebServiceArgs,
  WorkloadKind,
} from "../../web-service-args.ts";
import { graceMarginSeconds, serviceDefaults as defaults, writableRootSize } from "../../web-service-defaults.ts";

/**
 * What forwards external requests to the service, as it is usually installed; undefined if it is not known. An existing
 * Gateway is taken for one of Traefik.
 */
export function usualController(args: WebServiceArgs): KnownIngressClass | undefined {
  if (args.expose !== "gateway") return knownIngressClass(args.ingressClassName ?? "traefik");
  return gatewayClassOf(args) === "traefik" ? knownIngressClass("traefik") : undefined;
}

/** The GatewayClass of the service's Gateway. */
export function gatewayClassOf({ gateway }: WebServiceArgs): string {
  return typeof gateway?.className === "string" ? gateway.className : "traefik";
}

/** Name of the main port. */
export const mainPort = "http";

/** The arguments of a WebService with every default filled in. */
export interface WebServiceSpec extends WebServiceArgs {
  name: string;
  kind: WorkloadKind;
  port: pulumi.Input<number>;
  ports: Record<string, number>;
  publish: Record<string, PublishedPort>;
  /** Undefined if autoscaling decides. */
  replicas: pulumi.Input<number> | undefined;
  autoscaling: (Required<Omit<AutoscalingArgs, "memory" | "cpu">> & Pick<AutoscalingArgs, "memory" | "cpu">) | undefined;
  /** Whether there may be more than one replica. */
  several: boolean;
  access: Security;
  rollout: Required<RolloutArgs>;
  maxUnavailable: number;
  topologySpread: TopologySpread;
  probes: Record<"startup" | "readiness" | "liveness", Required<ProbeArgs>> & { kind: ProbeKind; command: string[] };
  shutdown: Required<ShutdownArgs>;
  resources: Required<Omit<ResourcesArgs, "cpuLimit">> & Pick<ResourcesArgs, "cpuLimit">;
  expose: Exposure;
  awaitAddress: boolean;
  connectRetries: number;
  routes: Required<RouteArgs>[];
}

/** A port of `publish` with its defaults. */
export type PublishedPort = Required<Omit<PublishArgs, "sourceRanges">> & Pick<PublishArgs, "sourceRanges">;

function resolvePublish({ publish = {}, port = defaults.port, ports = {} }: WebServiceArgs): WebServiceSpec["publish"] {
  const named: Record<string, pulumi.Input<number>> = { ...ports, [mainPort]: port };
  return Object.fromEntries(
    Object.entries(publish).map(([name, args]) => [
      name,
      { ...args, protocol: args.protocol ?? defaults.protocol, targetPort: args.targetPort ?? named[name] ?? args.port },
    ]),
  );
}

/** Fills in the defaults. */
export function resolve(name: string, args: WebServiceArgs): WebServiceSpec {
  const { autoscaling, shutdown = {}, probes = {} } = args;
  const { sleepSeconds, drainSeconds } = withDefaults(defaults.shutdown, shutdown);
  const { cpu, ...scaling } = defaults.autoscaling;
  const replicas = autoscaling ? undefined : (args.replicas ?? defaults.replicas);
  const routes = [...(args.host === undefined ? [] : [{ host: args.host }]), ...(args.routes ?? [])];
  return {
    ...args,
    name,
    access: resolveSecurity(args),
    kind: args.kind ?? defaults.kind,
    port: args.port ?? defaults.port,
    ports: args.ports ?? {},
    publish: resolvePublish(args),
    replicas,
    autoscaling: autoscaling && withDefaults({ ...scaling, ...(autoscaling.memory === undefined && { cpu }) }, autoscaling),
    several: autoscaling ? autoscaling.maxReplicas > 1 : typeof replicas !== "number" || replicas > 1,
    rollout: withDefaults(defaults.rollout, args.rollout),
    maxUnavailable: args.maxUnavailable ?? defaults.maxUnavailable,
    topologySpread: args.topologySpread ?? defaults.topologySpread,
    probes: {
      kind: probes.kind ?? defaults.probeKind,
      command: probes.command ?? [],
      startup: withDefaults(defaults.probes.startup, probes.startup),
      readiness: withDefaults(defaults.probes.readiness, probes.readiness),
      liveness: withDefaults(defaults.probes.liveness, probes.liveness),
    },
    shutdown: {
      sleepSeconds,
      drainSeconds,
      gracePeriodSeconds: shutdown.gracePeriodSeconds ?? sleepSeconds + drainSeconds + graceMarginSeconds,
    },
    resources: resolveResources(args),
    expose: args.expose ?? (routes.length > 0 ? "ingress" : "none"),
    awaitAddress:
      args.awaitAddress ?? (args.ingressClassName === undefined || knownIngressClass(args.ingressClassName)?.publishesAddress === true),
    connectRetries: args.connectRetries ?? defaults.connectRetries,
    routes: routes.map(({ host, path = defaults.routePath }) => ({ host, path })),
  };
}

function resolveResources({ resources = {}, volumes = {}, security }: WebServiceArgs): WebServiceSpec["resources"] {
  const emptyDirs = Object.values(volumes).map(({ kind, size }) => (kind === "emptyDir" ? (parseQuantity(size) ?? 0) : 0));
  const isWritable = security?.level === SecurityLevel.Baseline && !security.readOnlyRootFilesystem;
  const ofRoot = isWritable && resources.ephemeralStorageLimit === undefined ? writableRootSize : defaults.resources.ephemeralStorage;
  const withEmptyDirs = formatBytes(emptyDirs.reduce((a, b) => a + b, parseQuantity(ofRoot)!));
  const { cpu, memory, ephemeralStorage } = withDefaults({ ...defaults.resources, ephemeralStorage: withEmptyDirs }, resources);
  return {
    cpu,
    cpuLimit: resources.cpuLimit,
    memory,
    memoryLimit: resources.memoryLimit ?? memory,
    ephemeralStorage,
    ephemeralStorageLimit: resources.ephemeralStorageLimit ?? ephemeralStorage,
  };
}
