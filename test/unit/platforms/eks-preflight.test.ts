import * as pulumi from "@pulumi/pulumi";
import { createServer, type AddressInfo } from "node:net";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { preflight } from "../../../platforms/eks/eks.ts";
import { deleteRecreatedLogGroup } from "../../../platforms/eks/log-groups.ts";
import { accountWithRoom, FakeAws } from "./fake-aws.ts";
import { record } from "../harness.ts";

// The answers of AWS are written from its documentation. These tests do not prove that AWS gives them.

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

test("an account with enough quota has no problems; all queries use the region and profile of the stack", async () => {
  expect(await problems({ profile: "dev" })).toEqual([]);
  const queries = aws.calls.filter((call) => call !== "--version");
  expect(queries.filter((call) => !call.endsWith(` --region ${region} --profile dev --output json`))).toEqual([]);
  expect(queries.map((call) => call.split(" --")[0]).sort()).toEqual([
    "ec2 describe-addresses",
    "ec2 describe-availability-zones",
    "ec2 describe-vpcs",
    "eks describe-cluster",
    "eks describe-cluster-versions",
    "logs describe-log-groups",
    "route53 get-hosted-zone",
    "service-quotas get-service-quota",
    "service-quotas get-service-quota",
    "sts get-caller-identity",
  ]);
});

test("a preview does not call aws", async () => {
  expect(await problems({}, true)).toEqual([]);
  expect(aws.calls).toEqual([]);
});

describe("problems are reported with the remedy and without account ids", () => {
  const install = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";

  test("the AWS CLI is missing", async () => {
    aws.remove();
    expect(await problems()).toEqual([
      `aws is missing. The kubeconfig and the ECR login need it. Install the AWS CLI, version 2 (${install}).`,
    ]);
  });

  test("the AWS CLI has version 1", async () => {
    aws.says("version", "aws-cli/1.44.2 Python/3.11.2 Linux/6.1 botocore/1.42.2");
    expect(await problems()).toEqual([
      `aws must be version 2, for the kubeconfig and the ECR login (got version 1). Update it (${install}).`,
    ]);
  });

  test("credentials have expired", async () => {
    aws.fails("sts get-caller-identity", "Error when retrieving token from sso: Token has expired and refresh failed");
    expect(await problems({ profile: "dev" })).toEqual([
      "AWS does not accept your credentials: Error when retrieving token from sso: Token has expired and refresh failed. Log in (aws sso login --profile dev, or aws configure --profile dev), or set eks.profile.",
    ]);
  });

  test("the region is not enabled", async () => {
    aws.fails("ec2 describe-availability-zones", "An error occurred (AuthFailure): account 111122223333 is not enabled here");
    expect(await problems()).toEqual([
      `slipway:eks.region: must be a region that you can use (got "eu-central-1"): An error occurred (AuthFailure): account <account> is not enabled here. Enable it (aws account enable-region), get the permission ec2:DescribeAvailabilityZones, or set another region in stacks/Pulumi.test.yaml.`,
    ]);
  });

  test("a zone is unusable", async () => {
    const zone = (name: string, more = {}) => ({ ZoneName: region + name, State: "available", ZoneType: "availability-zone", ...more });
    const zones = [zone("b"), zone("a"), zone("c", { State: "impaired" }), zone("-ham-1a", { ZoneType: "local-zone" })];
    aws.says("ec2 describe-availability-zones", { AvailabilityZones: zones });
    expect(await problems()).toEqual([
      "slipway:eks.network.zones: must be zones that EKS and this account can use: eu-central-1a, eu-central-1b (got eu-central-1c).",
    ]);
    // Names differ between accounts: here, b is the zone without EKS.
    const named = [zone("a", { ZoneId: "use1-az1" }), zone("b", { ZoneId: "use1-az3" }), zone("c", { ZoneId: "use1-az2" })];
    aws.says("ec2 describe-availability-zones", { AvailabilityZones: named });
    expect(await problems()).toEqual([
      "slipway:eks.network.zones: must be zones that EKS and this account can use: eu-central-1a, eu-central-1c (got eu-central-1b).",
    ]);
  });

  test.each([
    ["arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/me", "arn:aws:iam::<account>:role/AWSReservedSSO_Admin_1"],
    ["arn:aws:sts::444455556666:assumed-role/deployer/me", "arn:aws:iam::<account>:role/deployer"],
    ["arn:aws:iam::111122223333:user/deployer", "arn:aws:iam::<account>:user/deployer"],
  ])("%s deploys, but has no access entry", async (Arn, who) => {
    aws.says("sts get-caller-identity", { Arn });
    expect(await problems()).toEqual([
      `slipway:eks.access: must have a ClusterAdmin entry for the AWS identity that deploys, ${who}. Add it, or deploy with an identity that has one: without it, nothing can be created in the cluster.`,
    ]);
  });

  test("the deployer's access entry is limited to a namespace, or has another policy", async () => {
    expect(await problems({ access: [{ ...eks.access![0]!, namespaces: ["web"] }] })).toHaveLength(1);
    expect(await problems({ access: [{ ...eks.access![0]!, policy: "Admin" }] })).toHaveLength(1);
  });

  test("the quotas are too low", async () => {
    aws.says("ec2 describe-vpcs", { Vpcs: [{}, {}, {}, {}, {}] }).says("ec2 describe-addresses", { Addresses: [{}, {}, {}] });
    const request = (service: string, code: string, value: number) =>
      `aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${value} --region eu-central-1`;
    expect(await problems()).toEqual([
      `The quota for VPCs in eu-central-1 is too low (5 of 5 are in use, 1 more needed). Delete some, or request a higher quota (${request("vpc", "L-F678F1CE", 6)}).`,
      `The quota for Elastic IP addresses in eu-central-1 is too low (3 of 5 are in use, 3 more needed). Delete some, or request a higher quota (${request("ec2", "L-0263D0A3", 6)}).`,
    ]);
    expect(await problems({ network: { nat: "regional" } })).toHaveLength(1);
  });

  test("the region does not offer the Kubernetes version, or only in extended support", async () => {
    const versions = (...list: object[]) => aws.says("eks describe-cluster-versions", { clusterVersions: list });
    versions({ clusterVersion: "1.37" }, { clusterVersion: "1.35" });
    const message = "slipway:eks.version: must be a version in standard support that EKS offers in eu-central-1: 1.35, 1.37";
    expect(await problems()).toEqual([`${message} (got "1.36").`]);
    const [standard, extended] = ["STANDARD_SUPPORT", "EXTENDED_SUPPORT"].map((versionStatus) => ({ versionStatus }));
    versions({ clusterVersion: "1.37", ...standard }, { clusterVersion: "1.36", ...extended }, { clusterVersion: "1.35", ...standard });
    expect(await problems()).toEqual([`${message} (got "1.36").`]);
    expect(await problems({ version: "1.37" })).toEqual([]);
  });

  test("EKS does not offer the version of an add-on for the Kubernetes version", async () => {
    const addonVersions = ["v0.8.2-eksbuild.1", "v0.8.1-eksbuild.3"].map((addonVersion) => ({
      addonVersion,
      compatibilities: [{ clusterVersion: "1.36", defaultVersion: false }],
    }));
    aws.says("eks describe-addon-versions", { addons: [{ addonName: "metrics-server", addonVersions }] });
    expect(await problems({ addonVersions: { "metrics-server": "v0.8.1-eksbuild.3" } })).toEqual([]);
    expect(await problems({ addonVersions: { "metrics-server": "v0.7.0-eksbuild.1" } })).toEqual([
      'slipway:eks.addonVersions.metrics-server: must be a version that EKS offers for Kubernetes 1.36, such as v0.8.2-eksbuild.1, v0.8.1-eksbuild.3 (got "v0.7.0-eksbuild.1"). Correct it, or run slipway lock --update metrics-server.',
    ]);
  });

  test("the log group of a deleted cluster has come back, or one of Container Insights exists", async () => {
    const log = (logGroupName: string, more = {}) => ({ logGroupName, ...more });
    const message = (group: string) =>
      `The log group ${group} in eu-central-1 already exists, and this stack has not created it. Save the logs that you need, and delete it (aws logs delete-log-group --log-group-name ${group} --region eu-central-1).`;
    const [control, container] = ["/aws/eks/slipway-test/cluster", "/aws/containerinsights/slipway-test/host"];
    aws.says("logs describe-log-groups", { logGroups: [log(control), log(`${control}-2`), log(container)] });
    expect(await problems()).toEqual([message(control)]);
    expect(await problems({ containerInsights: true })).toEqual([message(control), message(container)]);
    // An interrupted up has created it: with the stack's key.
    aws.says("logs describe-log-groups", { logGroups: [log(control, { kmsKeyId: "arn:aws:kms:…" })] });
    expect(await problems()).toEqual([]);
  });

  test("the hosted zone is that of another domain, private, or missing", async () => {
    aws.says("route53 get-hosted-zone", { HostedZone: { Name: "example.com.", Config: { PrivateZone: false } } });
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: must be the hosted zone of dev.example.org (got "Z1", the zone of example.com). Run aws route53 list-hosted-zones to list the zones.',
    ]);
    aws.says("route53 get-hosted-zone", { HostedZone: { Name: "example.org.", Config: { PrivateZone: true } } });
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: must be a public hosted zone (got "Z1", which is private). AWS validates the certificate by public DNS.',
    ]);
    aws.fails("route53 get-hosted-zone", "An error occurred (NoSuchHostedZone) when calling the GetHostedZone operation");
    expect(await problems()).toEqual([
      'slipway:eks.domain.zoneId: must be a hosted zone in this account (got "Z1"). Run aws route53 list-hosted-zones to list the zones.',
    ]);
  });
});

test("a Kubernetes version that is newer than this release has the warning of AWS before its standard support ends", async () => {
  const inDays = (days: number) => new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString();
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  const ends = (endOfStandardSupportDate: string) =>
    aws.says("eks describe-cluster-versions", { clusterVersions: [{ clusterVersion: "1.38", endOfStandardSupportDate }] });
  ends(inDays(100));
  expect(await problems({ version: "1.38" })).toEqual([]);
  expect(warn.mock.calls).toEqual([]);
  ends(inDays(30));
  expect(await problems({ version: "1.38" })).toEqual([]);
  expect(warn.mock.calls.map(([message]) => message.slice(0, 49))).toEqual(["EKS standard support for Kubernetes 1.38 ends on "]);
  warn.mockRestore();
});

describe("after the stack is deleted", () => {
  const group = "/aws/eks/slipway-test/cluster";
  const deleteGroup = () => deleteRecreatedLogGroup("slipway-test", { region });

  test("a log group that late events created again is deleted, and no other", async () => {
    expect(await deleteGroup()).toBe(undefined);
    aws.says("logs describe-log-groups", {
      logGroups: [{ logGroupName: group, kmsKeyId: "arn:aws:kms:…" }, { logGroupName: `${group}-2` }],
    });
    expect(await deleteGroup()).toBe(undefined);
    aws.says("logs describe-log-groups", { logGroups: [{ logGroupName: group }] }).says("logs delete-log-group", "");
    expect(await deleteGroup()).toBe(`removed the log group ${group}, which late events of the deleted cluster had created again`);
    expect(aws.calls.filter((call) => call.startsWith("logs delete"))).toEqual([
      `logs delete-log-group --log-group-name ${group} --region ${region} --output json`,
    ]);
  });

  test("the command that deletes it is printed if AWS does not permit it", async () => {
    aws.fails("logs describe-log-groups", "An error occurred (AccessDeniedException)");
    expect(await deleteGroup()).toBe(
      `note: late events of the deleted cluster may create the log group ${group} again, and AWS did not show or delete it: An error occurred (AccessDeniedException). To delete it: aws logs delete-log-group --log-group-name ${group} --region ${region}`,
    );
  });
});

test("checks without permission are skipped", async () => {
  for (const denied of [
    "eks describe-cluster-versions",
    "ec2 describe-vpcs",
    "logs describe-log-groups",
    "service-quotas get-service-quota",
    "route53 get-hosted-zone",
  ])
    aws.fails(denied, "An error occurred (AccessDeniedException)");
  expect(await problems()).toEqual([]);
});

describe("an existing cluster", () => {
  const tags = { "dev.slipway/project": "slipway", "dev.slipway/stack": "test" };
  const clusterHas = (version: string, more = {}) => aws.says("eks describe-cluster", { cluster: { version, tags, ...more } });

  test("of this stack is accepted, and quotas are not checked", async () => {
    clusterHas("1.35");
    aws.says("ec2 describe-vpcs", { Vpcs: [{}, {}, {}, {}, {}] });
    expect(await problems()).toEqual([]);
  });

  test("of another stack is rejected", async () => {
    clusterHas("1.36", { tags: { ...tags, "dev.slipway/stack": "prod" } });
    expect(await problems()).toEqual([
      'The EKS cluster "slipway-test" in eu-central-1 already exists and does not belong to this stack. Delete it, or rename the stack.',
    ]);
  });

  test("is upgraded one minor version at a time and never downgraded", async () => {
    clusterHas("1.37");
    expect(await problems()).toEqual([
      'slipway:eks.version: must be at least 1.37, the version of the cluster (got "1.36"). EKS cannot downgrade.',
    ]);
    clusterHas("1.34");
    expect(await problems()).toEqual([
      'slipway:eks.version: must be 1.35 first (got "1.36"). The cluster has 1.34; upgrade one minor version at a time.',
    ]);
  });

  test("must be reachable from this machine", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await new Promise((listening) => server.once("listening", listening));
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    clusterHas("1.36", { endpoint });
    expect(await problems()).toEqual([]);
    await new Promise((closed) => server.close(closed));
    expect(await problems()).toEqual([
      "The Kubernetes API of slipway-test is not reachable from this machine. Deploy from its VPC or a connected network, or add your public IP range to eks.endpoint.publicCidrs.",
    ]);
  });
});

describe("an existing VPC", () => {
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

  test("with matching subnets is accepted, and quotas are not checked", async () => {
    aws.says("ec2 describe-subnets", { Subnets: [1, 2, 3, 4].map((n) => subnet(n)) });
    expect(await problems({ network })).toEqual([]);
    expect(aws.calls).toContain(`ec2 describe-subnets --subnet-ids subnet-1 subnet-2 subnet-3 subnet-4 --region ${region} --output json`);
    expect(aws.calls.filter((call) => call.startsWith("service-quotas"))).toEqual([]);
  });

  test("must have its subnets in two zones, with free addresses and the given ranges", async () => {
    const subnets = [
      subnet(1),
      subnet(2, { AvailabilityZone: `${region}a` }),
      subnet(3, { AvailableIpAddressCount: 7 }),
      subnet(4, { VpcId: "vpc-2" }),
    ];
    aws.says("ec2 describe-subnets", { Subnets: subnets });
    expect(await problems({ network: { ...network, loadBalancerCidrs: ["10.0.3.0/24"] } })).toEqual([
      'slipway:eks.network.vpcId: must contain all subnets (got "vpc-1", without subnet-4).',
      "slipway:eks.network.privateSubnetIds: must be in at least 2 zones (got only eu-central-1a).",
      "slipway:eks.network.loadBalancerSubnetIds: must each have at least 8 free addresses for the load balancer (got 7 in subnet-3).",
      "slipway:eks.network.loadBalancerCidrs: must be the ranges of loadBalancerSubnetIds: 10.0.3.0/24, 10.0.4.0/24 (got 10.0.3.0/24). Network policies block other ranges.",
    ]);
  });

  test("must have existing subnets", async () => {
    aws.fails("ec2 describe-subnets", "An error occurred (InvalidSubnetID.NotFound): The subnet ID 'subnet-4' does not exist");
    expect(await problems({ network })).toEqual([
      "slipway:eks.network: must have existing subnets (An error occurred (InvalidSubnetID.NotFound): The subnet ID 'subnet-4' does not exist). Run aws ec2 describe-subnets to list the subnets.",
    ]);
  });
});

test("on the cluster of another stack, only credentials and the region are checked", async () => {
  expect(await problems({ stack: "organization/slipway/platform" })).toEqual([]);
  expect(aws.calls.map((call) => call.split(" --")[0])).toEqual([
    "--version",
    "sts get-caller-identity",
    "ec2 describe-availability-zones",
  ]);
});
