import type { NodeGroupArgs } from "../../components/eks-cluster-args.ts";
import type { EksClusterArgs } from "../../components/eks-cluster.ts";
import { isArmImage, defaultAmiType } from "../../components/instance-types.ts";
import { defaultCidr, layOut, privateRanges, problemsWithCidr } from "../../lib/subnets.ts";
import type { NetworkArgs } from "../../components/network-args.ts";
import type { EksSettings } from "../../config/schema/eks.ts";

// What the settings of the platform say to its components: each default of the platform's own is here.

type Tags = Record<string, string>;

/** What everything in AWS is found by, also when its stack is gone. */
export function tagsOf(project: string, stack: string, { tags }: EksSettings): Tags {
  return { "dev.slipway/project": project, "dev.slipway/stack": stack, ...tags };
}

/** Arguments of the Network, or undefined where the VPC exists. */
export function networkArgs(eks: EksSettings, tags: Tags): NetworkArgs | undefined {
  const { vpcId, privateSubnetIds: _private, loadBalancerSubnetIds: _subnets, loadBalancerCidrs: _cidrs, ...network } = eks.network ?? {};
  if (vpcId !== undefined) return undefined;
  const { region, logRetentionDays = 90 } = eks;
  return { zones: ["a", "b", "c"].map((zone) => region + zone), ...network, region, flowLogRetentionDays: logRetentionDays, tags };
}

/** Arguments of the EksCluster. Its subnets are those given where the Network is only to come. */
export function clusterArgs(eks: EksSettings, tags: Tags, subnetIds: EksClusterArgs["subnetIds"]): EksClusterArgs {
  const { region, profile, version, endpoint, access = [], nodeGroups, deletionProtection, logRetentionDays } = eks;
  return {
    region,
    version,
    subnetIds,
    endpoint,
    accessEntries: access,
    nodeGroups,
    deletionProtection,
    logRetentionDays,
    kubeconfig: { profile },
    tags,
  };
}

/** Where requests of the load balancer come from: ranges of its subnets, or any there can be where that is yet to be known. */
export function loadBalancerCidrs(eks: EksSettings): string[] {
  if (eks.stack !== undefined) return privateRanges;
  const args = networkArgs(eks, {});
  if (args === undefined) return eks.network?.loadBalancerCidrs ?? privateRanges;
  const { cidr = defaultCidr, zones } = args;
  if (problemsWithCidr(cidr).length > 0) return privateRanges;
  return layOut(cidr, zones.length)[schemeOf(eks) === "internal" ? "private" : "public"];
}

export function schemeOf({ loadBalancer }: EksSettings) {
  return loadBalancer?.scheme ?? "internet-facing";
}

/**
 * Platforms of images that the nodes run. EKS Auto Mode's own node pool for services has x86 alone,
 * https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html.
 */
export function nodePlatforms({ nodeGroups }: EksSettings): string[] {
  const isArm = ({ amiType, instanceTypes }: NodeGroupArgs) => isArmImage(amiType ?? defaultAmiType(instanceTypes));
  const platforms = Object.values(nodeGroups ?? {}).map((group) => (isArm(group) ? "linux/arm64" : "linux/amd64"));
  return platforms.length === 0 ? ["linux/amd64"] : [...new Set(platforms)].sort();
}
