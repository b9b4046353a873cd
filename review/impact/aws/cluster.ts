import type { Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, comes, goes } from "./kinds.ts";

/** AWS takes no range for every range. */
function isOpenToAll({ after }: Step): boolean {
  const { endpointPublicAccess, publicAccessCidrs = ["0.0.0.0/0"] } = (after["vpcConfig"] ?? {}) as Record<string, unknown>;
  return endpointPublicAccess === true && (publicAccessCidrs as string[]).some((cidr) => cidr === "0.0.0.0/0" || cidr === "::/0");
}

/** The cluster. */
export const clusterRules: ImpactRule[] = [
  {
    id: "eks-cluster-gone",
    types: aws("eks.Cluster"),
    operations: goes,
    impact: Impact.Replacement,
    reason: "{changed}: the cluster goes, with all that runs and is stored in it",
  },
  {
    id: "eks-cluster-created",
    types: aws("eks.Cluster"),
    operations: comes,
    impact: Impact.Cost,
    reason: "a control plane, paid for by the hour",
  },
  {
    id: "eks-api-open-to-all",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["vpcConfig.endpointPublicAccess", "vpcConfig.publicAccessCidrs"],
    when: isOpenToAll,
    impact: Impact.Access,
    reason: "{changed}: everybody on the internet reaches the Kubernetes API",
  },
  {
    id: "eks-api-endpoint",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["vpcConfig", "accessConfig"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: who reaches the Kubernetes API",
  },
  {
    id: "eks-version",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["version"],
    impact: Impact.Rolling,
    reason: "Kubernetes {before} → {after}: the control plane is exchanged, and nodes of Auto Mode one after another; there is no way back",
  },
  {
    id: "eks-compute",
    types: aws("eks.Cluster"),
    operations: ["update"],
    properties: ["computeConfig", "storageConfig", "kubernetesNetworkConfig", "remoteNetworkConfig"],
    impact: Impact.Downtime,
    reason: "{changed}: {before} → {after}: who provides nodes, disks and load balancers",
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
    reason: "{changed}: {before} → {after}: nodes are drained and exchanged one after another",
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
    reason: "{changed}: another group of nodes is there before the old one is drained",
  },
  {
    id: "eks-nodes-gone",
    types: aws("eks.NodeGroup"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: the group's nodes go, with the pods on them",
  },
  { id: "eks-nodes-created", types: aws("eks.NodeGroup"), operations: comes, impact: Impact.Cost, reason: "nodes, paid for by the hour" },
  {
    id: "launch-template",
    types: aws("ec2.LaunchTemplate"),
    operations: ["update", "replace"],
    impact: Impact.Rolling,
    reason: "{changed}: nodes are drained and exchanged one after another",
  },
  {
    id: "launch-template-elsewhere",
    types: aws("ec2.LaunchTemplate"),
    operations: ["create", "import", "delete"],
    impact: Impact.Nothing,
    reason: "no node is of it",
  },
  {
    id: "eks-addon-changed",
    types: aws("eks.Addon"),
    operations: ["update"],
    properties: ["addonVersion", "configurationValues", "podIdentityAssociations", "serviceAccountRoleArn", "resolveConflictsOnUpdate"],
    impact: Impact.Rolling,
    reason: "{changed}: {before} → {after}: its pods are exchanged",
  },
  {
    id: "eks-addon-gone",
    types: aws("eks.Addon"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: what the add-on does for pods (network, names, disks) ends",
  },
  {
    id: "eks-addon-created",
    types: aws("eks.Addon"),
    operations: comes,
    impact: Impact.Nothing,
    reason: "it is new: nothing relies on it yet",
  },
];
