import type * as pulumi from "@pulumi/pulumi";

/** Who reaches a load balancer. */
export const LoadBalancerScheme = {
  Internal: "internal",
  InternetFacing: "internet-facing",
} as const;
export type LoadBalancerScheme = (typeof LoadBalancerScheme)[keyof typeof LoadBalancerScheme];

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html */
export interface AccessLogsArgs {
  /** Name of an S3 bucket in the region, whose policy lets load balancers write. */
  bucket: pulumi.Input<string>;
  /** What their names begin with. @default - nothing. */
  prefix?: pulumi.Input<string>;
}

export interface LoadBalancerArgs {
  /** @default "internal" */
  scheme?: LoadBalancerScheme;
  /**
   * ARNs of ACM certificates, the first for whoever names no host. Those of Ingresses are not looked at.
   *
   * @default - none: plain HTTP.
   */
  certificateArns?: pulumi.Input<string>[];
  /** Name that all Ingresses of the class share one load balancer by. Another name is another load balancer. @default - the component's. */
  group?: string;
  /** Ids of subnets in two zones at least. @default - those with the tag kubernetes.io/role/elb, or internal-elb for an internal one. */
  subnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether AWS refuses to delete it, also when its last Ingress is gone. @default false */
  deletionProtection?: boolean;
  /** Seconds without a byte after which a connection is cut; servers behind it must keep theirs for longer. @default 60 */
  idleTimeoutSeconds?: number;
  /** @default - none. */
  accessLogs?: AccessLogsArgs;
}
