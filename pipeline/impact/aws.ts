import type { Change, Step } from "../preview/step.ts";
import { Impact } from "./classes.ts";
import type { ImpactRule } from "./rule.ts";

const aws = (...kinds: string[]) => kinds.map((kind) => `aws:${kind.split(".")[0]}/*:${kind.split(".")[1]}`);
const comes: ImpactRule["operations"] = ["create", "import"];
const goes: ImpactRule["operations"] = ["replace", "delete"];
const any: ImpactRule["operations"] = ["create", "import", "replace", "delete"];

const stores = aws(
  ...["s3.Bucket", "s3.BucketV2", "rds.Instance", "rds.Cluster", "dynamodb.Table", "ebs.Volume", "efs.FileSystem", "elasticache.*"],
  ...["sqs.Queue", "secretsmanager.Secret", "ecr.Repository", "docdb.Cluster", "opensearch.Domain", "msk.Cluster"],
);
const networkParts = aws("ec2.Vpc", "ec2.Subnet", "ec2.InternetGateway");
const firewalls = aws(
  "ec2.SecurityGroup",
  "ec2.SecurityGroupRule",
  "ec2.DefaultSecurityGroup",
  "vpc.*",
  "ec2.NetworkAcl",
  "ec2.NetworkAclRule",
);
const rights = aws(
  ...["iam.*", "eks.AccessEntry", "eks.AccessPolicyAssociation", "eks.PodIdentityAssociation", "ecr.RepositoryPolicy", "kms.KeyPolicy"],
  ...["s3.BucketPolicy", "s3.BucketPublicAccessBlock", "kms.Grant", "sqs.QueuePolicy"],
);
const routes = aws("ec2.Route", "ec2.RouteTable", "ec2.RouteTableAssociation");
const logs = aws("cloudwatch.LogGroup");

const isShorter = (_: Step, change?: Change) =>
  Number(change!.after) !== 0 && (Number(change!.before) === 0 || Number(change!.after) < Number(change!.before));

/** AWS takes no range for every range. */
function isOpenToAll({ after }: Step): boolean {
  const { endpointPublicAccess, publicAccessCidrs = ["0.0.0.0/0"] } = (after["vpcConfig"] ?? {}) as Record<string, unknown>;
  return endpointPublicAccess === true && (publicAccessCidrs as string[]).some((cidr) => cidr === "0.0.0.0/0" || cidr === "::/0");
}

/**
 * What changes of AWS resources do. That a property cannot be changed in place, the provider says in the preview; what it means is
 * here. The first rule that holds decides about a property.
 */
export const awsRules: ImpactRule[] = [
  // The cluster.
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
  // The network.
  {
    id: "network-gone",
    types: networkParts,
    operations: goes,
    impact: Impact.Replacement,
    reason: "{changed}: the {kind} goes, and whatever is in it must be made anew",
  },
  { id: "network-created", types: networkParts, operations: comes, impact: Impact.Nothing, reason: "nothing is in it yet" },
  {
    id: "network-settings",
    types: networkParts,
    operations: ["update"],
    properties: ["enableDnsSupport", "enableDnsHostnames", "mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: how what is in it is reached",
  },
  { id: "route", types: routes, operations: comes, impact: Impact.Access, reason: "a way from subnets to elsewhere" },
  {
    id: "route-changed",
    types: routes,
    operations: ["update"],
    properties: [
      ...["natGatewayId", "gatewayId", "transitGatewayId", "vpcPeeringConnectionId", "networkInterfaceId", "vpcEndpointId", "routes"],
      ...["routeTableId", "propagatingVgws"],
    ],
    impact: Impact.Access,
    reason: "{changed}: where packets to elsewhere go; connections that are open end",
  },
  { id: "route-gone", types: routes, operations: goes, impact: Impact.Downtime, reason: "{changed}: subnets lose a way to elsewhere" },
  {
    id: "nat-created",
    types: aws("ec2.NatGateway"),
    operations: comes,
    impact: Impact.Cost,
    reason: "a NAT gateway, paid for by the hour and the gigabyte",
  },
  {
    id: "nat-gone",
    types: aws("ec2.NatGateway"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: connections from private subnets to elsewhere end",
  },
  {
    id: "address-created",
    types: aws("ec2.Eip"),
    operations: comes,
    impact: Impact.Cost,
    reason: "a public address, paid for by the hour",
  },
  {
    id: "address-gone",
    types: aws("ec2.Eip"),
    operations: goes,
    impact: Impact.Access,
    reason: "{changed}: the address by which others know it is another one",
  },
  {
    id: "endpoint-created",
    types: aws("ec2.VpcEndpoint"),
    operations: comes,
    impact: Impact.Cost,
    reason: "a private endpoint, most of them paid for by the hour",
  },
  {
    id: "endpoint-changed",
    types: aws("ec2.VpcEndpoint"),
    operations: ["update"],
    properties: ["policy", "securityGroupIds", "subnetIds", "routeTableIds", "privateDnsEnabled"],
    impact: Impact.Access,
    reason: "{changed}: who reaches the service behind it",
  },
  {
    id: "endpoint-gone",
    types: aws("ec2.VpcEndpoint"),
    operations: goes,
    impact: Impact.Access,
    reason: "{changed}: the service behind it is reached in another way, if at all",
  },
  {
    id: "firewall",
    types: firewalls,
    operations: any,
    impact: Impact.Access,
    reason: "{changed}: who reaches what in the network",
  },
  {
    id: "firewall-changed",
    types: firewalls,
    operations: ["update"],
    properties: [
      ...["ingress", "egress", "cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks", "fromPort", "toPort", "ipProtocol", "protocol"],
      ...["referencedSecurityGroupId", "prefixListId", "sourceSecurityGroupId", "subnetIds"],
    ],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: who reaches what in the network",
  },
  {
    id: "firewall-description",
    types: firewalls,
    operations: ["update"],
    properties: ["description"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
  {
    id: "flow-log",
    types: aws("ec2.FlowLog"),
    operations: any,
    impact: Impact.Metadata,
    reason: "what is written down of the network's traffic",
  },
  // Names and certificates.
  {
    id: "dns-record",
    types: aws("route53.Record"),
    operations: comes,
    impact: Impact.Access,
    reason: "{changed}: where {name} leads to",
  },
  {
    id: "dns-record-changed",
    types: aws("route53.Record"),
    operations: ["update"],
    properties: ["records", "ttl", "type", "aliases", "weightedRoutingPolicies", "setIdentifier"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: where {name} leads to",
  },
  {
    id: "dns-record-gone",
    types: aws("route53.Record", "route53.Zone"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: {name} leads nowhere for a while, or for good",
  },
  {
    id: "certificate",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: comes,
    impact: Impact.Nothing,
    reason: "nothing is served with it yet",
  },
  {
    id: "certificate-before-old",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: ["replace"],
    when: ({ deletesFirst }) => !deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: another certificate is there before the old one goes",
  },
  {
    id: "certificate-gone",
    types: aws("acm.Certificate", "acm.CertificateValidation"),
    operations: goes,
    impact: Impact.Downtime,
    reason: "{changed}: HTTPS has no certificate any more",
  },
  // What is stored.
  {
    id: "store-gone",
    types: stores,
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: the {kind} goes, with what is stored in it",
  },
  {
    id: "images-expire",
    types: aws("ecr.LifecyclePolicy"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.DataLoss,
    reason: "{changed}: other images are deleted from the repository, within a day",
  },
  {
    id: "images-expire-from-now",
    types: aws("ecr.LifecyclePolicy"),
    operations: any,
    impact: Impact.Metadata,
    reason: "{changed}: which images the repository keeps",
  },
  {
    id: "repository-tags",
    types: aws("ecr.Repository"),
    operations: ["update"],
    properties: ["imageTagMutability", "imageTagMutabilityExclusionFilters"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: whether a tag may be pushed again with another image",
  },
  {
    id: "repository-settings",
    types: aws("ecr.Repository"),
    operations: ["update"],
    properties: ["imageScanningConfiguration", "forceDelete"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  {
    id: "repository-created",
    types: aws("ecr.Repository"),
    operations: comes,
    impact: Impact.Nothing,
    reason: "an empty repository costs nothing",
  },
  {
    id: "store-created",
    types: stores,
    operations: comes,
    impact: Impact.Cost,
    reason: "a new {kind}",
  },
  {
    id: "key-gone",
    types: aws("kms.Key"),
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: what is encrypted with the key cannot be read once its waiting time is over",
  },
  { id: "key-created", types: aws("kms.Key"), operations: comes, impact: Impact.Cost, reason: "a key, paid for by the month" },
  {
    id: "key-rights",
    types: aws("kms.Key"),
    operations: ["update"],
    properties: ["policy"],
    impact: Impact.Access,
    reason: "{changed}: who may use the key",
  },
  {
    id: "key-settings",
    types: aws("kms.Key", "kms.Alias"),
    operations: ["update"],
    properties: ["description", "enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays", "isEnabled", "targetKeyId"],
    impact: Impact.Metadata,
    reason: "{changed}: {before} → {after}",
  },
  { id: "key-alias", types: aws("kms.Alias"), operations: any, impact: Impact.Metadata, reason: "another name of a key" },
  {
    id: "logs-gone",
    types: logs,
    operations: goes,
    impact: Impact.DataLoss,
    reason: "{changed}: the logs go",
  },
  {
    id: "logs-kept-shorter",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    when: isShorter,
    impact: Impact.DataLoss,
    reason: "{changed}: {before} → {after}: older logs go",
  },
  {
    id: "logs-kept-longer",
    types: logs,
    operations: ["update"],
    properties: ["retentionInDays"],
    impact: Impact.Cost,
    reason: "{changed}: {before} → {after}: more is stored",
  },
  {
    id: "logs-settings",
    types: logs,
    operations: ["update"],
    properties: ["kmsKeyId", "deletionProtectionEnabled"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
  { id: "logs-created", types: logs, operations: comes, impact: Impact.Cost, reason: "logs, paid for by the gigabyte" },
  // Rights.
  {
    id: "aws-rights",
    types: rights,
    operations: any,
    impact: Impact.Access,
    reason: "{changed}: who may do what in the account",
  },
  {
    id: "aws-rights-changed",
    types: rights,
    operations: ["update"],
    properties: [
      ...["policy", "policyArn", "assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "maxSessionDuration", "permissionsBoundary"],
      ...["kubernetesGroups", "userName", "accessScope", "roleArn", "targetRoleArn", "blockPublicAcls", "blockPublicPolicy", "role"],
      ...["ignorePublicAcls", "restrictPublicBuckets", "disableSessionTags"],
    ],
    impact: Impact.Access,
    reason: "{changed}: who may do what in the account",
  },
  {
    id: "aws-rights-description",
    types: rights,
    operations: ["update"],
    properties: ["description"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
  // Of every resource, the last.
  {
    id: "aws-tags",
    types: ["aws:*:*"],
    operations: ["update"],
    properties: ["tags", "tagsAll"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
