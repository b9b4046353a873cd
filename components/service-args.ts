// Generated from config/schema/service.ts and job.ts by `npm run fix`.
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ConcurrencyPolicy } from "./concurrency-policy.ts";
import type { SecurityLevel } from "../lib/security-level.ts";
import type {
  AccessMode,
  Exposure,
  ProbeKind,
  Protocol,
  TolerationEffect,
  TolerationOperator,
  TopologySpread,
  VolumeKind,
  WorkloadKind,
} from "./web-service-enums.ts";

type Input<T> = pulumi.Input<T>;

/** What the program may do on its node. */
export interface SecurityArgs {
  /**
   * restricted: no root, no capabilities, and a read-only root file system. baseline allows root, the capabilities below and a writable root file system, and requires a reason.
   *
   * @default "restricted"
   */
  level?: SecurityLevel;
  /**
   * Why the service needs the level baseline. The scorecard and the report show it.
   *
   * @default - none, at level restricted.
   */
  reason?: string;
  /**
   * Linux capabilities, at level baseline: AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID, SYS_CHROOT.
   *
   * @default - CHOWN, DAC_OVERRIDE, FOWNER, KILL, NET_BIND_SERVICE, SETGID, SETUID for root and the image's user, otherwise none.
   */
  capabilities?: string[];
  /**
   * Whether the program can write to volumes only. false requires level baseline.
   *
   * @default - true at level restricted, false at level baseline.
   */
  readOnlyRootFilesystem?: boolean;
}

/** Ports, by name, that clients outside the stack reach directly over TCP or UDP. HTTP needs only a host. */
export interface PublishArgs {
  /** Port that clients connect to: on the machine, or on the load balancer. */
  port: number;
  /**
   * Port that the program listens on.
   *
   * @default - `port` for the name http, the port of the same name in `ports`, otherwise the published port.
   */
  targetPort?: Input<number>;
  /**
   * Transport protocol: TCP or UDP.
   *
   * @default "TCP"
   */
  protocol?: Protocol;
  /**
   * IP ranges of the clients. Required on eks, and the same for all ports of a service.
   *
   * @default - any address.
   */
  sourceRanges?: string[];
}

/** Pods of an ingress controller or a monitoring system. */
export interface PeerArgs {
  /** Namespace of the pods. */
  namespace: string;
  /**
   * Labels of the pods.
   *
   * @default - all pods of the namespace.
   */
  podLabels?: Record<string, string>;
}

/** A destination that a service may send to: either `service` or `cidr`. */
export interface DestinationArgs {
  /**
   * Service in the same namespace, by name.
   *
   * @default - see the fields.
   */
  service?: string;
  /**
   * IP range, such as `0.0.0.0/0` or `10.1.0.0/16`.
   *
   * @default - see the fields.
   */
  cidr?: string;
  /**
   * TCP ports.
   *
   * @default - all.
   */
  ports?: number[];
}

/** Network access to and from the pods: blocked unless declared. */
export interface ServiceNetworkArgs {
  /**
   * Whether a NetworkPolicy blocks all traffic that is not declared.
   *
   * @default true
   */
  isolated?: boolean;
  /**
   * Pods in other namespaces that may call the service.
   *
   * @default - none but the ingress controller.
   */
  peers?: PeerArgs[];
  /**
   * Destinations that the service may send to, besides `calls` and DNS. Each has either `service` or `cidr`.
   *
   * @default - none.
   */
  destinations?: DestinationArgs[];
  /**
   * Pods of the ingress controller, which forward external requests.
   *
   * @default - Traefik in kube-system; for the class nginx, ingress-nginx.
   */
  ingressController?: PeerArgs;
  /**
   * IP ranges of an ingress controller outside the cluster, such as the subnets of a load balancer.
   *
   * @default - none.
   */
  ingressCidrs?: string[];
  /**
   * Whether DNS queries may go to any address, for clusters whose DNS server is not a pod.
   *
   * @default false
   */
  dnsAnywhere?: boolean;
}

/** An RBAC rule, https://kubernetes.io/docs/reference/access-authn-authz/rbac/. */
export interface PolicyRuleArgs {
  /** API groups; `""` is the core group. */
  apiGroups: string[];
  /** Resources of these groups. */
  resources: string[];
  /** Verbs that are allowed. */
  verbs: string[];
  /**
   * Names of the objects.
   *
   * @default - any.
   */
  resourceNames?: string[];
}

/** ServiceAccount of the pods. */
export interface ServiceAccountArgs {
  /**
   * Annotations, such as those that a cloud uses to assign an identity.
   *
   * @default - none.
   */
  annotations?: Record<string, Input<string>>;
  /**
   * RBAC rules in the service's namespace. With any, pods get a token.
   *
   * @default - none.
   */
  rules?: PolicyRuleArgs[];
}

/** A host name and a path prefix. */
export interface RouteArgs {
  /** Host name; one leading `*.` matches any name. */
  host: Input<string>;
  /**
   * Prefix of the paths.
   *
   * @default "/"
   */
  path?: string;
}

/** TLS for all hosts of the service. */
export interface ServiceTlsArgs {
  /**
   * Secret of type kubernetes.io/tls in the namespace, where the certificate is or cert-manager stores it.
   *
   * @default - <name>-tls.
   */
  secretName?: Input<string>;
  /**
   * ClusterIssuer of cert-manager (https://cert-manager.io) that issues the certificate.
   *
   * @default - the Secret exists.
   */
  clusterIssuer?: Input<string>;
  /**
   * Whether HTTP redirects to HTTPS. The ingress class must be traefik, nginx or alb.
   *
   * @default true
   */
  redirect?: boolean;
}

/** Gateway for `expose: gateway` (https://gateway-api.sigs.k8s.io). */
export interface GatewayArgs {
  /**
   * Name of the Gateway.
   *
   * @default - the service's.
   */
  name?: Input<string>;
  /**
   * Namespace of the Gateway.
   *
   * @default - the service's.
   */
  namespace?: Input<string>;
  /**
   * GatewayClass of a Gateway that is created for the service.
   *
   * @default - the Gateway exists.
   */
  className?: Input<string>;
  /**
   * HTTP port of a Gateway that is created.
   *
   * @default 80
   */
  httpPort?: number;
  /**
   * HTTPS port of a Gateway that is created.
   *
   * @default 443
   */
  httpsPort?: number;
}

/** Horizontal pod autoscaling, instead of `replicas`. */
export interface AutoscalingArgs {
  /**
   * Minimum number of replicas.
   *
   * @default 2
   */
  minReplicas?: number;
  /** Maximum number of replicas. */
  maxReplicas: number;
  /**
   * Target average CPU utilization, in percent of the CPU request.
   *
   * @default - 70, unless `memory` is set.
   */
  cpu?: number;
  /**
   * Target average memory utilization, in percent of the memory request.
   *
   * @default - memory is not considered.
   */
  memory?: number;
  /**
   * Scale-down stabilization window in seconds.
   *
   * @default 300
   */
  scaleDownSeconds?: number;
  /**
   * Scale-up stabilization window in seconds. Replicas then at most double every 15 s.
   *
   * @default 0
   */
  scaleUpSeconds?: number;
}

/** How a new version replaces the previous one. At no time do fewer than `replicas` serve. */
export interface RolloutArgs {
  /**
   * Additional replicas during a rollout, as a number or a percentage. Only for kind stateless.
   *
   * @default "25%"
   */
  maxSurge?: Input<string>;
  /**
   * Seconds that a new replica must be ready before it counts as available.
   *
   * @default 5
   */
  minReadySeconds?: number;
  /**
   * Seconds without progress after which a rollout has failed. Pulumi waits a little longer.
   *
   * @default 120
   */
  progressDeadlineSeconds?: number;
}

/** A health probe. */
export interface ProbeArgs {
  /**
   * Path of the request. Only for kind http.
   *
   * @default - "/healthz" for startup and liveness, "/readyz" for readiness.
   */
  path?: Input<string>;
  /**
   * Name of the port: http, or one of `ports` and `publish`. Not for kind exec.
   *
   * @default "http"
   */
  port?: string;
  /**
   * Seconds between two probes.
   *
   * @default - 1 for startup, 2 for readiness, 10 for liveness.
   */
  periodSeconds?: number;
  /**
   * Seconds until a probe times out.
   *
   * @default - 2 for startup and readiness, 5 for liveness.
   */
  timeoutSeconds?: number;
  /**
   * Consecutive failures after which the probe has failed.
   *
   * @default - 60 for startup, 3 for readiness and liveness.
   */
  failureThreshold?: number;
}

/** Health probes. */
export interface ProbesArgs {
  /**
   * Kind of all probes: http (a request, answered with 200 to 399), tcp (a connection), exec (a command that exits with 0) or none (for a program that nobody calls).
   *
   * @default "http"
   */
  kind?: ProbeKind;
  /**
   * Command and its arguments, for kind exec.
   *
   * @default - none.
   */
  command?: string[];
  /**
   * Startup probe. The other probes wait until it succeeds; a replica that does not start in time is restarted.
   *
   * @default - see the fields.
   */
  startup?: ProbeArgs;
  /**
   * Readiness probe: succeeds while the replica can take requests.
   *
   * @default - see the fields.
   */
  readiness?: ProbeArgs;
  /**
   * Liveness probe: succeeds unless the replica must be restarted. It must not check dependencies.
   *
   * @default - see the fields.
   */
  liveness?: ProbeArgs;
}

/** How a replica stops: it leaves the Service, sleeps, gets SIGTERM, and exits. */
export interface ShutdownArgs {
  /**
   * Seconds between removal from the Service and SIGTERM, in which proxies notice the removal.
   *
   * @default 10
   */
  sleepSeconds?: number;
  /**
   * Seconds that the program has from SIGTERM to its exit.
   *
   * @default 25
   */
  drainSeconds?: number;
  /**
   * Seconds until the replica is killed.
   *
   * @default - sleepSeconds + drainSeconds + 5.
   */
  gracePeriodSeconds?: number;
}

/** Resource requests and limits, as Kubernetes quantities. */
export interface ResourcesArgs {
  /**
   * CPU request.
   *
   * @default "50m"
   */
  cpu?: string;
  /**
   * CPU limit.
   *
   * @default - none: idle CPU can be used, and nothing is throttled.
   */
  cpuLimit?: string;
  /**
   * Memory request.
   *
   * @default "64Mi"
   */
  memory?: string;
  /**
   * Memory limit. Go's garbage collector gets 90 % of it as GOMEMLIMIT.
   *
   * @default - the memory request.
   */
  memoryLimit?: string;
  /**
   * Request of ephemeral storage, for logs and emptyDir volumes.
   *
   * @default - 64Mi, with a writable root file system 1Gi, plus the sizes of emptyDir volumes.
   */
  ephemeralStorage?: string;
  /**
   * Limit of ephemeral storage. A pod that exceeds it is evicted.
   *
   * @default - the request.
   */
  ephemeralStorageLimit?: string;
}

/** A taint that pods tolerate, https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. */
export interface TolerationArgs {
  /**
   * Key of the taint.
   *
   * @default - any.
   */
  key?: string;
  /**
   * How `value` is compared.
   *
   * @default - Exists if there is no value, otherwise Equal.
   */
  operator?: TolerationOperator;
  /**
   * Value of the taint.
   *
   * @default - any.
   */
  value?: string;
  /**
   * Effect of the taint.
   *
   * @default - all.
   */
  effect?: TolerationEffect;
}

/** A key of an existing Secret in the namespace. */
export interface SecretKeyArgs {
  /** Name of the Secret. */
  name: Input<string>;
  /** Key in the Secret. */
  key: Input<string>;
}

/** A volume. */
export interface VolumeArgs {
  /** emptyDir: deleted with the pod; persistent: from a StorageClass, and deleted with its data when it is removed from the settings, except that of a stateful service on Kubernetes. */
  kind: VolumeKind;
  /** Absolute path in the container. */
  mountPath: string;
  /** Size as a Kubernetes quantity; for an emptyDir the size limit. */
  size: string;
  /**
   * StorageClass. Only for kind persistent.
   *
   * @default - the cluster's default StorageClass.
   */
  storageClass?: string;
  /**
   * Access mode. Only for kind persistent.
   *
   * @default "ReadWriteOnce"
   */
  accessMode?: AccessMode;
}

/** A service, as stack files and programs describe it. */
export interface ServiceArgs {
  /**
   * Version: the value of `main.version` in the program, and a label of every object.
   *
   * @default - none.
   */
  version?: string;
  /**
   * Program to run, instead of the image's entrypoint.
   *
   * @default - the image's.
   */
  command?: Input<string>[];
  /**
   * Arguments of the program, instead of the image's.
   *
   * @default - the image's.
   */
  args?: Input<string>[];
  /**
   * Working directory of the program.
   *
   * @default - the image's.
   */
  workingDir?: string;
  /**
   * User ID of the program. In a stack file, with `image`, also a name in the image's passwd file: `slipway lock` looks it up. The user must be able to read the image's files. 0 (root) requires `security.level: baseline`.
   *
   * @default - 65532; with security.level baseline, the image's.
   */
  user?: number;
  /**
   * Group ID of the program. It owns the volumes too.
   *
   * @default - the ID of the user; for a name, its group in the image's passwd file.
   */
  group?: number;
  /**
   * What the program may do on its node.
   *
   * @default - see the fields.
   */
  security?: SecurityArgs;
  /**
   * Port that the program listens on, and the port of its Service. Ports below 1024 need no root. The program gets it as PORT.
   *
   * @default 8080
   */
  port?: Input<number>;
  /**
   * Further ports of the container and its Service, by name.
   *
   * @default - none.
   */
  ports?: Record<string, number>;
  /**
   * Ports, by name, that clients outside the stack reach directly over TCP or UDP. HTTP needs only a host.
   *
   * @default - none.
   */
  publish?: Record<string, PublishArgs>;
  /**
   * Network access to and from the pods: blocked unless declared.
   *
   * @default - see the fields.
   */
  network?: ServiceNetworkArgs;
  /**
   * ServiceAccount of the pods.
   *
   * @default - see the fields.
   */
  serviceAccount?: ServiceAccountArgs;
  /**
   * How the service is exposed outside the cluster: through an Ingress, a Gateway, or not at all.
   *
   * @default - ingress if there is a host, otherwise none.
   */
  expose?: Exposure;
  /**
   * Host name of the service outside the cluster.
   *
   * @default - none: only other services reach it.
   */
  host?: Input<string>;
  /**
   * Host names and path prefixes of the service outside the cluster, besides `host`.
   *
   * @default - none.
   */
  routes?: RouteArgs[];
  /**
   * TLS for all hosts of the service.
   *
   * @default - plain HTTP.
   */
  tls?: ServiceTlsArgs;
  /**
   * Class of the Ingress. TLS redirects and `connectRetries` depend on it, because each controller has its own annotations.
   *
   * @default - traefik on local, alb on eks; for the component, the cluster's default class.
   */
  ingressClassName?: string;
  /**
   * How often the ingress controller retries a connection to a pod that just ended, every 0.1 s. A request that was sent is not repeated. For the class traefik; nginx retries by itself unless this is 0.
   *
   * @default 10
   */
  connectRetries?: number;
  /**
   * Annotations of the Ingress.
   *
   * @default - only those that `tls` needs.
   */
  ingressAnnotations?: Record<string, Input<string>>;
  /**
   * Whether to wait up to 2 minutes for the ingress controller to publish an address. Some controllers never do.
   *
   * @default - true for traefik, nginx, alb and the cluster's default class.
   */
  awaitAddress?: boolean;
  /**
   * Gateway for `expose: gateway` (https://gateway-api.sigs.k8s.io).
   *
   * @default - a Gateway with the service's name in its namespace.
   */
  gateway?: GatewayArgs;
  /**
   * stateless: replicas are interchangeable (a Deployment); stateful: each replica has its own name and volumes (a StatefulSet).
   *
   * @default "stateless"
   */
  kind?: WorkloadKind;
  /**
   * Number of replicas. Cannot be combined with `autoscaling`.
   *
   * @default 2
   */
  replicas?: Input<number>;
  /**
   * Horizontal pod autoscaling, instead of `replicas`.
   *
   * @default - a fixed number of replicas.
   */
  autoscaling?: AutoscalingArgs;
  /**
   * Maximum number of unavailable replicas while nodes are drained (PodDisruptionBudget), if there are several.
   *
   * @default 1
   */
  maxUnavailable?: number;
  /**
   * How replicas spread over zones and nodes: preferred (as evenly as possible), required (evenly, or they stay pending) or none.
   *
   * @default "preferred"
   */
  topologySpread?: TopologySpread;
  /**
   * How a new version replaces the previous one. At no time do fewer than `replicas` serve.
   *
   * @default - see the fields.
   */
  rollout?: RolloutArgs;
  /**
   * Health probes.
   *
   * @default - see the fields.
   */
  probes?: ProbesArgs;
  /**
   * How a replica stops: it leaves the Service, sleeps, gets SIGTERM, and exits.
   *
   * @default - see the fields.
   */
  shutdown?: ShutdownArgs;
  /**
   * Resource requests and limits, as Kubernetes quantities.
   *
   * @default - see the fields.
   */
  resources?: ResourcesArgs;
  /**
   * PriorityClass of the pods.
   *
   * @default - none.
   */
  priorityClassName?: Input<string>;
  /**
   * Labels that nodes must have.
   *
   * @default - any node.
   */
  nodeSelector?: Record<string, Input<string>>;
  /**
   * Node taints that the pods tolerate.
   *
   * @default - none.
   */
  tolerations?: TolerationArgs[];
  /**
   * Affinity, as in the Kubernetes API. See also `topologySpread`.
   *
   * @default - none.
   */
  affinity?: Input<k8s.types.input.core.v1.Affinity>;
  /**
   * Environment variables. Anyone who can see the Deployment can read them, so secrets belong into `secretEnv`.
   *
   * @default - none.
   */
  env?: Record<string, Input<string>>;
  /**
   * Environment variables with secret values, kept in a Secret. Set them with pulumi config set --secret --path.
   *
   * @default - none.
   */
  secretEnv?: Record<string, Input<string>>;
  /**
   * Environment variables from existing Secrets.
   *
   * @default - none.
   */
  envFromSecret?: Record<string, SecretKeyArgs>;
  /**
   * Files by absolute path, kept in a ConfigMap.
   *
   * @default - none.
   */
  files?: Record<string, Input<string>>;
  /**
   * Files with secret content by absolute path, kept in a Secret.
   *
   * @default - none.
   */
  secretFiles?: Record<string, Input<string>>;
  /**
   * Existing Secrets by absolute path: a folder with a file for each key.
   *
   * @default - none.
   */
  secretFolders?: Record<string, Input<string>>;
  /**
   * Volumes by name. The root file system is read-only at security.level restricted.
   *
   * @default - none.
   */
  volumes?: Record<string, VolumeArgs>;
}

/** Runs the job at fixed times (a CronJob), instead of in `slipway up`. */
export interface ScheduleArgs {
  /** When the job runs, in the five fields of cron: minute, hour, day of the month, month, day of the week. */
  cron: string;
  /**
   * Time zone of the schedule, from the tz database.
   *
   * @default "Etc/UTC"
   */
  timeZone?: string;
  /**
   * What happens if the previous run has not ended: Forbid skips the new run, Replace stops the previous one, Allow runs both.
   *
   * @default "Forbid"
   */
  concurrencyPolicy?: ConcurrencyPolicy;
  /**
   * Seconds after its time in which a run that was missed still starts.
   *
   * @default 300
   */
  startingDeadlineSeconds?: number;
  /**
   * How many runs that succeeded are kept, with their logs.
   *
   * @default 3
   */
  successfulJobsHistoryLimit?: number;
  /**
   * How many runs that failed are kept, with their logs.
   *
   * @default 1
   */
  failedJobsHistoryLimit?: number;
  /**
   * Whether no further run starts.
   *
   * @default false
   */
  suspend?: boolean;
}

/** What only jobs have. */
export interface JobRunArgs {
  /**
   * How often a job that failed starts again in the same run, on Kubernetes after 10 s, 20 s, 40 s and so on.
   *
   * @default 0
   */
  retries?: number;
  /**
   * Seconds that the job has, with all its retries. Then it is stopped and has failed.
   *
   * @default 600
   */
  timeoutSeconds?: number;
  /**
   * Runs the job at fixed times (a CronJob), instead of in `slipway up`.
   *
   * @default - it runs when its image or a setting changes.
   */
  schedule?: ScheduleArgs;
}
