import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, comes, goes, any } from "./kinds.ts";

const networkParts = aws("ec2.Vpc", "ec2.Subnet", "ec2.InternetGateway");
const firewalls = aws(
  "ec2.SecurityGroup",
  "ec2.SecurityGroupRule",
  "ec2.DefaultSecurityGroup",
  "vpc.*",
  "ec2.NetworkAcl",
  "ec2.NetworkAclRule",
);
const routes = aws("ec2.Route", "ec2.RouteTable", "ec2.RouteTableAssociation");

/** The network. */
export const networkRules: ImpactRule[] = [
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
];
