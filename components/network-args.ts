import type * as pulumi from "@pulumi/pulumi";

/** How what is in private subnets reaches the internet, https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html. */
export const NatStrategy = {
  /** Not at all; of AWS it reaches what nodes need, by endpoints. */
  None: "none",
  /** By one NAT gateway in the first zone: the least cost, and no way out while that zone is down. */
  Single: "single",
  /** By a NAT gateway in each zone. */
  PerAz: "perAz",
  /**
   * By one NAT gateway that AWS itself spreads over the zones that have something in them,
   * https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html.
   */
  Regional: "regional",
} as const;
export type NatStrategy = (typeof NatStrategy)[keyof typeof NatStrategy];

export interface NetworkArgs {
  /** Region that it is in, that of the provider. */
  region: string;
  /**
   * Names of 2 to 4 availability zones. One may be added at the end; another order, or one less, moves subnets, and with
   * them all that is in them.
   */
  zones: string[];
  /**
   * Range of private IPv4 addresses, from /16 to /24. It cannot be changed later. A private subnet has an eighth of it: in a
   * /16 room for 8,187 nodes and pods in each zone, in a /24 for 27.
   *
   * @default "10.0.0.0/16"
   */
  cidr?: string;
  /**
   * Ranges of networks that are connected to it, by peering, VPN or a transit gateway. They must not overlap with it: an address
   * would be in two places.
   *
   * @default - none.
   */
  connectedCidrs?: string[];
  /** @default "single" */
  nat?: NatStrategy;
  /**
   * Whether images are pulled from ECR by endpoints in the network, without a NAT gateway: private, and no gateway counts their
   * bytes, but AWS charges for each endpoint in each zone. The endpoint of S3, where the layers are, is always there and free.
   *
   * Without a NAT gateway it must be true. There are then endpoints for all that nodes call: EC2, ECR, EKS, EKS Auth (pod
   * identity), load balancing, CloudWatch Logs and STS, https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html;
   * what else pods call needs an endpoint of its own, and images must come from ECR.
   *
   * @default true
   */
  interfaceEndpoints?: boolean;
  /** Days that flow logs are kept: one of the numbers that CloudWatch Logs takes, such as 7, 30, 90 or 365. @default 30 */
  flowLogRetentionDays?: number;
  /**
   * Key that encrypts the flow logs; its policy must let CloudWatch Logs use it,
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html.
   *
   * @default - a key of AWS.
   */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of everything. @default - none but names. */
  tags?: Record<string, pulumi.Input<string>>;
}
