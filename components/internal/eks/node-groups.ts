import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { CapacityType, type NodeGroupArgs } from "../../eks-cluster-args.ts";
import type { Cluster } from "./addons.ts";
import { defaultAmiType } from "../../instance-types.ts";
import { defaultVersion } from "../../eks-versions.ts";

/** Managed node groups, https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. */
export function createNodeGroups(
  { name, cluster, args }: Cluster,
  nodeRole: aws.iam.Role,
  parent: pulumi.Resource,
  after: pulumi.Resource[],
): aws.eks.NodeGroup[] {
  return Object.entries(args.nodeGroups ?? {}).map(([key, group]) => {
    const { minSize, maxSize, desiredSize = minSize, instanceTypes, capacityType = CapacityType.OnDemand, labels, taints } = group;
    const groupName = `${name}-${key}`;
    const template = createLaunchTemplate(groupName, group, args.tags, parent);
    return new aws.eks.NodeGroup(
      groupName,
      {
        clusterName: cluster.name,
        // A group of other instance types is another group, and is there before the old one goes.
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
      { parent, dependsOn: after },
    );
  });
}

function createLaunchTemplate(name: string, group: NodeGroupArgs, tags: Cluster["args"]["tags"], parent: pulumi.Resource) {
  const ebs = { volumeType: "gp3", encrypted: "true", deleteOnTermination: "true" };
  const data = { ...ebs, volumeSize: group.diskSize ?? 50 };
  const isBottlerocket = amiTypeOf(group).startsWith("BOTTLEROCKET_");
  return new aws.ec2.LaunchTemplate(
    name,
    {
      description: `Nodes of ${name}`,
      // Only nodes get at the rights of their role: a pod is a hop further away, unless it is in the node's own network.
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
