import type * as pulumi from "@pulumi/pulumi";

/** Whether a load balancer has private or public addresses. */
export const LoadBalancerScheme = {
  Internal: "internal",
  InternetFacing: "internet-facing",
} as const;
export type LoadBalancerScheme = (typeof LoadBalancerScheme)[keyof typeof LoadBalancerScheme];

/** Access logs, https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html. */
export interface AccessLogsArgs {
  /** Name of an S3 bucket in the same region. Its policy must allow load balancers to write. */
  bucket: pulumi.Input<string>;
  /** Prefix of the objects' names. @default - none. */
  prefix?: pulumi.Input<string>;
}

/** The Application Load Balancer of Ingresses. */
export interface LoadBalancerArgs {
  /** Whether it has private or public addresses. @default "internal" */
  scheme?: LoadBalancerScheme;
  /**
   * ARNs of ACM certificates. The first is for clients that send no host name (SNI). Certificates of Ingresses are ignored.
   *
   * @default - none: plain HTTP.
   */
  certificateArns?: pulumi.Input<string>[];
  /**
   * Name of the Ingress group. Ingresses of one group share a load balancer, and another group gets another load balancer.
   *
   * @default - the component's name.
   */
  group?: string;
  /** Ids of subnets in at least two zones. @default - those with the tag kubernetes.io/role/elb, or internal-elb for an internal one. */
  subnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether AWS rejects deleting it, even after its last Ingress is deleted. @default false */
  deletionProtection?: boolean;
  /** Seconds after which an idle connection is closed. Servers behind it need a longer idle timeout. @default 60 */
  idleTimeoutSeconds?: number;
  /** Where access logs are stored. @default - access logs are off. */
  accessLogs?: AccessLogsArgs;
}
