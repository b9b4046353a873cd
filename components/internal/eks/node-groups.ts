import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { NodeGroupArgs } from "../../eks-cluster-args.ts";
import type { ClusterContext } from "./addons.ts";
import { defaultAmiType } from "../../instance-types.ts";
import { defaultVersion } from "../../eks-versions.ts";
import { awsDefaults } from "../../aws-defaults.ts";

/** Creates managed node groups, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. */
export function createNodeGroups(
  { name, cluster, args }: ClusterContext,
  nodeRole: aws.iam.Role,
  parent: pulumi.Resource,
  after: pulumi.Resource[],
): aws.eks.NodeGroup[] {
  return Object.entries(args.nodeGroups ?? {}).map(([key, group]) => {
    const { minSize, maxSize, desiredSize = minSize, instanceTypes, capacityType = awsDefaults.capacityType, labels, taints } = group;
    const groupName = `${name}-${key}`;
    const template = createLaunchTemplate(groupName, group, args.tags, parent);
    return new aws.eks.NodeGroup(
      groupName,
      {
        clusterName: cluster.name,
        // With a unique name, Pulumi can create the replacement of a group before it deletes the old one.
        nodeGroupNamePrefix: `${key}-`,
        nodeRoleArn: nodeRole.arn,
        subnetIds: args.subnetIds,
        version: args.version ?? defaultVersion,
        amiType: amiTypeOf(group),
        instanceTypes,
        capacityType,
        scalingConfig: { minSize, maxSize, desiredSize },
        updateConfig: { maxUnavailable: 1 },
        nodeRepairConfig: { enabled: true },
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        labels,
        taints,
        tags: args.tags,
      },
      // An autoscaler changes it.
      { parent, dependsOn: after, ignoreChanges: ["scalingConfig.desiredSize"] },
    );
  });
}

function createLaunchTemplate(name: string, group: NodeGroupArgs, tags: ClusterContext["args"]["tags"], parent: pulumi.Resource) {
  const ebs = { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" };
  const data = { ...ebs, volumeSize: group.diskSize ?? awsDefaults.diskSize };
  const isBottlerocket = amiTypeOf(group).startsWith("BOTTLEROCKET_");
  return new aws.ec2.LaunchTemplate(
    name,
    {
      description: `Nodes of ${name}`,
      // Pods are one hop further away and cannot use the nodes' role, unless they use the host network.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      blockDeviceMappings: isBottlerocket
        ? [
            { deviceName: "/dev/xvda", ebs },
            { deviceName: "/dev/xvdb", ebs: data },
          ]
        : [{ deviceName: "/dev/xvda", ebs: data }],
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({
        resourceType,
        tags: { Name: name, ...tags },
      })),
      updateDefaultVersion: true,
      tags,
    },
    { parent },
  );
}

function amiTypeOf({ amiType, instanceTypes }: NodeGroupArgs): string {
  return amiType ?? defaultAmiType(instanceTypes);
}
