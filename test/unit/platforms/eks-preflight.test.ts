import { createServer, type AddressInfo } from "node:net";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { preflight } from "../../../platforms/eks/eks.ts";
import { accountWithRoom, FakeAws } from "./fake-aws.ts";
import { record } from "../harness.ts";

// What AWS would answer is written here after its documentation: that it answers so, these tests do not prove.

const region = "eu-central-1";
const eks: EksSettings = {
  region,
  network: { nat: "perAz" },
  access: [{ principalArn: "arn:aws:iam::111122223333:role/ci/deployer", policy: "ClusterAdmin" }],
  domain: { name: "dev.example.org", zoneId: "Z1" },
};

let aws: FakeAws;
beforeEach(() => (aws = accountWithRoom(new FakeAws(), region)));
afterEach(() => aws[Symbol.dispose]());

async function problems(changes: Partial<EksSettings> = {}, preview = false): Promise<string[]> {
  const configuration = { stack: "test", platform: "eks", services: {}, eks: { ...eks, ...changes } } as never;
  return (await record(() => preflight(configuration), { preview })).result;
}

test("an account with room for the stack has no problems; AWS is asked in the region and by the profile that the stack names", async () => {
  expect(await problems({ profile: "dev" })).toEqual([]);
  const asked = aws.calls.filter((call) => call !== "--version");
  expect(asked.filter((call) => !call.endsWith(` --region ${region} --profile dev --output json`))).toEqual([]);
  expect(asked.map((call) => call.split(" --")[0]).sort()).toEqual([
    "ec2 describe-addresses",
    "ec2 describe-availability-zones",
    "ec2 describe-vpcs",
    "eks describe-cluster",
    "eks describe-cluster-versions",
    "route53 get-hosted-zone",
    "service-quotas get-service-quota",
    "service-quotas get-service-quota",
    "sts get-caller-identity",
  ]);
});

test("a preview asks nobody", async () => {
  expect(await problems({}, true)).toEqual([]);
  expect(aws.calls).toEqual([]);
});

describe("what is missing is told with the remedy, and without accounts", () => {
  const install = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

  test("the program", async () => {
    aws.remove();
    expect(await problems()).toEqual([
      `aws is missing, the program that the kubeconfig and logins to ECR need. Install the AWS CLI, version 2: ${install}`,
    ]);
  });

  test("its version", async () => {
    aws.says("version", "aws-cli/1.44.2 Python/3.11.2 Linux/6.1 botocore/1.42.2");
    expect(await problems()).toEqual([`aws is version 1, and 2 is needed for kubeconfigs and logins to ECR. Update it: ${install}`]);
  });

  test("credentials", async () => {
    aws.fails("sts get-caller-identity", "Error when retrieving token from sso: Token has expired and refresh failed");
    expect(await problems({ profile: "dev" })).toEqual([
      "AWS does not know who you are: Error when retrieving token from sso: Token has expired and refresh failed. Log in (aws sso login --profile dev, or aws configure --profile dev), or set eks.profile",
    ]);
  });

  test("the region", async () => {
    aws.fails("ec2 describe-availability-zones", "An error occurred (AuthFailure): account 111122223333 is not enabled here");
    expect(await problems()).toEqual([
      `slipway:eks.region: cannot be used (got "eu-central-1"): An error occurred (AuthFailure): account <account> is not enabled here. Enable it (aws account enable-region), have the right ec2:DescribeAvailabilityZones, or set another in stacks/Pulumi.test.yaml`,
    ]);
  });

  test("zones", async () => {
    const zone = (name: string, more = {}) => ({ ZoneName: region + name, State: "available", ZoneType: "availability-zone", ...more });
    const zones = [zone("b"), zone("a"), zone("c", { State: "impaired" }), zone("-ham-1a", { ZoneType: "local-zone" })];
    aws.says("ec2 describe-availability-zones", { AvailabilityZones: zones });
    expect(await problems()).toEqual([
      "slipway:eks.network.zones: eu-central-1c cannot be used by this account; choose of eu-central-1a, eu-central-1b",
    ]);
  });

  test.each([
    ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/me", "arn:aws:iam::<account>:role/AWSReservedSSO_Admin_1"],
    ["arn:aws:sts::444455556666:assumed-role/deployer/me", "arn:aws:iam::<account>:role/deployer"],
    ["arn:aws:iam::111122223333:user/deployer", "arn:aws:iam::<account>:user/deployer"],
  ])("an access entry for %s, who would be locked out", async (Arn, who) => {
    aws.says("sts get-caller-identity", { Arn });
    expect(await problems()).toEqual([
      `slipway:eks.access: has no ClusterAdmin for who deploys now, ${who}, so that nothing could be put into the cluster; add the ARN of that role or user, or deploy as one that is there`,
    ]);
  });

  test("an access entry for the whole cluster", async () => {
    expect(await problems({ access: [{ ...eks.access![0]!, namespaces: ["web"] }] })).toHaveLength(1);
    expect(await problems({ access: [{ ...eks.access![0]!, policy: "Admin" }] })).toHaveLength(1);
  });

  test("room in the quotas", async () => {
    aws.says("ec2 describe-vpcs", { Vpcs: [{}, {}, {}, {}, {}] }).says("ec2 describe-addresses", { Addresses: [{}, {}, {}] });
    const request = (service: string, code: string, value: number) =>
      `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${value} --region eu-central-1`;
    expect(await problems()).toEqual([
      `VPCs in eu-central-1: 1 more needed, 5 of 5 are used. Delete some, or ask for more: ${request("vpc", "L-F678F1CE", 6)}`,
      `Elastic IP addresses in eu-central-1: 3 more needed, 3 of 5 are used. Delete some, or ask for more: ${request("ec2", "L-0263D0A3", 6)}`,
    ]);
    expect(await problems({ network: { nat: "regional" } })).toHaveLength(1);
  });

  test("the Kubernetes version", async () => {
    aws.says("eks describe-cluster-versions", { clusterVersions: [{ clusterVersion: "1.37" }, { clusterVersion: "1.35" }] });
    expect(await problems()).toEqual(['slipway:eks.version: is not offered in eu-central-1 (got "1.36"); there are 1.35, 1.37']);
  });

  test("the hosted zone", async () => {
    aws.says("route53 get-hosted-zone", { HostedZone: { Name: "example.com.", Config: { PrivateZone: false } } });
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: is the zone of example.com, which dev.example.org is not in (got "Z1"); aws route53 list-hosted-zones shows them',
    ]);
    aws.says("route53 get-hosted-zone", { HostedZone: { Name: "example.org.", Config: { PrivateZone: true } } });
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: must be a public hosted zone (got "Z1"), which is private: nobody could prove the domain by it',
    ]);
    aws.fails("route53 get-hosted-zone", "An error occurred (NoSuchHostedZone) when calling the GetHostedZone operation");
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: there is no such hosted zone in this account (got "Z1"); aws route53 list-hosted-zones shows them',
    ]);
  });
});

test("what may not be asked is passed over", async () => {
  for (const denied of [
    "eks describe-cluster-versions",
    "ec2 describe-vpcs",
    "service-quotas get-service-quota",
    "route53 get-hosted-zone",
  ])
    aws.fails(denied, "An error occurred (AccessDeniedException)");
  expect(await problems()).toEqual([]);
});

describe("a cluster that is there", () => {
  const tags = { "dev.slipway/project": "slipway", "dev.slipway/stack": "test" };
  const there = (version: string, more = {}) => aws.says("eks describe-cluster", { cluster: { version, tags, ...more } });

  test("of this stack is gone on with, and quotas are not asked about any more", async () => {
    there("1.35");
    aws.says("ec2 describe-vpcs", { Vpcs: [{}, {}, {}, {}, {}] });
    expect(await problems()).toEqual([]);
  });

  test("of another stack is not touched", async () => {
    there("1.36", { tags: { ...tags, "dev.slipway/stack": "prod" } });
    expect(await problems()).toEqual([
      'There is an EKS cluster "slipway-test" in eu-central-1, and it is not of this stack. Delete it where it was made, or call the stack otherwise',
    ]);
  });

  test("gets one version after the other, and none back", async () => {
    there("1.37");
    expect(await problems()).toEqual([
      'slipway:eks.version: must not be below 1.37, which the cluster has (got "1.36"); EKS cannot go back',
    ]);
    there("1.34");
    expect(await problems()).toEqual(['slipway:eks.version: must be 1.35 next, for the cluster has 1.34 (got "1.36"); go one at a time']);
  });

  test("must answer here", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await new Promise((listening) => server.once("listening", listening));
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    there("1.36", { endpoint });
    expect(await problems()).toEqual([]);
    await new Promise((closed) => server.close(closed));
    expect(await problems()).toEqual([
      "The Kubernetes API of slipway-test does not answer here. Deploy from its VPC or a network that is connected to it, or add your way out to eks.endpoint.publicCidrs",
    ]);
  });
});

describe("a VPC that exists", () => {
  const network = {
    vpcId: "vpc-1",
    privateSubnetIds: ["subnet-1", "subnet-2"],
    loadBalancerSubnetIds: ["subnet-3", "subnet-4"],
    loadBalancerCidrs: ["10.0.3.0/24", "10.0.4.0/24"],
  };
  const subnet = (n: number, more = {}) => ({
    SubnetId: `subnet-${n}`,
    VpcId: "vpc-1",
    AvailabilityZone: region + (n % 2 ? "a" : "b"),
    CidrBlock: `10.0.${n}.0/24`,
    AvailableIpAddressCount: 200,
    ...more,
  });

  test("with the subnets that are named is taken, and nothing asked of quotas", async () => {
    aws.says("ec2 describe-subnets", { Subnets: [1, 2, 3, 4].map((n) => subnet(n)) });
    expect(await problems({ network })).toEqual([]);
    expect(aws.calls).toContain(`ec2 describe-subnets --subnet-ids subnet-1 subnet-2 subnet-3 subnet-4 --region ${region} --output json`);
    expect(aws.calls.filter((call) => call.startsWith("service-quotas"))).toEqual([]);
  });

  test("has subnets in it, in two zones, with room and of these ranges", async () => {
    const subnets = [
      subnet(1),
      subnet(2, { AvailabilityZone: `${region}a` }),
      subnet(3, { AvailableIpAddressCount: 7 }),
      subnet(4, { VpcId: "vpc-2" }),
    ];
    aws.says("ec2 describe-subnets", { Subnets: subnets });
    expect(await problems({ network: { ...network, loadBalancerCidrs: ["10.0.3.0/24"] } })).toEqual([
      'slipway:eks.network.vpcId: subnet-4 must be in it (got "vpc-1")',
      "slipway:eks.network.privateSubnetIds: must be in two zones at least, and all are in eu-central-1a",
      "slipway:eks.network.loadBalancerSubnetIds: subnet-3 must have 8 free addresses for a load balancer, and has 7",
      "slipway:eks.network.loadBalancerCidrs: must be those of the subnets, 10.0.3.0/24, 10.0.4.0/24 (got 10.0.3.0/24); requests would not get through",
    ]);
  });

  test("has the subnets at all", async () => {
    aws.fails("ec2 describe-subnets", "An error occurred (InvalidSubnetID.NotFound): The subnet ID 'subnet-4' does not exist");
    expect(await problems({ network })).toEqual([
      "slipway:eks.network: An error occurred (InvalidSubnetID.NotFound): The subnet ID 'subnet-4' does not exist; aws ec2 describe-subnets shows them",
    ]);
  });
});

test("on the cluster of another stack no more is asked than for credentials and the region", async () => {
  expect(await problems({ stack: "organization/slipway/platform" })).toEqual([]);
  expect(aws.calls.map((call) => call.split(" --")[0])).toEqual([
    "--version",
    "sts get-caller-identity",
    "ec2 describe-availability-zones",
  ]);
});
