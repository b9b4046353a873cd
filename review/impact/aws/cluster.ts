import { Impact } from "../../../lib/impact.ts";
import type { Properties } from "../../../lib/values.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, created, removed } from "./kinds.ts";

/** Ranges of all addresses. */
export const everywhere = ["0.0.0.0/0", "::/0"];

/** Whether everyone can reach the API of an EKS cluster. By default, AWS makes it public, for every address. */
export function isApiOpenToAll({ vpcConfig }: Properties): boolean {
  const { endpointPublicAccess = true, publicAccessCidrs = everywhere } = (vpcConfig ?? {}) as Properties;
  return endpointPublicAccess !== false && [publicAccessCidrs].flat().some((cidr) => everywhere.includes(cidr));
}

/** EKS clusters, nodes and add-ons. */
export const clusterRules: ImpactRule[] = [
  {
    id: "eks-cluster-gone",
    types: aws("eks.Cluster"),
    operations: removed,
    impact: Impact.Replacement,
    reason: "{changed}: everything that runs or is stored in the cluster is deleted",
  },
  {
    id: "eks-cluster-created",
    types: aws("eks.Cluster"),
    operations: created,
    impact: Impact.Cost,
    reason: "a control plane, billed by the hour",
  },
  {
    id: "eks-api-open-to-all",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["vpcConfig.endpointPublicAccess", "vpcConfig.publicAccessCidrs"],
    when: ({ after }) => isApiOpenToAll(after),
    impact: Impact.Access,
    reason: "{changed}: everyone on the internet can reach the Kubernetes API",
  },
  {
    id: "eks-api-endpoint",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["vpcConfig", "accessConfig"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects who can reach the Kubernetes API",
  },
  {
    id: "eks-version",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["version"],
    impact: Impact.Rolling,
    reason:
      "Kubernetes {before} → {after}: the control plane is upgraded, and nodes of Auto Mode are replaced one by one; this cannot be undone",
  },
  {
    id: "eks-compute",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["computeConfig", "storageConfig", "kubernetesNetworkConfig", "remoteNetworkConfig"],
    impact: Impact.Downtime,
    reason: "{changed} ({before} → {after}): affects what provides nodes, volumes and load balancers",
  },
  {
    id: "eks-price",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["upgradePolicy", "controlPlaneScalingConfig", "enabledClusterLogTypes"],
    impact: Impact.Cost,
    reason: "{changed}: {before} → {after}",
  },
  {
    id: "eks-settings",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["deletionProtection", "zonalShiftConfig", "encryptionConfig", "forceUpdateVersion"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  {
    id: "eks-nodes-exchanged",
    types: aws("eks.NodeGroup"),
    operations: ["update"],
    properties: ["version", "releaseVersion", "launchTemplate", "labels", "taints", "updateConfig"],
    impact: Impact.Rolling,
    reason: "{changed} ({before} → {after}): nodes are drained and replaced one by one",
  },
  {
    id: "eks-nodes-scaled",
    types: aws("eks.NodeGroup"),
    operations: ["update"],
    properties: ["scalingConfig"],
    impact: Impact.Cost,
    reason: "{changed}: {before} → {after} nodes",
  },
  {
    id: "eks-nodes-before-old",
    types: aws("eks.NodeGroup"),
    operations: ["replace"],
    when: ({ deletesFirst }) => !deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: a new node group is created before the old one is drained",
  },
  {
    id: "eks-nodes-gone",
    types: aws("eks.NodeGroup"),
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: the nodes of the group are deleted, and the pods on them stop",
  },
  { id: "eks-nodes-created", types: aws("eks.NodeGroup"), operations: created, impact: Impact.Cost, reason: "nodes, billed by the hour" },
  {
    id: "launch-template",
    types: aws("ec2.LaunchTemplate"),
    operations: ["update", "replace"],
    impact: Impact.Rolling,
    reason: "{changed}: nodes are drained and replaced one by one",
  },
  {
    id: "launch-template-elsewhere",
    types: aws("ec2.LaunchTemplate"),
    operations: ["create", "import", "delete"],
    impact: Impact.Nothing,
    reason: "no node uses it",
  },
  {
    id: "eks-addon-changed",
    types: aws("eks.Addon"),
    operations: ["update"],
    properties: ["addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn", "resolveConflictsOnUpdate"],
    impact: Impact.Rolling,
    reason: "{changed} ({before} → {after}): the pods of the add-on are replaced",
  },
  {
    id: "eks-addon-gone",
    types: aws("eks.Addon"),
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: pods lose what the add-on provides (network, DNS, volumes)",
  },
  {
    id: "eks-addon-created",
    types: aws("eks.Addon"),
    operations: created,
    impact: Impact.Nothing,
    reason: "new: nothing depends on it yet",
  },
];
