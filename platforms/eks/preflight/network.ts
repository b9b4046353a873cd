import { collect, type Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { networkArgs } from "../settings.ts";
import { awsMessage, type AwsQuery } from "./aws-cli.ts";

/** The output of `aws ec2 describe-availability-zones`. */
export interface DescribeZones {
  AvailabilityZones: { ZoneName: string; ZoneId?: string; State: string; ZoneType?: string }[];
}

/** Zones without EKS control planes, by their ids: names differ between accounts. https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html */
const withoutEks = ["use1-az3", "usw1-az2", "cac1-az3"];

/** The account must be able to use the zones of a new network. */
export function problemsWithZones(eks: EksSettings, { AvailabilityZones: all }: DescribeZones): Problem[] {
  const usable = all.filter(
    ({ State, ZoneType = "availability-zone", ZoneId = "" }) =>
      State === "available" && ZoneType === "availability-zone" && !withoutEks.includes(ZoneId),
  );
  const names = usable.map((zone) => zone.ZoneName).sort();
  const unusable = networkArgs(eks, {})?.zones.filter((zone) => !names.includes(zone)) ?? [];
  if (unusable.length === 0) return [];
  const message = `must be zones that EKS and this account can use: ${names.join(", ")} (got ${unusable.join(", ")})`;
  return [{ path: ["eks", "network", "zones"], message }];
}

interface DescribeSubnets {
  Subnets: { SubnetId: string; VpcId: string; AvailabilityZone: string; CidrBlock: string; AvailableIpAddressCount: number }[];
}

/** Free addresses that a load balancer needs in a subnet, https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html. */
const minFreeAddresses = 8;

/** The subnets of an existing VPC must be in the VPC and in different zones, have free addresses, and have the given ranges. */
export async function problemsWithSubnets({ network = {} }: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const { vpcId, privateSubnetIds = [], loadBalancerSubnetIds = [], loadBalancerCidrs = [] } = network;
  if (vpcId === undefined) return [];
  const ids = [...new Set([...privateSubnetIds, ...loadBalancerSubnetIds])];
  const answer = await aws<DescribeSubnets>("ec2", "describe-subnets", "--subnet-ids", ...ids).catch((error: Error) => error);
  if (answer instanceof Error) {
    if (!answer.message.includes("InvalidSubnetID")) return [];
    const message = `must have existing subnets (${awsMessage(answer)}). Run aws ec2 describe-subnets to list the subnets`;
    return [{ path: ["eks", "network"], message }];
  }
  const subnetsOf = (some: string[]) => answer.Subnets.filter(({ SubnetId }) => some.includes(SubnetId));
  return collect((report) => {
    const elsewhere = answer.Subnets.filter(({ VpcId }) => VpcId !== vpcId).map(({ SubnetId }) => SubnetId);
    report(
      ["eks", "network", "vpcId"],
      elsewhere.length > 0 && `must contain all subnets (got "${vpcId}", without ${elsewhere.join(", ")})`,
    );
    for (const [key, some] of Object.entries({ privateSubnetIds, loadBalancerSubnetIds })) {
      const zones = new Set(subnetsOf(some).map(({ AvailabilityZone }) => AvailabilityZone));
      report(["eks", "network", key], zones.size === 1 && `must be in at least 2 zones (got only ${[...zones].join()})`);
    }
    for (const { SubnetId, AvailableIpAddressCount: free } of subnetsOf(loadBalancerSubnetIds))
      report(
        ["eks", "network", "loadBalancerSubnetIds"],
        free < minFreeAddresses &&
          `must each have at least ${minFreeAddresses} free addresses for the load balancer (got ${free} in ${SubnetId})`,
      );
    const ranges = subnetsOf(loadBalancerSubnetIds)
      .map(({ CidrBlock }) => CidrBlock)
      .sort();
    report(
      ["eks", "network", "loadBalancerCidrs"],
      ranges.join() !== [...loadBalancerCidrs].sort().join() &&
        `must be the ranges of loadBalancerSubnetIds: ${ranges.join(", ")} (got ${loadBalancerCidrs.join(", ")}). Network policies block other ranges`,
    );
  });
}
