import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { EksClusterArgs } from "../../eks-cluster-args.ts";
import type { ClusterIdentity } from "../../../lib/aws-arn.ts";
import { managedPolicyArn, podTrust } from "./iam.ts";
import { createRole } from "./role.ts";

/** The cluster, and what is needed to create resources that belong to it. */
export interface ClusterContext {
  name: string;
  cluster: aws.eks.Cluster;
  identity: pulumi.Output<ClusterIdentity>;
  args: EksClusterArgs;
}

/** Add-ons that Auto Mode does not have built in. Pod autoscaling needs metrics-server. */
export const autoModeAddons = ["metrics-server"] as const;

/** Add-ons that nodes need to become ready, and pods to get AWS permissions. They are created before the nodes. */
export const addonsBeforeNodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"] as const;

/** Add-ons that become active only once there are nodes to run on. */
export const addonsAfterNodes = ["coredns", "aws-ebs-csi-driver", "metrics-server"] as const;

/** Add-ons that call AWS. Each has its own role, because any pod with access to the nodes' role would share its permissions. */
const addonRoles: Record<string, { role: string; serviceAccount: string; policy: string }> = {
  // https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
  "vpc-cni": { role: "vpc-cni", serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  // V2 covers only volumes that the driver created: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918.
  "aws-ebs-csi-driver": { role: "ebs-csi", serviceAccount: "ebs-csi-controller-sa", policy: "AmazonEBSCSIDriverPolicyV2" },
};

const configurations: Record<string, object> = {
  // https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
  "vpc-cni": { enableNetworkPolicy: "true" },
};

/** Creates EKS add-ons, https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html. */
export function createAddons(
  context: ClusterContext,
  addons: readonly string[],
  parent: pulumi.Resource,
  after: pulumi.Resource[] = [],
): aws.eks.Addon[] {
  return addons.map((addonName) => {
    const identity = createAddonRole(context, addonName, parent);
    const configuration = configurations[addonName];
    return new aws.eks.Addon(
      `${context.name}-${addonName}`,
      {
        clusterName: context.cluster.name,
        addonName,
        addonVersion: context.args.addonVersions?.[addonName],
        configurationValues: configuration && JSON.stringify(configuration),
        podIdentityAssociations: identity && [{ roleArn: identity.role.arn, serviceAccount: identity.serviceAccount }],
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        tags: context.args.tags,
      },
      { parent, dependsOn: [...after, ...(identity?.rights ?? [])] },
    );
  });
}

function createAddonRole({ name, identity, args }: ClusterContext, addon: string, parent: pulumi.Resource) {
  const known = addonRoles[addon];
  if (known === undefined) return undefined;
  const { role, serviceAccount, policy } = known;
  const values = {
    description: `AWS rights of the add-on ${addon} of ${name}`,
    trust: identity.apply((cluster) => podTrust(cluster, "kube-system", serviceAccount)),
    policyArns: [managedPolicyArn(args.region, policy)],
    tags: args.tags,
  };
  return { serviceAccount, ...createRole(`${name}-${role}`, values, { parent }) };
}
