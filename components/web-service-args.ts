import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type Input<T> = pulumi.Input<T>;

/** Whether the pods of a service are interchangeable. */
export const WorkloadKind = {
  /** A Deployment: any pod serves any request. */
  Stateless: "stateless",
  /** A StatefulSet: every pod has a name and volumes of its own. */
  Stateful: "stateful",
} as const;
export type WorkloadKind = (typeof WorkloadKind)[keyof typeof WorkloadKind];

/** How the outside reaches a service. */
export const Exposure = {
  /** By an Ingress. */
  Ingress: "ingress",
  /** By an HTTPRoute on a Gateway, https://gateway-api.sigs.k8s.io. */
  Gateway: "gateway",
  /** Not at all: only other services reach it. */
  None: "none",
} as const;
export type Exposure = (typeof Exposure)[keyof typeof Exposure];

export const VolumeKind = {
  /** Empty at the start of a pod, gone with it. */
  EmptyDir: "emptyDir",
  /** Kept, by a StorageClass. */
  Persistent: "persistent",
} as const;
export type VolumeKind = (typeof VolumeKind)[keyof typeof VolumeKind];

/** How pods spread over zones and hosts. */
export const TopologySpread = {
  /** As evenly as there is room. */
  Preferred: "preferred",
  /** Evenly, or they wait: pods that find no even place stay pending. */
  Required: "required",
  /** As the scheduler likes. */
  None: "none",
} as const;
export type TopologySpread = (typeof TopologySpread)[keyof typeof TopologySpread];

/** A number of pods that follows the load, https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/. */
export interface AutoscalingArgs {
  /** The least pods. @default 2 */
  minReplicas?: number;
  /** The most pods. */
  maxReplicas: number;
  /** CPU that pods are to use on average, in percent of their request. @default 70, unless `memory` is given */
  cpu?: number;
  /** Memory that pods are to use on average, in percent of their request. @default - memory is not looked at. */
  memory?: number;
  /** Seconds that the load must be lower before pods are taken away. @default 300 */
  scaleDownSeconds?: number;
  /** Seconds that the load must be higher before pods are added; then at most twice as many every 15 s. @default 0 */
  scaleUpSeconds?: number;
}

/** How a new version takes the place of the old one. There are never fewer pods that answer than `replicas`. */
export interface RolloutArgs {
  /** Pods more than `replicas` that may run meanwhile, a number or in percent. Only for a stateless service. @default "25%" */
  maxSurge?: Input<string>;
  /** Seconds that a new pod must be ready before it counts. @default 5 */
  minReadySeconds?: number;
  /** Seconds without progress after which it has failed; Pulumi waits a little longer. @default 120 */
  progressDeadlineSeconds?: number;
}

/** How a pod is asked how it is, https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#probe-types. */
export const ProbeKind = {
  /** By an HTTP request, which 200 to 399 answers. */
  Http: "http",
  /** By a connection, for what does not speak HTTP. */
  Tcp: "tcp",
  /** By a program in the container that ends with 0. */
  Exec: "exec",
} as const;
export type ProbeKind = (typeof ProbeKind)[keyof typeof ProbeKind];

/** A question that tells how a pod is. */
export interface ProbeArgs {
  /** Only for the kind `http`. @default "/readyz" for readiness, "/healthz" for the others */
  path?: Input<string>;
  /** Name of a port: `http`, or one of `ports`. Not for the kind `exec`. @default "http" */
  port?: string;
  /** Seconds between two requests. @default 1 for startup, 2 for readiness, 10 for liveness */
  periodSeconds?: number;
  /** Seconds until an answer. @default 2; 5 for liveness */
  timeoutSeconds?: number;
  /** Failures in a row that count. @default 60 for startup, 3 for the others */
  failureThreshold?: number;
}

export interface ProbesArgs {
  /** @default "http" */
  kind?: ProbeKind;
  /** The program and its arguments, for the kind `exec`. @default - none. */
  command?: string[];
  /** Until it succeeds the others wait. A pod whose start takes longer than period × failures is started anew. */
  startup?: ProbeArgs;
  /** Answers 200 while the pod can take requests. */
  readiness?: ProbeArgs;
  /** Answers 200 while the pod need not be started anew. It must not look at what the pod depends on. */
  liveness?: ProbeArgs;
}

/** How a pod ends: out of the Service and asleep, SIGTERM, done. */
export interface ShutdownArgs {
  /** Seconds between leaving the Service and SIGTERM: what proxies need to notice. @default 10 */
  sleepSeconds?: number;
  /** Seconds that the program has from SIGTERM to its end. @default 25 */
  drainSeconds?: number;
  /** Seconds until the pod is killed. @default sleepSeconds + drainSeconds + 5 */
  gracePeriodSeconds?: number;
}

/** What a pod is sure of (requests) and the most it gets (limits), as Kubernetes quantities. */
export interface ResourcesArgs {
  /** CPU that it is sure of. @default "50m" */
  cpu?: string;
  /** Most CPU. @default - none: it may use what is idle, and is never throttled. */
  cpuLimit?: string;
  /** Memory that it is sure of. @default "64Mi" */
  memory?: string;
  /** Most memory; more, and it is killed. Go's collector is told nine tenths of it (GOMEMLIMIT). @default - as `memory`. */
  memoryLimit?: string;
  /** Disk for logs and emptyDir volumes that it is sure of. @default "64Mi", plus the sizes of emptyDir volumes */
  ephemeralStorage?: string;
  /** Most of it; more, and the pod is evicted. @default - as `ephemeralStorage`. */
  ephemeralStorageLimit?: string;
}

export interface TolerationArgs {
  key?: string;
  /** `Exists` or `Equal`. @default "Exists" without a value, else "Equal" */
  operator?: string;
  value?: string;
  /** `NoSchedule`, `PreferNoSchedule` or `NoExecute`. @default - all of them. */
  effect?: string;
}

/** A key of a Secret that exists in the namespace. */
export interface SecretKeyArgs {
  name: Input<string>;
  key: Input<string>;
}

export interface VolumeArgs {
  kind: VolumeKind;
  /** Where it is in the container: an absolute path. */
  mountPath: string;
  /** Its size, as a Kubernetes quantity; of an emptyDir the most. */
  size: string;
  /** Only of a persistent one. @default - the cluster's default StorageClass. */
  storageClass?: string;
  /**
   * `ReadWriteOnce`, `ReadWriteOncePod`, `ReadWriteMany` or `ReadOnlyMany`. Only of a persistent one.
   *
   * @default "ReadWriteOnce"
   */
  accessMode?: string;
}

/** Rights on the Kubernetes API, https://kubernetes.io/docs/reference/access-authn-authz/rbac/. */
export interface PolicyRuleArgs {
  /** `""` is the core group. */
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  /** @default - objects of any name. */
  resourceNames?: string[];
}

export interface ServiceAccountArgs {
  /** Annotations, such as those by which a cloud hands out identities. @default - none. */
  annotations?: Record<string, Input<string>>;
  /** Rights in the service's namespace; with any, pods get a token. @default - none. */
  rules?: PolicyRuleArgs[];
}

/** Somewhere that a service may send to; everything else but DNS is cut off. One of `service` and `cidr`. */
export interface DestinationArgs {
  /** A service in the same namespace, by name. */
  service?: string;
  /** Addresses, such as `0.0.0.0/0` or `10.1.0.0/16`. */
  cidr?: string;
  /** TCP ports. @default - all. */
  ports?: number[];
}

/** Pods of an ingress controller or a monitoring system. */
export interface PeerArgs {
  namespace: string;
  /** Labels of the pods. @default - all pods of the namespace. */
  podLabels?: Record<string, string>;
}

/** Who may reach the pods, and whom they may reach: nobody but what is declared. */
export interface NetworkPolicyArgs {
  /** Whether there is a NetworkPolicy. @default true */
  isolated?: boolean;
  /** Services of the same namespace that may call this one, by name. @default - none. */
  callers?: string[];
  /** Pods elsewhere that may call this one. @default - none but the ingress controller. */
  peers?: PeerArgs[];
  /** Where the service may send to. @default - nowhere. */
  destinations?: DestinationArgs[];
  /** Where an ingress controller's requests come from that is no pod, such as the subnets of a load balancer. @default - none. */
  ingressCidrs?: string[];
  /** Whose pods let requests in from outside. @default - Traefik in kube-system; for the class nginx, ingress-nginx. */
  ingressController?: PeerArgs;
  /** Whether names may be asked of any address, as where DNS is no pod. @default false */
  dnsAnywhere?: boolean;
}

export interface RouteArgs {
  /** Host name; one leading `*.` stands for any. */
  host: string;
  /** Beginning of the paths. @default "/" */
  path?: string;
}

/** TLS for all hosts of the service. */
export interface TlsArgs {
  /** A Secret of type kubernetes.io/tls in the namespace; with an issuer, where it puts the certificate. @default "<name>-tls" */
  secretName?: Input<string>;
  /** A ClusterIssuer of cert-manager (https://cert-manager.io) that provides the certificate. @default - the Secret is there. */
  clusterIssuer?: Input<string>;
  /** Whether HTTP answers with a redirect to HTTPS, where `ingressClassName` is traefik, nginx or alb. @default true */
  redirect?: boolean;
  /** Port of HTTPS that the redirect leads to, of Traefik or a Gateway. @default 443 */
  redirectPort?: number;
}

export interface GatewayArgs {
  /** Name of the Gateway. @default - the service's. */
  name?: Input<string>;
  /** Its namespace. @default - the service's. */
  namespace?: Input<string>;
  /** GatewayClass of a Gateway that is made for the service. @default - the Gateway exists. */
  className?: Input<string>;
  /** Ports of the listeners of a Gateway that is made. @default 80 and 443 */
  httpPort?: number;
  httpsPort?: number;
}

export interface WebServiceArgs {
  /** The image, by digest: `repository@sha256:…`. */
  image: Input<string>;
  /** The program, in the place of the image's entrypoint. @default - the image's. */
  command?: Input<string>[];
  /** Its arguments, in the place of the image's. @default - the image's. */
  args?: Input<string>[];
  /** Number of the user and the group that it runs as: one that may read the image's files. Never 0, which is root. @default 65532 */
  user?: number;
  /** @default "stateless" */
  kind?: WorkloadKind;
  /** Port that the program listens on, told to it as `PORT`; and the port of the Service. @default 8080 */
  port?: Input<number>;
  /** Further ports of the container and the Service, by name. @default - none. */
  ports?: Record<string, number>;
  /** How many pods run. Not together with `autoscaling`. @default 2 */
  replicas?: Input<number>;
  /** @default - `replicas` pods, always. */
  autoscaling?: AutoscalingArgs;
  rollout?: RolloutArgs;
  /** Pods that may be missing at once while nodes are drained, where there are several. @default 1 */
  maxUnavailable?: number;
  /** @default "preferred" */
  topologySpread?: TopologySpread;
  probes?: ProbesArgs;
  shutdown?: ShutdownArgs;
  resources?: ResourcesArgs;
  /** @default - none. */
  priorityClassName?: Input<string>;
  /** Labels that nodes must have. @default - any node. */
  nodeSelector?: Record<string, Input<string>>;
  /** Taints of nodes that do not keep the pods away. @default - none. */
  tolerations?: TolerationArgs[];
  /** @default - none; see `topologySpread`. */
  affinity?: Input<k8s.types.input.core.v1.Affinity>;
  /** Environment variables. Whoever may see the Deployment reads them: no place for secrets. @default - none. */
  env?: Record<string, Input<string>>;
  /** Environment variables with secret values, which are kept in a Secret. @default - none. */
  secretEnv?: Record<string, Input<string>>;
  /** Environment variables from Secrets that exist. @default - none. */
  envFromSecret?: Record<string, SecretKeyArgs>;
  /** Files by absolute path, kept in a ConfigMap. @default - none. */
  files?: Record<string, Input<string>>;
  /** Files with secret content by absolute path, kept in a Secret. @default - none. */
  secretFiles?: Record<string, Input<string>>;
  /** Secrets that exist, as folders with a file per key, by absolute path. @default - none. */
  secretFolders?: Record<string, Input<string>>;
  /** Volumes by name. The root file system is read-only. @default - none. */
  volumes?: Record<string, VolumeArgs>;
  serviceAccount?: ServiceAccountArgs;
  network?: NetworkPolicyArgs;
  /** @default "ingress" with a host, else "none" */
  expose?: Exposure;
  /** Host name by which the outside reaches all of the service: short for one of `routes`. */
  host?: string;
  /** Hosts and paths by which the outside reaches the service. @default - none but `host`. */
  routes?: RouteArgs[];
  /** @default - plain HTTP. */
  tls?: TlsArgs;
  /** @default - the cluster's default class. What controllers do each in their own way needs it: TLS redirects, `connectRetries`. */
  ingressClassName?: string;
  /**
   * How often the ingress controller asks again, every 0.1 s, where it cannot connect to a pod, as one that has just crashed; what
   * was sent once is not sent again. For the class `traefik`; `nginx` does so by itself unless this is 0, others do not.
   *
   * @default 10
   */
  connectRetries?: number;
  /** Annotations of the Ingress. @default - none but those that `tls` needs. */
  ingressAnnotations?: Record<string, Input<string>>;
  /**
   * Whether to wait, up to 2 minutes, until the ingress controller has published an address. Not all do.
   *
   * @default - whether the class is traefik, nginx, alb or the cluster's default.
   */
  awaitAddress?: boolean;
  /** @default - a Gateway of the service's name in its namespace. */
  gateway?: GatewayArgs;
  /** Namespace, which must exist. @default - one of its own, with the service's name. */
  namespace?: Input<string>;
  /** Version, as a label. @default - none. */
  version?: string;
  /** The application that the service is part of, as a label. @default - none. */
  partOf?: string;
}
