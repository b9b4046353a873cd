import { nonRootUid } from "../lib/non-root.ts";
import type { ProbeArgs } from "./web-service-args.ts";

/** Share of the memory limit that Go's garbage collector gets as GOMEMLIMIT; the rest is for memory that it does not manage. */
export const goMemoryShare = 0.9;

/** Seconds that the grace period adds to `sleepSeconds` and `drainSeconds`. */
export const graceMarginSeconds = 5;

/** Default of `resources.ephemeralStorage` for a program that can write to its root file system. */
export const writableRootSize = "1Gi";

/** Defaults of a service. Each is written only here: the components, the schema of stack files and the docs take them from here. */
export const serviceDefaults = {
  kind: "stateless",
  user: nonRootUid,
  port: 8080,
  protocol: "TCP",
  replicas: 2,
  maxUnavailable: 1,
  topologySpread: "preferred",
  connectRetries: 10,
  autoscaling: { minReplicas: 2, cpu: 70, scaleDownSeconds: 300, scaleUpSeconds: 0 },
  rollout: { maxSurge: "25%", minReadySeconds: 5, progressDeadlineSeconds: 120 },
  probeKind: "http",
  probes: {
    startup: { path: "/healthz", port: "http", periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
    readiness: { path: "/readyz", port: "http", periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
    liveness: { path: "/healthz", port: "http", periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
  } satisfies Record<string, Required<ProbeArgs>>,
  shutdown: { sleepSeconds: 10, drainSeconds: 25 },
  resources: { cpu: "50m", memory: "64Mi", ephemeralStorage: "64Mi" },
  routePath: "/",
  accessMode: "ReadWriteOnce",
  gateway: { httpPort: 80, httpsPort: 443 },
} as const;
