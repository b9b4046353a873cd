import type * as pulumi from "@pulumi/pulumi";
import type {
  AutoscalingArgs,
  Exposure,
  PeerArgs,
  ProbeArgs,
  ProbeKind,
  ResourcesArgs,
  RolloutArgs,
  RouteArgs,
  ShutdownArgs,
  TopologySpread,
  WebServiceArgs,
  WorkloadKind,
} from "../../web-service-args.ts";
import { formatBytes, parseQuantity } from "../../../lib/quantity.ts";
import { nonRoot } from "../non-root.ts";

/** The ingress classes of whose controllers is known how they redirect, see controllers.ts, and that they publish addresses. */
export const knownIngressClasses = ["traefik", "nginx", "alb"];

/** The pods of ingress controllers by class, where their usual installation puts them. A cloud's load balancer is no pod. */
export const ingressControllers: Partial<Record<string, PeerArgs>> = {
  traefik: { namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } },
  nginx: { namespace: "ingress-nginx", podLabels: { "app.kubernetes.io/name": "ingress-nginx" } },
};

/** The arguments of a WebService with every default filled in. */
export interface WebServiceSpec extends WebServiceArgs {
  name: string;
  kind: WorkloadKind;
  port: pulumi.Input<number>;
  ports: Record<string, number>;
  /** Undefined where autoscaling decides. */
  replicas: pulumi.Input<number> | undefined;
  autoscaling: (Required<Omit<AutoscalingArgs, "memory" | "cpu">> & Pick<AutoscalingArgs, "memory" | "cpu">) | undefined;
  /** Whether there may be more than one pod. */
  several: boolean;
  user: number;
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

/** Fills in the defaults, each in this one place. */
export function resolve(name: string, args: WebServiceArgs): WebServiceSpec {
  const { autoscaling, shutdown = {}, rollout = {}, probes = {} } = args;
  const { sleepSeconds = 10, drainSeconds = 25 } = shutdown;
  const replicas = autoscaling ? undefined : (args.replicas ?? 2);
  const routes = [...(args.host === undefined ? [] : [{ host: args.host }]), ...(args.routes ?? [])];
  const probe = (given: ProbeArgs | undefined, defaults: Partial<ProbeArgs>): Required<ProbeArgs> => ({
    path: "/healthz",
    port: "http",
    periodSeconds: 10,
    timeoutSeconds: 2,
    failureThreshold: 3,
    ...defaults,
    ...given,
  });
  return {
    ...args,
    name,
    user: args.user ?? nonRoot,
    kind: args.kind ?? "stateless",
    port: args.port ?? 8080,
    ports: args.ports ?? {},
    replicas,
    autoscaling: autoscaling && {
      minReplicas: 2,
      scaleDownSeconds: 300,
      scaleUpSeconds: 0,
      ...(autoscaling.memory === undefined && { cpu: 70 }),
      ...autoscaling,
    },
    several: autoscaling ? autoscaling.maxReplicas > 1 : typeof replicas !== "number" || replicas > 1,
    rollout: { maxSurge: "25%", minReadySeconds: 5, progressDeadlineSeconds: 120, ...rollout },
    maxUnavailable: args.maxUnavailable ?? 1,
    topologySpread: args.topologySpread ?? "preferred",
    probes: {
      kind: probes.kind ?? "http",
      command: probes.command ?? [],
      startup: probe(probes.startup, { periodSeconds: 1, failureThreshold: 60 }),
      readiness: probe(probes.readiness, { path: "/readyz", periodSeconds: 2 }),
      liveness: probe(probes.liveness, { timeoutSeconds: 5 }),
    },
    shutdown: { sleepSeconds, drainSeconds, gracePeriodSeconds: shutdown.gracePeriodSeconds ?? sleepSeconds + drainSeconds + 5 },
    resources: resolveResources(args),
    expose: args.expose ?? (routes.length > 0 ? "ingress" : "none"),
    awaitAddress: args.awaitAddress ?? (args.ingressClassName === undefined || knownIngressClasses.includes(args.ingressClassName)),
    connectRetries: args.connectRetries ?? 10,
    routes: routes.map(({ host, path = "/" }) => ({ host, path })),
  };
}

function resolveResources({ resources = {}, volumes = {} }: WebServiceArgs): WebServiceSpec["resources"] {
  const sizes = Object.values(volumes).map(({ kind, size }) => (kind === "emptyDir" ? (parseQuantity(size) ?? 0) : 0));
  const withVolumes = (mebibytes: number) => formatBytes(sizes.reduce((a, b) => a + b, mebibytes * 2 ** 20));
  const { cpu = "50m", memory = "64Mi", ephemeralStorage = withVolumes(64) } = resources;
  return {
    cpu,
    cpuLimit: resources.cpuLimit,
    memory,
    memoryLimit: resources.memoryLimit ?? memory,
    ephemeralStorage,
    ephemeralStorageLimit: resources.ephemeralStorageLimit ?? ephemeralStorage,
  };
}
