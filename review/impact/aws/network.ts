import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { aws, created, createdOrRemoved, removed } from "./kinds.ts";

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

/** VPCs, subnets, routes and security groups. */
export const networkRules: ImpactRule[] = [
  {
    id: "network-gone",
    types: networkParts,
    operations: removed,
    impact: Impact.Replacement,
    reason: "{changed}: everything in the {kind} must be recreated",
  },
  { id: "network-created", types: networkParts, operations: created, impact: Impact.Nothing, reason: "new: nothing uses it yet" },
  {
    id: "network-settings",
    types: networkParts,
    operations: ["update"],
    properties: ["enableDnsSupport", "enableDnsHostnames", "mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects how resources in the {kind} are reached",
  },
  { id: "route", types: routes, operations: created, impact: Impact.Access, reason: "a route from subnets to other networks" },
  {
    id: "route-changed",
    types: routes,
    operations: ["update"],
    properties: [
      ...["natGatewayId", "gatewayId", "transitGatewayId", "vpcPeeringConnectionId", "networkInterfaceId", "vpcEndpointId", "routes"],
      ...["routeTableId", "propagatingVgws"],
    ],
    impact: Impact.Access,
    reason: "{changed}: affects the route to other networks; open connections break",
  },
  {
    id: "route-gone",
    types: routes,
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: subnets lose a route to other networks",
  },
  {
    id: "nat-created",
    types: aws("ec2.NatGateway"),
    operations: created,
    impact: Impact.Cost,
    reason: "a NAT gateway, billed by the hour and by the gigabyte",
  },
  {
    id: "nat-gone",
    types: aws("ec2.NatGateway"),
    operations: removed,
    impact: Impact.Downtime,
    reason: "{changed}: outbound connections of private subnets break",
  },
  {
    id: "address-created",
    types: aws("ec2.Eip"),
    operations: created,
    impact: Impact.Cost,
    reason: "a public IP address, billed by the hour",
  },
  {
    id: "address-gone",
    types: aws("ec2.Eip"),
    operations: removed,
    impact: Impact.Access,
    reason: "{changed}: the public IP address is released",
  },
  {
    id: "endpoint-created",
    types: aws("ec2.VpcEndpoint"),
    operations: created,
    impact: Impact.Cost,
    reason: "a VPC endpoint; most types are billed by the hour",
  },
  {
    id: "endpoint-changed",
    types: aws("ec2.VpcEndpoint"),
    operations: ["update"],
    properties: ["policy", "securityGroupIds", "subnetIds", "routeTableIds", "privateDnsEnabled"],
    impact: Impact.Access,
    reason: "{changed}: affects who can reach the service behind it",
  },
  {
    id: "endpoint-gone",
    types: aws("ec2.VpcEndpoint"),
    operations: removed,
    impact: Impact.Access,
    reason: "{changed}: the service behind it is reached over another route, if at all",
  },
  {
    id: "firewall",
    types: firewalls,
    operations: createdOrRemoved,
    impact: Impact.Access,
    reason: "{changed}: affects which traffic is allowed in the network",
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
    reason: "{changed} ({before} → {after}): affects which traffic is allowed in the network",
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
    operations: createdOrRemoved,
    impact: Impact.Metadata,
    reason: "affects which traffic of the network is logged",
  },
];
