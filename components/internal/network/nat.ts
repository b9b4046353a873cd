import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { NatStrategy, type NetworkArgs } from "../../network-args.ts";
import { awsDefaults } from "../../aws-defaults.ts";

/** Creates NAT gateways. Returns one for each zone, in the order of the zones; zones may share one. Empty without NAT. */
export function createNat(
  name: string,
  publicSubnets: aws.ec2.Subnet[],
  gateway: aws.ec2.InternetGateway,
  { nat = awsDefaults.nat, zones, tags }: NetworkArgs,
  parent: pulumi.CustomResourceOptions,
): aws.ec2.NatGateway[] {
  // AWS rejects Elastic IP addresses and NAT gateways in a VPC without an internet gateway.
  const opts = { ...parent, dependsOn: [gateway] };
  if (nat === NatStrategy.None) return [];
  if (nat === NatStrategy.Regional) {
    const args = { vpcId: gateway.vpcId, availabilityMode: "regional", connectivityType: "public", tags: { Name: name, ...tags } };
    const regional = new aws.ec2.NatGateway(name, args, opts);
    return zones.map(() => regional);
  }
  const gateways = zones.slice(0, nat === NatStrategy.Single ? 1 : undefined).map((zone, i) => {
    const zonal = `${name}-${zone}`;
    const zonalTags = { Name: zonal, ...tags };
    const address = new aws.ec2.Eip(zonal, { domain: "vpc", tags: zonalTags }, opts);
    return new aws.ec2.NatGateway(zonal, { allocationId: address.id, subnetId: publicSubnets[i]!.id, tags: zonalTags }, opts);
  });
  return zones.map((_, i) => gateways[i] ?? gateways[0]!);
}
