import { settingsNamespace } from "../../config/config-value.ts";
import type { NodeGroupArgs } from "../../components/eks-cluster-args.ts";
import type { EksClusterArgs } from "../../components/eks-cluster.ts";
import { isArmImage, defaultAmiType } from "../../components/instance-types.ts";
import { formatProblem, type Problem } from "../../lib/problem.ts";
import { defaultCidr, layOut, overlaps, privateRanges, problemsWithCidr } from "../../lib/subnets.ts";
import type { NetworkArgs } from "../../components/network-args.ts";
import { problemWithRange } from "../../components/rules/eks-cluster.ts";
import type { EksSettings } from "../../config/schema/eks.ts";
import { awsDefaults } from "../../components/aws-defaults.ts";

// Translates the settings into arguments of components. All defaults that belong to the platform are here.

type Tags = Record<string, string>;

/** Tags of all AWS resources of a stack. They identify the resources even without the stack's state. */
export function tagsOf(project: string, stack: string, { tags }: EksSettings): Tags {
  return { "dev.slipway/project": project, "dev.slipway/stack": stack, ...tags };
}

/** Arguments of the Network, or undefined for an existing VPC. */
export function networkArgs(eks: EksSettings, tags: Tags): NetworkArgs | undefined {
  const { vpcId, privateSubnetIds: _private, loadBalancerSubnetIds: _subnets, loadBalancerCidrs: _cidrs, ...network } = eks.network ?? {};
  if (vpcId !== undefined) return undefined;
  const { region, logRetentionDays = awsDefaults.logRetentionDays, containerInsights, roles } = eks;
  // The CloudWatch agent sends its metrics to it. Logs have an endpoint already.
  const ofAgent = network.nat === "none" && containerInsights === true ? ["monitoring"] : [];
  const additionalEndpoints = [...new Set([...(network.additionalEndpoints ?? []), ...ofAgent])];
  return {
    zones: ["a", "b", "c"].map((zone) => region + zone),
    ...network,
    region,
    flowLogRetentionDays: logRetentionDays,
    ...(additionalEndpoints.length > 0 && { additionalEndpoints }),
    roles,
    tags,
  };
}

/** Arguments of the EksCluster. */
export function clusterArgs(eks: EksSettings, tags: Tags, subnetIds: EksClusterArgs["subnetIds"]): EksClusterArgs {
  const { region, profile, version, endpoint, access = [], nodeGroups, deletionProtection, logRetentionDays, restrictTrust } = eks;
  return {
    region,
    version,
    addonVersions: eks.addonVersions,
    containerInsights: eks.containerInsights,
    roles: eks.roles,
    subnetIds,
    endpoint: { ...endpoint, privateCidrs: endpoint?.privateCidrs ?? privateCidrs(eks) },
    accessEntries: access,
    nodeGroups,
    deletionProtection,
    logRetentionDays,
    restrictTrust,
    kubeconfig: { profile },
    tags,
  };
}

/** Ranges that reach the private address of the Kubernetes API by default. Those that are wrong are reported where they are set. */
function privateCidrs(eks: EksSettings): string[] {
  const network = networkArgs(eks, {});
  if (network === undefined) return [];
  const valid = [network.cidr ?? defaultCidr, ...(network.connectedCidrs ?? [])].filter((range) => problemWithRange(range) === undefined);
  return valid.filter((range, i) => !valid.slice(0, i).some((other) => overlaps(other, range)));
}

/** Source ranges of the load balancer's requests: those of its subnets, or all private ranges if they are not known yet. */
export function loadBalancerCidrs(eks: EksSettings): string[] {
  if (eks.stack !== undefined) return privateRanges;
  const args = networkArgs(eks, {});
  if (args === undefined) return eks.network?.loadBalancerCidrs ?? privateRanges;
  const { cidr = defaultCidr, zones } = args;
  if (problemsWithCidr(cidr).length > 0) return privateRanges;
  return layOut(cidr, zones.length)[schemeOf(eks) === "internal" ? "private" : "public"];
}

/** Whether the load balancer has private or public addresses. */
export function schemeOf({ loadBalancer }: EksSettings) {
  return loadBalancer?.scheme ?? "internet-facing";
}

/**
 * Image platforms of the nodes. The built-in node pool of EKS Auto Mode for services has x86 nodes only,
 * https://docs.aws.amazon.com/eks/latest/userguide/set-builtin-node-pools.html.
 */
export function nodePlatforms({ nodeGroups }: EksSettings): string[] {
  const isArm = ({ amiType, instanceTypes }: NodeGroupArgs) => isArmImage(amiType ?? defaultAmiType(instanceTypes));
  const platforms = Object.values(nodeGroups ?? {}).map((group) => (isArm(group) ? "linux/arm64" : "linux/amd64"));
  return platforms.length === 0 ? ["linux/amd64"] : [...new Set(platforms)].sort();
}

/** Formats a problem with the key of the stack file, `slipway:eks.version: …`. A problem without a path is not about a setting. */
export function formatSettingProblem(problem: Problem): string {
  return problem.path.length === 0 ? formatProblem(problem) : `${settingsNamespace}:${formatProblem(problem)}`;
}
