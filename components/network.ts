import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createEndpoints, interfaceServices } from "./internal/network/endpoints.ts";
import { createFlowLogs } from "./internal/network/flow-logs.ts";
import { createNat } from "./internal/network/nat.ts";
import { problemsWithNetwork } from "./rules/network.ts";
import { defaultCidr, layOut } from "../lib/subnets.ts";
import { throwIfAny } from "../lib/problem.ts";
import { NatStrategy, type NetworkArgs } from "./network-args.ts";

export * from "./network-args.ts";

/**
 * A VPC for an EKS cluster. Each zone has three subnets: a public one for load balancers and NAT gateways, a private one for nodes and pods
 * with outbound access only, and an intra one without internet access, such as for databases. Subnets assign no public addresses, the
 * default security group allows no traffic, and flow logs record all connections.
 *
 * Resources in the VPC should depend on the component: they are then created after the routes and deleted before them.
 *
 * @example
 * const zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"];
 * const network = new Network("prod", { region: "eu-central-1", zones, nat: "perAz" });
 */
export class Network extends pulumi.ComponentResource {
  /** Id of the VPC. */
  declare readonly vpcId: pulumi.Output<string>;
  /** Range of the VPC. */
  declare readonly cidr: pulumi.Output<string>;
  /** Ranges of the public subnets: the source addresses of load balancers. */
  declare readonly publicCidrs: pulumi.Output<string[]>;
  /** Ids of the public subnets, in the order of the zones. */
  declare readonly publicSubnetIds: pulumi.Output<string[]>;
  /** Ids of the private subnets, in the order of the zones. */
  declare readonly privateSubnetIds: pulumi.Output<string[]>;
  /** Ids of the intra subnets, in the order of the zones. */
  declare readonly intraSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Network", name, {}, opts);
    throwIfAny(problemsWithNetwork(args, name), `Network "${name}":`);
    const { zones, tags, cidr = defaultCidr } = args;
    if (isTight(args)) void pulumi.log.warn(tightNetwork(cidr, interfaceServices(args).length), this);
    const layout = layOut(cidr, zones.length);
    const child = { parent: this };
    const named = (resource: string, more?: Record<string, string>) => ({ Name: resource, ...more, ...tags });

    const vpc = new aws.ec2.Vpc(name, { cidrBlock: cidr, enableDnsSupport: true, enableDnsHostnames: true, tags: named(name) }, child);
    const vpcId = vpc.id;
    new aws.ec2.DefaultSecurityGroup(name, { vpcId, ingress: [], egress: [], tags: named(`${name}-default`) }, child);
    createFlowLogs(`${name}-flow-logs`, vpc, args, child);

    const routeTable = (suffix: string) => {
      return new aws.ec2.RouteTable(`${name}-${suffix}`, { vpcId, tags: named(`${name}-${suffix}`) }, child);
    };
    const subnets = (kind: keyof typeof layout, tables: aws.ec2.RouteTable[], more?: Record<string, string>) =>
      zones.map((availabilityZone, i) => {
        const resource = `${name}-${kind}-${availabilityZone}`;
        const location = { vpcId, availabilityZone, cidrBlock: layout[kind][i]!, mapPublicIpOnLaunch: false };
        const subnet = new aws.ec2.Subnet(resource, { ...location, tags: named(resource, more) }, child);
        new aws.ec2.RouteTableAssociation(resource, { subnetId: subnet.id, routeTableId: (tables[i] ?? tables[0]!).id }, child);
        return subnet;
      });
    const publicTable = routeTable("public");
    const privateTables = zones.map((zone) => routeTable(`private-${zone}`));
    const intraTable = routeTable("intra");
    // Load balancers find their subnets by these tags.
    const publicSubnets = subnets("public", [publicTable], { "kubernetes.io/role/elb": "1" });
    const privateSubnets = subnets("private", privateTables, { "kubernetes.io/role/internal-elb": "1" });
    const intraSubnets = subnets("intra", [intraTable]);

    const gateway = new aws.ec2.InternetGateway(name, { vpcId, tags: named(name) }, child);
    const route = (suffix: string, table: aws.ec2.RouteTable, to: Partial<aws.ec2.RouteArgs>) =>
      new aws.ec2.Route(`${name}-${suffix}`, { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", ...to }, child);
    route("public", publicTable, { gatewayId: gateway.id });
    for (const [i, { id }] of createNat(name, publicSubnets, gateway, args, child).entries())
      route(`private-${zones[i]}`, privateTables[i]!, { natGatewayId: id });
    createEndpoints(name, { vpc, cidr, subnets: privateSubnets, routeTables: [...privateTables, intraTable] }, args, child);

    this.vpcId = vpc.id;
    this.cidr = pulumi.output(cidr);
    this.publicCidrs = pulumi.output(layout.public);
    this.publicSubnetIds = pulumi.all(publicSubnets.map(({ id }) => id));
    this.privateSubnetIds = pulumi.all(privateSubnets.map(({ id }) => id));
    this.intraSubnetIds = pulumi.all(intraSubnets.map(({ id }) => id));
    const { cidr: range, publicCidrs, publicSubnetIds, privateSubnetIds, intraSubnetIds } = this;
    this.registerOutputs({ vpcId, cidr: range, publicCidrs, publicSubnetIds, privateSubnetIds, intraSubnetIds });
  }
}

/** Whether the interface endpoints take so many addresses of the private subnets that few nodes fit. */
function isTight({ cidr = defaultCidr, nat }: NetworkArgs): boolean {
  return nat === NatStrategy.None && cidr.endsWith("/24");
}

/** Auto Mode gives nodes /28 ranges for their pods, https://docs.aws.amazon.com/eks/latest/userguide/auto-networking.html. */
function tightNetwork(cidr: string, endpoints: number): string {
  return `The range ${cidr} is small for nat: none: in each zone, the private subnet has 27 addresses, of which the interface endpoints take ${endpoints}, and each node takes a range of 16 for its pods. Set a larger cidr, such as 10.0.0.0/20, or another nat. The range cannot be changed later.`;
}
