import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { NatStrategy, type NetworkArgs } from "../../network-args.ts";

/** What images are pulled by; their layers come from S3. */
const images = ["ecr.api", "ecr.dkr"];

/** What nodes of an EKS cluster call beside, https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html. */
const nodes = ["ec2", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"];

/** What endpoints are put into. */
interface Place {
  vpc: aws.ec2.Vpc;
  cidr: string;
  subnets: aws.ec2.Subnet[];
  routeTables: aws.ec2.RouteTable[];
}

/** Ways to services of AWS that do not leave its network. */
export function createEndpoints(name: string, place: Place, args: NetworkArgs, opts: pulumi.CustomResourceOptions): void {
  const { region, tags, interfaceEndpoints = true, nat } = args;
  const vpcId = place.vpc.id;
  const common = (service: string) => ({ vpcId, serviceName: `com.amazonaws.${region}.${service}` });
  const named = (suffix: string) => ({ Name: `${name}-${suffix}`, ...tags });
  const routeTableIds = place.routeTables.map(({ id }) => id);
  new aws.ec2.VpcEndpoint(`${name}-s3`, { ...common("s3"), vpcEndpointType: "Gateway", routeTableIds, tags: named("s3") }, opts);
  if (!interfaceEndpoints) return;

  const group = new aws.ec2.SecurityGroup(
    `${name}-endpoints`,
    { vpcId, description: "Endpoints of AWS services", tags: named("endpoints") },
    opts,
  );
  const rule = new aws.vpc.SecurityGroupIngressRule(
    `${name}-endpoints`,
    {
      securityGroupId: group.id,
      description: "HTTPS from the network",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrIpv4: place.cidr,
      tags: named("endpoints"),
    },
    opts,
  );
  for (const service of nat === NatStrategy.None ? [...images, ...nodes] : images) {
    const suffix = service.replace(".", "-");
    new aws.ec2.VpcEndpoint(
      `${name}-${suffix}`,
      {
        ...common(service),
        vpcEndpointType: "Interface",
        subnetIds: place.subnets.map(({ id }) => id),
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        tags: named(suffix),
      },
      // Its name leads to it as soon as it is there: not before it lets anybody in.
      { ...opts, dependsOn: [rule] },
    );
  }
}
