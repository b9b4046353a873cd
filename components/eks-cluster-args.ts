import type * as pulumi from "@pulumi/pulumi";

type Input<T> = pulumi.Input<T>;

/** What a principal may do in Kubernetes, https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html. */
export const AccessPolicy = {
  /** Everything. */
  ClusterAdmin: "ClusterAdmin",
  /** Nearly everything in namespaces, their roles included. */
  Admin: "Admin",
  /** Change most of what is in namespaces, and read secrets. */
  Edit: "Edit",
  /** Read what is in namespaces, but no secrets. */
  View: "View",
} as const;
export type AccessPolicy = (typeof AccessPolicy)[keyof typeof AccessPolicy];

/** How nodes are paid for, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html#managed-node-group-capacity-types. */
export const CapacityType = {
  OnDemand: "ON_DEMAND",
  /** For less, and taken away with two minutes' notice when AWS needs them. */
  Spot: "SPOT",
} as const;
export type CapacityType = (typeof CapacityType)[keyof typeof CapacityType];

/** Images of nodes, https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html#AmazonEKS-CreateNodegroup-request-amiType. */
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

/** What a taint does to pods that do not tolerate it. */
export const TaintEffect = {
  NoSchedule: "NO_SCHEDULE",
  NoExecute: "NO_EXECUTE",
  PreferNoSchedule: "PREFER_NO_SCHEDULE",
} as const;
export type TaintEffect = (typeof TaintEffect)[keyof typeof TaintEffect];

/** From where the Kubernetes API is reached, https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html. */
export interface EndpointArgs {
  /**
   * IPv4 ranges outside the VPC from which the API is reached, too: at most 40, none wider than /8. Nodes and the VPC reach it by
   * its private address.
   *
   * @default - none: it is reached from the VPC alone.
   */
  publicCidrs?: string[];
}

/** Who may use the Kubernetes API, https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html. */
export interface AccessEntryArgs {
  /** ARN of an IAM role or user. A session's (`…:assumed-role/…`) is none. */
  principalArn: string;
  policy: AccessPolicy;
  /** Namespaces that it is for; a final `*` stands for any end. @default - the whole cluster. */
  namespaces?: string[];
}

export interface TaintArgs {
  key: string;
  value?: string;
  effect: TaintEffect;
}

/** EC2 instances of a kind that are nodes, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. */
export interface NodeGroupArgs {
  /** EC2 instance types of one processor architecture, the preferred first; for spot several, so that one is to be had. */
  instanceTypes: string[];
  /** The least nodes. */
  minSize: number;
  /** The most nodes. */
  maxSize: number;
  /**
   * Nodes to start with. No autoscaler is installed; one that is changes the number later.
   *
   * @default - `minSize`.
   */
  desiredSize?: number;
  /** @default "ON_DEMAND" */
  capacityType?: CapacityType;
  /** GiB of the encrypted disk for images, logs and emptyDir volumes. @default 50 */
  diskSize?: number;
  /** Labels of the nodes. @default - none but those of EKS. */
  labels?: Record<string, Input<string>>;
  /** Taints of the nodes. One group must have none. @default - none. */
  taints?: TaintArgs[];
  /** @default - Amazon Linux 2023 for the architecture of the instance types. */
  amiType?: AmiType;
}

/** As whom the kubeconfig asks AWS for a token. */
export interface KubeconfigArgs {
  /** Profile of the AWS configuration. @default - what the environment of who uses the kubeconfig says. */
  profile?: string;
  /** ARN of a role that is assumed for it; it must have an access entry. @default - none. */
  roleArn?: string;
}

export interface EksClusterArgs {
  /** Region that the cluster is in, that of the provider. */
  region: string;
  /**
   * Kubernetes version: a minor one that EKS has in standard support,
   * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html. It can only go up, one at a time.
   *
   * @default "1.36"
   */
  version?: string;
  /** Ids of private subnets in two zones at least. The control plane has its interfaces there; nodes and pods run there. */
  subnetIds: Input<Input<string>[]>;
  /** @default - reached from the VPC alone. */
  endpoint?: EndpointArgs;
  /** Who may use the Kubernetes API: nobody else. One must be ClusterAdmin of the whole cluster: whoever deploys to it. */
  accessEntries: AccessEntryArgs[];
  /**
   * Managed node groups by name, with the add-ons that Auto Mode has built in.
   *
   * @default - EKS Auto Mode: AWS adds, replaces and removes nodes by what pods need, https://docs.aws.amazon.com/eks/latest/userguide/automode.html.
   */
  nodeGroups?: Record<string, NodeGroupArgs>;
  /**
   * Versions of EKS add-ons by their names, such as `coredns: "v1.13.1-eksbuild.1"`. Without one an add-on stays with the version
   * that it was installed with: EKS' default for the Kubernetes version of that day.
   *
   * @default - none.
   */
  addonVersions?: Record<string, string>;
  /**
   * KMS key for Kubernetes secrets and the control plane's logs, in the same region; its policy must let CloudWatch Logs use it,
   * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html. It cannot be changed later.
   *
   * @default - one of its own, whose material AWS renews every year.
   */
  kmsKeyArn?: Input<string>;
  /** Days that the control plane's logs are kept: one of the numbers that CloudWatch Logs takes. @default 90 */
  logRetentionDays?: number;
  /**
   * Whether AWS and Pulumi refuse to delete the cluster, its logs and its key. Before they are deleted it must be false for one `up`.
   *
   * @default false
   */
  deletionProtection?: boolean;
  /** @default - whoever uses it, by what their environment says. */
  kubeconfig?: KubeconfigArgs;
  /** Tags of everything in AWS, and of volumes and load balancers that the cluster makes. @default - none. */
  tags?: Record<string, Input<string>>;
}
