import type * as pulumi from "@pulumi/pulumi";
import type { RoleArgs } from "./role-args.ts";

type Input<T> = pulumi.Input<T>;

/** Permissions in Kubernetes, https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html. */
export const AccessPolicy = {
  /** All permissions. */
  ClusterAdmin: "ClusterAdmin",
  /** Most permissions in namespaces, including their roles. */
  Admin: "Admin",
  /** Change most objects in namespaces, and read Secrets. */
  Edit: "Edit",
  /** Read objects in namespaces, except Secrets. */
  View: "View",
} as const;
export type AccessPolicy = (typeof AccessPolicy)[keyof typeof AccessPolicy];

/** Purchase option of nodes, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html#managed-node-group-capacity-types. */
export const CapacityType = {
  OnDemand: "ON_DEMAND",
  /** Cheaper, but AWS can reclaim the instances with two minutes' notice. */
  Spot: "SPOT",
} as const;
export type CapacityType = (typeof CapacityType)[keyof typeof CapacityType];

/** Machine image of nodes, https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html#AmazonEKS-CreateNodegroup-request-amiType. */
export const AmiType = {
  Al2023X86: "AL2023_x86_64_STANDARD",
  Al2023Arm: "AL2023_ARM_64_STANDARD",
  Al2023X86Nvidia: "AL2023_x86_64_NVIDIA",
  Al2023ArmNvidia: "AL2023_ARM_64_NVIDIA",
  Al2023X86Neuron: "AL2023_x86_64_NEURON",
  BottlerocketX86: "BOTTLEROCKET_x86_64",
  BottlerocketArm: "BOTTLEROCKET_ARM_64",
  BottlerocketX86Nvidia: "BOTTLEROCKET_x86_64_NVIDIA",
  BottlerocketArmNvidia: "BOTTLEROCKET_ARM_64_NVIDIA",
} as const;
export type AmiType = (typeof AmiType)[keyof typeof AmiType];

/** Effect of a taint on pods that do not tolerate it. */
export const TaintEffect = {
  NoSchedule: "NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
} as const;
export type TaintEffect = (typeof TaintEffect)[keyof typeof TaintEffect];

/** Access to the Kubernetes API over the network, https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html. */
export interface EndpointArgs {
  /**
   * IPv4 ranges outside the VPC that may access the API: at most 40, none larger than /8. The VPC accesses it through a private address.
   *
   * @default - none: only the VPC can access it.
   */
  publicCidrs?: string[];
  /**
   * IPv4 ranges that may connect to the private address of the API: those of the VPC, and of networks connected to it. Nodes always may.
   *
   * @default - none: only what is in the cluster's security group.
   */
  privateCidrs?: string[];
}

/** Permissions of an IAM principal in Kubernetes, https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html. */
export interface AccessEntryArgs {
  /** ARN of an IAM role or user. The ARN of a session (`…:assumed-role/…`) is not accepted. */
  principalArn: string;
  /** EKS access policy. */
  policy: AccessPolicy;
  /** Namespaces that the policy applies to; a trailing `*` matches any suffix. @default - the whole cluster. */
  namespaces?: string[];
}

/** A taint of nodes, https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/. */
export interface TaintArgs {
  key: string;
  value?: string;
  effect: TaintEffect;
}

/** A managed node group, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. */
export interface NodeGroupArgs {
  /** EC2 instance types of one processor architecture, preferred first. List several for Spot, so that one is available. */
  instanceTypes: string[];
  /** Minimum number of nodes. */
  minSize: number;
  /** Maximum number of nodes. */
  maxSize: number;
  /**
   * Initial number of nodes. No autoscaler is installed; one that you install changes the number later.
   *
   * @default - `minSize`.
   */
  desiredSize?: number;
  /** Purchase option. @default "ON_DEMAND" */
  capacityType?: CapacityType;
  /** Size in GiB of the encrypted disk for images, logs and emptyDir volumes. @default 50 */
  diskSize?: number;
  /** Labels of the nodes. @default - only those that EKS sets. */
  labels?: Record<string, Input<string>>;
  /** Taints of the nodes. At least one group must have none. @default - none. */
  taints?: TaintArgs[];
  /** Machine image. @default - Amazon Linux 2023 for the architecture of the instance types. */
  amiType?: AmiType;
}

/** The AWS identity that the kubeconfig uses to get tokens. */
export interface KubeconfigArgs {
  /** Profile in the AWS configuration. @default - from the environment of the kubeconfig's user. */
  profile?: string;
  /** ARN of a role to assume. It must have an access entry. @default - none. */
  roleArn?: string;
}

/** Arguments of `EksCluster`. */
export interface EksClusterArgs {
  /** Region of the cluster, the same as the provider's. */
  region: string;
  /**
   * Kubernetes minor version in EKS standard support,
   * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html. It can only be upgraded, one minor version at a time.
   *
   * @default "1.36"
   */
  version?: string;
  /** Ids of private subnets in at least two zones, for nodes, pods and the network interfaces of the control plane. */
  subnetIds: Input<Input<string>[]>;
  /** Access to the Kubernetes API over the network. @default - only from the VPC. */
  endpoint?: EndpointArgs;
  /** All principals that may use the Kubernetes API. The deployer must be ClusterAdmin of the whole cluster. */
  accessEntries: AccessEntryArgs[];
  /**
   * Managed node groups by name. They come with the add-ons that Auto Mode has built in.
   *
   * @default - EKS Auto Mode: AWS adds, replaces and removes nodes as pods need them, https://docs.aws.amazon.com/eks/latest/userguide/automode.html.
   */
  nodeGroups?: Record<string, NodeGroupArgs>;
  /**
   * Versions of EKS add-ons by name, such as `coredns: "v1.13.1-eksbuild.1"`. Other add-ons keep the version that they were installed with,
   * which is the EKS default at that time.
   *
   * @default - none.
   */
  addonVersions?: Record<string, string>;
  /**
   * Whether the CloudWatch agent sends logs and metrics of all containers to CloudWatch, in encrypted log groups with the retention
   * `logRetentionDays`, https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContainerInsights.html. CloudWatch charges for both.
   *
   * @default false
   */
  containerInsights?: boolean;
  /**
   * KMS key for Kubernetes Secrets and the control plane's logs, in the same region. Its policy must allow CloudWatch Logs to use it,
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html. It cannot be changed later.
   *
   * @default - a new key, which AWS rotates every year.
   */
  kmsKeyArn?: Input<string>;
  /** Days that the control plane's logs are kept: a value that CloudWatch Logs accepts. @default 90 */
  logRetentionDays?: number;
  /**
   * Whether AWS and Pulumi reject deleting the cluster, its logs and its key. To delete them, set it to false and run `up` first.
   *
   * @default false
   */
  deletionProtection?: boolean;
  /**
   * Whether EKS may assume the cluster's role for this cluster only (`aws:SourceAccount` and `aws:SourceArn`). The documentation of Auto Mode
   * does not show these conditions, so it is not known whether all its sessions meet them.
   *
   * @default false
   */
  restrictTrust?: boolean;
  /** Path and permissions boundary of all IAM roles. @default - none. */
  roles?: RoleArgs;
  /** AWS identity of the kubeconfig. @default - from the environment of its user. */
  kubeconfig?: KubeconfigArgs;
  /** Tags of all AWS resources, including volumes and load balancers that the cluster creates. @default - none. */
  tags?: Record<string, Input<string>>;
}
