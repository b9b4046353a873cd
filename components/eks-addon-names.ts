// https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html

/** Add-ons that Auto Mode does not have built in. Pod autoscaling needs metrics-server. */
export const autoModeAddons = ["metrics-server"] as const;

/** Add-ons that nodes need to become ready, and pods to get AWS permissions. They are created before the nodes. */
export const addonsBeforeNodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"] as const;

/** Add-ons that become active only once there are nodes to run on. */
export const addonsAfterNodes = ["coredns", "aws-ebs-csi-driver", "metrics-server"] as const;

/** Ships logs and metrics of containers to CloudWatch. */
export const cloudWatchAddon = "amazon-cloudwatch-observability";

/** The names of a cluster's EKS add-ons. */
export function addonsOf({ autoMode, containerInsights }: { autoMode: boolean; containerInsights: boolean }): string[] {
  const ofNodes = autoMode ? autoModeAddons : [...addonsBeforeNodes, ...addonsAfterNodes];
  return [...ofNodes, ...(containerInsights ? [cloudWatchAddon] : [])];
}
