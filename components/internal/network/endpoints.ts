import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { NatStrategy, type NetworkArgs } from "../../network-args.ts";

/** Services that pull images. The layers come from S3. */
const imageServices = ["ecr.api", "ecr.dkr"];

/** Other services that the nodes of an EKS cluster call, https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html. */
const nodeServices = ["ec2", "eks", "eks-auth", "elasticloadbalancing", "logs", "sts"];

/** The services with an interface endpoint, unless there are none. */
export function interfaceServices({ nat, additionalEndpoints = [] }: NetworkArgs): string[] {
  return [...imageServices, ...(nat === NatStrategy.None ? nodeServices : []), ...additionalEndpoints];
}

/** The parts of the network that endpoints are created in. */
interface EndpointLocation {
  vpc: aws.ec2.Vpc;
  cidr: string;
  subnets: aws.ec2.Subnet[];
  routeTables: aws.ec2.RouteTable[];
}

/** Creates VPC endpoints: private connections to AWS services. */
export function createEndpoints(name: string, location: EndpointLocation, args: NetworkArgs, opts: pulumi.CustomResourceOptions): void {
  const { region, tags, interfaceEndpoints = true } = args;
  const vpcId = location.vpc.id;
  const common = (service: string) => ({ vpcId, serviceName: `com.amazonaws.${region}.${service}` });
  const named = (suffix: string) => ({ Name: `${name}-${suffix}`, ...tags });
  const routeTableIds = location.routeTables.map(({ id }) => id);
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
      cidrIpv4: location.cidr,
      tags: named("endpoints"),
    },
    opts,
  );
  for (const service of interfaceServices(args)) {
    const suffix = service.replace(".", "-");
    new aws.ec2.VpcEndpoint(
      `${name}-${suffix}`,
      {
        ...common(service),
        vpcEndpointType: "Interface",
        subnetIds: location.subnets.map(({ id }) => id),
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
        tags: named(suffix),
      },
      // The service's DNS name resolves to the endpoint as soon as it exists, so it must accept connections by then.
      { ...opts, dependsOn: [rule] },
    );
  }
}
