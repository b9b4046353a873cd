import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { cloudWatchAddon } from "../../eks-addon-names.ts";
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

/** Add-ons that call AWS. Each has its own role, because any pod with access to the nodes' role would share its permissions. */
const addonRoles: Record<string, { role: string; namespace?: string; serviceAccount: string; policy: string }> = {
  // https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
  "vpc-cni": { role: "vpc-cni", serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  // V2 covers only volumes that the driver created: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918.
  "aws-ebs-csi-driver": { role: "ebs-csi", serviceAccount: "ebs-csi-controller-sa", policy: "AmazonEBSCSIDriverPolicyV2" },
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Observability-EKS-addon.html. Fluent Bit has the same ServiceAccount.
  [cloudWatchAddon]: {
    role: "cw-agent",
    namespace: "amazon-cloudwatch",
    serviceAccount: "cloudwatch-agent",
    policy: "CloudWatchAgentServerPolicy",
  },
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
  const { role, namespace = "kube-system", serviceAccount, policy } = known;
  const values = {
    description: `AWS rights of the add-on ${addon} of ${name}`,
    trust: identity.apply((cluster) => podTrust(cluster, namespace, serviceAccount)),
    policyArns: [managedPolicyArn(args.region, policy)],
    roles: args.roles,
    tags: args.tags,
  };
  return { serviceAccount, ...createRole(`${name}-${role}`, values, { parent }) };
}
