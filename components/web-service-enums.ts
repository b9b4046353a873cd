/** Whether the replicas of a service are interchangeable. */
export const WorkloadKind = {
  /** A Deployment: any replica can serve any request. */
  Stateless: "stateless",
  /** A StatefulSet: every replica has its own name and volumes. */
  Stateful: "stateful",
} as const;
export type WorkloadKind = (typeof WorkloadKind)[keyof typeof WorkloadKind];

/** How a service is exposed outside the cluster. */
export const Exposure = {
  /** Through an Ingress. */
  Ingress: "ingress",
  /** Through an HTTPRoute on a Gateway, https://gateway-api.sigs.k8s.io. */
  Gateway: "gateway",
  /** Not at all: only other services reach it. */
  None: "none",
} as const;
export type Exposure = (typeof Exposure)[keyof typeof Exposure];

export const VolumeKind = {
  /** Empty when the pod starts, deleted with it. */
  EmptyDir: "emptyDir",
  /** Kept, from a StorageClass. */
  Persistent: "persistent",
} as const;
export type VolumeKind = (typeof VolumeKind)[keyof typeof VolumeKind];

/** Access modes of persistent volumes, https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes. */
export const AccessMode = {
  ReadWriteOnce: "ReadWriteOnce",
  ReadWriteOncePod: "ReadWriteOncePod",
  ReadWriteMany: "ReadWriteMany",
  ReadOnlyMany: "ReadOnlyMany",
} as const;
export type AccessMode = (typeof AccessMode)[keyof typeof AccessMode];

/** How replicas spread over zones and nodes. */
export const TopologySpread = {
  /** As evenly as possible. */
  Preferred: "preferred",
  /** Evenly; a replica that would break this stays pending. */
  Required: "required",
  /** As the scheduler decides. */
  None: "none",
} as const;
export type TopologySpread = (typeof TopologySpread)[keyof typeof TopologySpread];

/** Kinds of probes, https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/#probe-types. */
export const ProbeKind = {
  /** An HTTP request, which 200 to 399 answers. */
  Http: "http",
  /** A TCP connection, for programs that do not speak HTTP. */
  Tcp: "tcp",
  /** A command in the container that exits with 0. */
  Exec: "exec",
  /** None, for programs that nobody calls, such as workers. They count as ready once they run. */
  None: "none",
} as const;
export type ProbeKind = (typeof ProbeKind)[keyof typeof ProbeKind];

/** How a Service publishes ports outside its cluster. */
export const PublishingType = { LoadBalancer: "LoadBalancer", NodePort: "NodePort" } as const;
export type PublishingType = (typeof PublishingType)[keyof typeof PublishingType];

/** Transport protocols of published ports. */
export const Protocol = { TCP: "TCP", UDP: "UDP" } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

/** How the value of a taint is compared, https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. */
export const TolerationOperator = { Exists: "Exists", Equal: "Equal" } as const;
export type TolerationOperator = (typeof TolerationOperator)[keyof typeof TolerationOperator];

/** Effects of taints, https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. */
export const TolerationEffect = { NoSchedule: "NoSchedule", PreferNoSchedule: "PreferNoSchedule", NoExecute: "NoExecute" } as const;
export type TolerationEffect = (typeof TolerationEffect)[keyof typeof TolerationEffect];
