import type { Registered } from "../render.ts";
import { region } from "../unit/platforms/aws-outputs.ts";
import type { AwsSimulator } from "./aws-simulator.ts";

export interface EksNetwork {
  vpcId: string;
  /** Names of the subnets' resources, by id. */
  subnets: Record<string, string>;
  /** Id of the security group of nodes and pods. */
  securityGroup: string;
  node: { providerId: string; podAddresses: string[] };
}

/** Creates the VPC and subnets that a stack registers, and what EKS creates in them: a security group and a node. */
export async function createEksNetwork(aws: AwsSimulator, registered: Registered[], cluster: string): Promise<EksNetwork> {
  const inputsOf = (type: string) => registered.filter((resource) => resource.type === type).map(({ inputs }) => inputs);
  const tagged = (ResourceType: string, tags: Record<string, string>) => ({
    TagSpecifications: [{ ResourceType, Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }],
  });
  const { Vpc } = await aws.call("ec2", "create_vpc", { CidrBlock: inputsOf("aws:ec2/vpc:Vpc")[0]!["cidrBlock"] });
  const { VpcId } = Vpc;
  const subnets: Record<string, string> = {};
  for (const { cidrBlock: CidrBlock, availabilityZone: AvailabilityZone, tags } of inputsOf("aws:ec2/subnet:Subnet")) {
    const location = { VpcId, CidrBlock, AvailabilityZone };
    const { Subnet } = await aws.call("ec2", "create_subnet", { ...location, ...tagged("subnet", tags) });
    subnets[Subnet.SubnetId] = tags.Name;
  }
  // By this tag, which EKS sets, the controller finds the group of the pods.
  const tags = tagged("security-group", { [`kubernetes.io/cluster/${cluster}`]: "owned" });
  const group = await aws.call("ec2", "create_security_group", { GroupName: "cluster", Description: "cluster", VpcId, ...tags });
  const zone = `${region}a`;
  const [SubnetId] = Object.entries(subnets).find(([, name]) => name === `${cluster}-private-${zone}`)!;
  const { ImageId } = await aws.call("ec2", "register_image", { Name: "node" });
  const instance = { ImageId, SubnetId, SecurityGroupIds: [group["GroupId"]], MinCount: 1, MaxCount: 1 };
  const { Instances } = await aws.call("ec2", "run_instances", instance);
  const [{ InstanceId, NetworkInterfaces }] = Instances;
  const [{ NetworkInterfaceId, PrivateIpAddress }] = NetworkInterfaces;
  const addresses = { NetworkInterfaceId, SecondaryPrivateIpAddressCount: 2 };
  const { AssignedPrivateIpAddresses } = await aws.call("ec2", "assign_private_ip_addresses", addresses);
  const podAddresses = AssignedPrivateIpAddresses.map((one: { PrivateIpAddress: string }) => one.PrivateIpAddress);
  return {
    vpcId: VpcId,
    subnets,
    securityGroup: group["GroupId"],
    node: { providerId: `aws:///${zone}/${InstanceId}`, podAddresses: podAddresses.filter((one: string) => one !== PrivateIpAddress) },
  };
}
