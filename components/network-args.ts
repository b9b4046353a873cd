import type * as pulumi from "@pulumi/pulumi";
import type { RoleArgs } from "./role-args.ts";

/** How private subnets reach the internet, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html. */
export const NatStrategy = {
  /** No internet access. Interface endpoints connect to the AWS services that nodes need. */
  None: "none",
  /** One NAT gateway in the first zone: the cheapest, but without egress while that zone is down. */
  Single: "single",
  /** A NAT gateway in each zone. */
  PerAz: "perAz",
  /**
   * One NAT gateway that AWS expands to the zones in use,
   * https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html.
   */
  Regional: "regional",
} as const;
export type NatStrategy = (typeof NatStrategy)[keyof typeof NatStrategy];

/** Arguments of `Network`. */
export interface NetworkArgs {
  /** Region of the VPC, the same as the provider's. */
  region: string;
  /**
   * Names of 2 to 4 availability zones. More can be added at the end later. Reordering or removing zones replaces subnets, and everything
   * in them.
   */
  zones: string[];
  /**
   * Range of private IPv4 addresses, between /16 and /24. It cannot be changed later. A private subnet is an eighth of it: a /16 has room
   * for 8,187 nodes and pods in each zone, a /24 for 27.
   *
   * @default "10.0.0.0/16"
   */
  cidr?: string;
  /**
   * Ranges of networks that are connected to the VPC by peering, VPN or a transit gateway. They must not overlap with `cidr`.
   *
   * @default - none.
   */
  connectedCidrs?: string[];
  /** How private subnets reach the internet. @default "single" */
  nat?: NatStrategy;
  /**
   * Whether nodes pull images from ECR through interface endpoints in the VPC instead of a NAT gateway. The traffic stays private and no
   * NAT gateway charges for it, but AWS charges for each endpoint in each zone. The S3 endpoint, for the layers, always exists and is free.
   *
   * Must be true with `nat: "none"`. Endpoints are then created for everything that nodes call: EC2, ECR, EKS, EKS Auth (pod identity),
   * load balancing, CloudWatch Logs and STS, https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html. Images must come from
   * ECR, and other services that pods call need separate endpoints.
   *
   * @default true
   */
  interfaceEndpoints?: boolean;
  /** Days that flow logs are kept: a value that CloudWatch Logs accepts, such as 7, 30, 90 or 365. @default 30 */
  flowLogRetentionDays?: number;
  /**
   * KMS key that encrypts the flow logs. Its policy must allow CloudWatch Logs to use it,
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
   *
   * @default - a key that AWS owns.
   */
  kmsKeyArn?: pulumi.Input<string>;
  /**
   * Further AWS services with interface endpoints, by the last part of their service names, such as `monitoring`. Requires
   * `interfaceEndpoints`.
   *
   * @default - none.
   */
  additionalEndpoints?: string[];
  /** Path and permissions boundary of the IAM role that writes flow logs. @default - none. */
  roles?: RoleArgs;
  /** Tags of all resources. @default - only `Name`. */
  tags?: Record<string, pulumi.Input<string>>;
}
