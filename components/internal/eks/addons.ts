import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { EksClusterArgs } from "../../eks-cluster-args.ts";
import { managedPolicy, podTrust, type ClusterIdentity } from "./iam.ts";
import { createRole } from "./role.ts";

/** What a cluster has that is put into it. */
export interface Cluster {
  name: string;
  cluster: aws.eks.Cluster;
  identity: pulumi.Output<ClusterIdentity>;
  args: EksClusterArgs;
}

/** What Auto Mode has not built in: autoscaling of pods looks at what it measures. */
export const autoModeAddons = ["metrics-server"] as const;

/** What a node needs to become ready and pods to get their AWS rights: there before any node. */
export const addonsBeforeNodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"] as const;

/** What needs nodes to run on, and is not active before. */
export const addonsAfterNodes = ["coredns", "aws-ebs-csi-driver", "metrics-server"] as const;

/** Add-ons that call AWS. They do so by roles of their own: the nodes' role is that of every pod that gets at it. */
const identities: Record<string, { role: string; serviceAccount: string; policy: string }> = {
  // https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
  "vpc-cni": { role: "vpc-cni", serviceAccount: "aws-node", policy: "AmazonEKS_CNI_Policy" },
  // For volumes that it made, and no others: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918.
  "aws-ebs-csi-driver": { role: "ebs-csi", serviceAccount: "ebs-csi-controller-sa", policy: "AmazonEBSCSIDriverPolicyV2" },
};

const configurations: Record<string, object> = {
  // https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html
  "vpc-cni": { enableNetworkPolicy: "true" },
};

/** https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html */
export function createAddons(
  of: Cluster,
  addons: readonly string[],
  parent: pulumi.Resource,
  after: pulumi.Resource[] = [],
): aws.eks.Addon[] {
  return addons.map((addonName) => {
    const identity = createIdentity(of, addonName, parent);
    const configuration = configurations[addonName];
    return new aws.eks.Addon(
      `${of.name}-${addonName}`,
      {
        clusterName: of.cluster.name,
        addonName,
        addonVersion: of.args.addonVersions?.[addonName],
        configurationValues: configuration && JSON.stringify(configuration),
        podIdentityAssociations: identity && [{ roleArn: identity.role.arn, serviceAccount: identity.serviceAccount }],
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        tags: of.args.tags,
      },
      { parent, dependsOn: [...after, ...(identity?.rights ?? [])] },
    );
  });
}

function createIdentity({ name, identity, args }: Cluster, addon: string, parent: pulumi.Resource) {
  const known = identities[addon];
  if (known === undefined) return undefined;
  const { role, serviceAccount, policy } = known;
  const values = {
    description: `AWS rights of the add-on ${addon} of ${name}`,
    trust: identity.apply((cluster) => podTrust(cluster, "kube-system", serviceAccount)),
    policyArns: [managedPolicy(args.region, policy)],
    tags: args.tags,
  };
  return { serviceAccount, ...createRole(`${name}-${role}`, values, { parent }) };
}
