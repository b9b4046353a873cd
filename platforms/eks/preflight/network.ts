import type { EksSettings } from "../../../config/schema/eks.ts";
import { networkArgs } from "../settings.ts";
import { said, type Ask } from "./ask.ts";

export interface Zones {
  AvailabilityZones: { ZoneName: string; State: string; ZoneType?: string }[];
}

export function inZones(eks: EksSettings, { AvailabilityZones: all }: Zones): string[] {
  const usable = all.filter((zone) => zone.State === "available" && (zone.ZoneType ?? "availability-zone") === "availability-zone");
  const names = usable.map((zone) => zone.ZoneName).sort();
  const missing = networkArgs(eks, {})?.zones.filter((zone) => !names.includes(zone)) ?? [];
  if (missing.length === 0) return [];
  return [`eks.network.zones: ${missing.join(" and ")} cannot be used by this account; choose of ${names.join(", ")}`];
}

interface HostedZone {
  HostedZone: { Name: string; Config?: { PrivateZone?: boolean } };
}

export async function ofDomain({ domain }: EksSettings, ask: Ask): Promise<string[]> {
  if (domain === undefined) return [];
  const answer = await ask<HostedZone>("route53", "get-hosted-zone", "--id", domain.zoneId).catch((error: Error) => error);
  const at = "eks.domain.zoneId";
  if (answer instanceof Error)
    return answer.message.includes("NoSuchHostedZone")
      ? [`${at}: there is no such hosted zone in this account (got "${domain.zoneId}"); aws route53 list-hosted-zones shows them`]
      : [];
  const { Name, Config } = answer.HostedZone;
  const zone = Name.replace(/\.$/, "");
  if (Config?.PrivateZone)
    return [`${at}: must be a public hosted zone (got "${domain.zoneId}"), which is private: nobody could prove the domain by it`];
  if (domain.name === zone || domain.name.endsWith(`.${zone}`)) return [];
  return [
    `${at}: is the zone of ${zone}, which ${domain.name} is not in (got "${domain.zoneId}"); aws route53 list-hosted-zones shows them`,
  ];
}

interface Subnets {
  Subnets: { SubnetId: string; VpcId: string; AvailabilityZone: string; CidrBlock: string; AvailableIpAddressCount: number }[];
}

/** Addresses that a load balancer wants free, https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html. */
const freeAddresses = 8;

export async function ofSubnets({ network = {} }: EksSettings, ask: Ask): Promise<string[]> {
  const { vpcId, privateSubnetIds = [], loadBalancerSubnetIds = [], loadBalancerCidrs = [] } = network;
  if (vpcId === undefined) return [];
  const ids = [...new Set([...privateSubnetIds, ...loadBalancerSubnetIds])];
  const answer = await ask<Subnets>("ec2", "describe-subnets", "--subnet-ids", ...ids).catch((error: Error) => error);
  if (answer instanceof Error)
    return answer.message.includes("InvalidSubnetID") ? [`eks.network: ${said(answer)}; aws ec2 describe-subnets shows them`] : [];
  const of = (some: string[]) => answer.Subnets.filter(({ SubnetId }) => some.includes(SubnetId));
  const elsewhere = answer.Subnets.filter(({ VpcId }) => VpcId !== vpcId).map(({ SubnetId }) => SubnetId);
  const groups = { privateSubnetIds, loadBalancerSubnetIds };
  const full = of(loadBalancerSubnetIds).filter(({ AvailableIpAddressCount: free }) => free < freeAddresses);
  const ranges = of(loadBalancerSubnetIds)
    .map(({ CidrBlock }) => CidrBlock)
    .sort();
  return [
    elsewhere.length > 0 && `eks.network.vpcId: ${elsewhere.join(" and ")} must be in it (got "${vpcId}")`,
    ...Object.entries(groups).map(([key, some]) => {
      const zones = new Set(of(some).map(({ AvailabilityZone }) => AvailabilityZone));
      return zones.size === 1 && `eks.network.${key}: must be in two zones at least, and all are in ${[...zones].join()}`;
    }),
    ...full.map(
      ({ SubnetId, AvailableIpAddressCount: free }) =>
        `eks.network.loadBalancerSubnetIds: ${SubnetId} must have ${freeAddresses} free addresses for a load balancer, and has ${free}`,
    ),
    ranges.join() !== [...loadBalancerCidrs].sort().join() &&
      `eks.network.loadBalancerCidrs: must be those of the subnets, ${ranges.join(", ")} (got ${loadBalancerCidrs.join(", ")}); requests would not get through`,
  ].filter((problem) => typeof problem === "string");
}
