import type * as pulumi from "@pulumi/pulumi";
import type { PublishingType } from "./web-service-enums.ts";
import type { PeerArgs, ServiceArgs, ServiceNetworkArgs, ServiceTlsArgs } from "./service-args.ts";

export * from "./service-args.ts";
export * from "./web-service-enums.ts";

/** Pods of the cluster's DNS server. */
export interface DnsServerArgs extends PeerArgs {
  /** Port that the pods listen on: network policies apply to it after the Service has translated 53. @default 53 */
  port?: number;
}

/** Network access to and from the pods: blocked unless declared. */
export interface NetworkPolicyArgs extends ServiceNetworkArgs {
  /** @default - the pods with the label `k8s-app: kube-dns` in kube-system. */
  dnsServer?: DnsServerArgs;
  /** Services of the same namespace that may call this one, by name. @default - none. */
  callers?: string[];
}

/** TLS for all hosts of the service. */
export interface TlsArgs extends ServiceTlsArgs {
  /** HTTPS port that the redirect of Traefik or of a Gateway leads to. @default 443 */
  redirectPort?: number;
}

/** Class of the Network Load Balancers of EKS Auto Mode. */
export const nlbClass = "eks.amazonaws.com/nlb";

/** Class of the Network Load Balancers of the AWS Load Balancer Controller. */
export const controllerNlbClass = "service.k8s.aws/nlb";

/**
 * Annotation of an Ingress of the class `alb` with what its load balancer cannot change, such as its scheme and its subnets. When it
 * changes, the Ingress is replaced.
 */
export const loadBalancerAnnotation = "dev.slipway/load-balancer";

/** The Service that makes the ports of `publish` reachable from outside the cluster. */
export interface PublishingArgs {
  /** @default "LoadBalancer" */
  type?: PublishingType;
  /** Node ports by the names in `publish`. @default - the cluster chooses. */
  nodePorts?: Record<string, number>;
  /** Class of the load balancer. @default - the cluster's. */
  loadBalancerClass?: string;
  /** Annotations, such as those that configure a load balancer. @default - none. */
  annotations?: Record<string, pulumi.Input<string>>;
}

export interface WebServiceArgs extends ServiceArgs {
  /** Image by digest: `repository@sha256:…`. */
  image: pulumi.Input<string>;
  /** @default - all traffic that is not declared is blocked. */
  network?: NetworkPolicyArgs;
  /** @default - plain HTTP. */
  tls?: TlsArgs;
  /** How `publish` is done. @default - a Service of type LoadBalancer. */
  publishing?: PublishingArgs;
  /**
   * Least seconds that Pulumi waits for a rollout, for clusters that start nodes and register pods with a load balancer first.
   *
   * @default - only what the steps of the rollout need, each at most `rollout.progressDeadlineSeconds`.
   */
  awaitAtLeastSeconds?: number;
  /** Existing namespace. @default - a namespace with the service's name is created. */
  namespace?: pulumi.Input<string>;
  /** Existing Secret with the credentials to pull images, of the type kubernetes.io/dockerconfigjson. @default - nodes pull with their own. */
  pullSecret?: pulumi.Input<string>;
  /**
   * Whether the cluster assigns the user and group IDs of the pods, as OpenShift does. Then `user` and `group` must be omitted, and the image
   * must run with any user.
   *
   * @default false
   */
  assignedIds?: boolean;
  /** Application that the service belongs to, as a label. @default - none. */
  partOf?: string;
}
