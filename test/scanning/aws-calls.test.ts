import { awsCalls, type Call, type Given } from "../aws-calls.ts";
import { awsStacks, stackWithLongestNames, type Stack } from "./aws-stacks.ts";
import { change, type Change } from "./changes.ts";
import { checkCalls, type CallFinding } from "./scanners.ts";
import { mockExceptions, type MockException } from "./scanning-exceptions.ts";

const vpcId = "vpc-0123456789abcdef0";
const subnet = (number: number): Record<string, Given> => ({
  [`subnet-0123456789abcdef${number}`]: {
    call: { service: "ec2", operation: "CreateSubnet", parameters: { VpcId: vpcId, CidrBlock: `10.0.${number}.0/24` } },
    path: "Subnet.SubnetId",
  },
});

/** What exists before a stack does. */
const given: Record<string, Given> = {
  Z0123456789ABCDEFGHIJ: {
    call: { service: "route53", operation: "CreateHostedZone", parameters: { Name: "example.org", CallerReference: "1" } },
    path: "HostedZone.Id",
  },
  [vpcId]: { call: { service: "ec2", operation: "CreateVpc", parameters: { CidrBlock: "10.0.0.0/16" } }, path: "Vpc.VpcId" },
  ...subnet(1),
  ...subnet(2),
  // EKS creates it for a cluster, but moto does not.
  "sg-1": {
    call: { service: "ec2", operation: "CreateSecurityGroup", parameters: { GroupName: "cluster", Description: "Of EKS", VpcId: vpcId } },
    path: "GroupId",
  },
};

const allow = (statement: object) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });

/** Misconfigurations, by a stack that has what they change, with the beginning of the finding. No two cause the same finding. */
const faults: Partial<Record<Stack, Record<string, [finding: string, change: Change]>>> = {
  prod: {
    "a misspelt parameter": [
      'model: CreateCluster: Unknown parameter in input: "zonalShift"',
      change("Cluster", (inputs) => (inputs["zonalShift"] = { enabled: true })),
    ],
    "a misspelt parameter of a block": [
      'model: CreateCluster: Unknown parameter in resourcesVpcConfig: "endpointPrivate"',
      change("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPrivate = true)),
    ],
    "a missing parameter": [
      'model: CreateCluster: Missing required parameter in input: "roleArn"',
      change("Cluster", (inputs) => delete inputs["roleArn"]),
    ],
    "a value that an enumeration does not have": [
      "model: CreateCluster: Invalid value for parameter upgradePolicy.supportType, value: LTS, valid values: STANDARD, EXTENDED",
      change("Cluster", ({ upgradePolicy }) => (upgradePolicy.supportType = "LTS")),
    ],
    "a kind of log that does not exist": [
      "model: CreateCluster: Invalid value for parameter logging.clusterLogging[0].types[5], value: nodes",
      change("Cluster", ({ enabledClusterLogTypes }) => enabledClusterLogTypes.push("nodes")),
    ],
    "an unknown reaction to conflicts": [
      "model: CreateAddon: Invalid value for parameter resolveConflicts, value: FORCE",
      change("Addon", (inputs) => (inputs["resolveConflictsOnCreate"] = "FORCE")),
    ],
    "an unknown reaction to conflicts of an update": [
      "model: UpdateAddon: Invalid value for parameter resolveConflicts, value: REPLACE",
      change("Addon", (inputs) => (inputs["resolveConflictsOnUpdate"] = "REPLACE")),
    ],
    "a misspelt group of users": [
      'model: CreateAccessEntry: Unknown parameter in input: "kubernetesGroup"',
      change("AccessEntry", (inputs) => (inputs["kubernetesGroup"] = ["viewers"])),
    ],
    "an unknown scope of permissions": [
      "model: AssociateAccessPolicy: Invalid value for parameter accessScope.type, value: pods",
      change("AccessPolicyAssociation", ({ accessScope }) => (accessScope.type = "pods")),
    ],
    "a name that breaks a pattern": [
      "model: CreateAlias: Invalid value for parameter AliasName, value: alias/shop web, valid pattern: ",
      change("Alias", (inputs) => (inputs["name"] = "alias/shop web")),
    ],
    "an unknown mutability of tags": [
      "model: CreateRepository: Invalid value for parameter imageTagMutability, value: FIXED",
      change("Repository", (inputs) => (inputs["imageTagMutability"] = "FIXED")),
    ],
    "a name that is too long": [
      "model: CreateRole: Invalid size of parameter RoleName, size: 65, valid max: 64",
      change("Role", (inputs) => (inputs["name"] = "a".repeat(65))),
    ],
    "a number as text": [
      "model: PutRetentionPolicy: Invalid type for parameter retentionInDays, value: 365, type: <class 'str'>",
      change("LogGroup", (inputs) => (inputs["retentionInDays"] = "365")),
    ],
    "an unknown way to prove a domain": [
      "model: RequestCertificate: Invalid value for parameter ValidationMethod, value: FILE",
      change("Certificate", (inputs) => (inputs["validationMethod"] = "FILE")),
    ],
    "an unknown type of a record": [
      "model: ChangeResourceRecordSets: Invalid value for parameter ChangeBatch.Changes[0].ResourceRecordSet.Type, value: ALIAS",
      change("Record", (inputs) => (inputs["type"] = "ALIAS")),
    ],
    "an unknown type of an endpoint": [
      "model: CreateVpcEndpoint: Invalid value for parameter VpcEndpointType, value: Internal",
      change("VpcEndpoint", (inputs) => (inputs["vpcEndpointType"] = "Internal")),
    ],
    "an unknown kind of traffic": [
      "model: CreateFlowLogs: Invalid value for parameter TrafficType, value: SOME",
      change("FlowLog", (inputs) => (inputs["trafficType"] = "SOME")),
    ],
    "a description that is too long": [
      "model: CreateKey: Invalid size of parameter Description, size: 8193, valid max: 8192",
      change("Key", (inputs) => (inputs["description"] = "a".repeat(8193))),
    ],
    "an unknown mode of a NAT gateway": [
      "model: CreateNatGateway: Invalid value for parameter AvailabilityMode, value: global",
      change("NatGateway", (inputs) => (inputs["availabilityMode"] = "global")),
    ],
  },
  "node-groups": {
    "an effect in the words of Kubernetes": [
      "model: CreateNodegroup: Invalid value for parameter taints[0].effect, value: NoSchedule",
      change("NodeGroup", ({ taints }) => taints && (taints[0].effect = "NoSchedule")),
    ],
    "a number that is too small": [
      "model: CreateNodegroup: Invalid value for parameter updateConfig.maxUnavailable, value: 0, valid min value: 1",
      change("NodeGroup", ({ updateConfig }) => (updateConfig.maxUnavailable = 0)),
    ],
    "a number as text in a launch template": [
      "model: CreateLaunchTemplate: Invalid type for parameter LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit, value: 1",
      change("LaunchTemplate", ({ metadataOptions }) => (metadataOptions.httpPutResponseHopLimit = "1")),
    ],
    "permissions for no service account": [
      'model: CreatePodIdentityAssociation: Missing required parameter in input: "serviceAccount"',
      change("PodIdentityAssociation", (inputs) => delete inputs["serviceAccount"]),
    ],
    "a policy that AWS does not have": [
      "mock: AttachRolePolicy: NoSuchEntityException: ",
      change("RolePolicyAttachment", (inputs) => (inputs["policyArn"] = "arn:aws:iam::aws:policy/AmazonEKSNodes")),
    ],
    "an action of no service": [
      "mock: PutRolePolicy: MalformedPolicyDocumentException: ",
      change("RolePolicy", (inputs) => (inputs["policy"] = allow({ Action: "describe", Resource: "*" }))),
    ],
    "a range of addresses that does not exist": [
      "mock: AuthorizeSecurityGroupIngress: ClientError: An error occurred (InvalidParameterValue)",
      change("SecurityGroupIngressRule", (inputs) => (inputs["cidrIpv4"] = "10.30.0.0/33")),
    ],
    "an alias without its prefix": [
      "mock: CreateAlias: ClientError: An error occurred (ValidationException)",
      change("Alias", (inputs) => (inputs["name"] = "slipway")),
    ],
    "a subnet outside of its network": [
      "mock: CreateSubnet: ClientError: An error occurred (InvalidSubnet.Range)",
      change("Subnet", (inputs) => (inputs["cidrBlock"] = "10.99.0.0/24")),
    ],
    "a resource that depends on one that was rejected": [
      "mock: CreateNatGateway: aws:ec2/subnet:Subnet::slipway-test-public-eu-central-1a was not created",
      (resources) => resources,
    ],
    "a log group twice": [
      "mock: CreateLogGroup: ResourceAlreadyExistsException: ",
      change("LogGroup", (inputs) => (inputs["name"] = "/aws/eks/shop/cluster")),
    ],
  },
  repository: {
    "rules for images without a selection": [
      "mock: PutLifecyclePolicy: InvalidParameterException: ",
      change("LifecyclePolicy", (inputs) => (inputs["policy"] = { rules: [{ rulePriority: 1, description: "a".repeat(100) }] })),
    ],
  },
};

/** The plans whose calls have parameters that no plan before them has. moto takes most of the time, so it gets no others. */
function withNewParameters(plans: (readonly [name: string, calls: Call[]])[]): string[] {
  const known = new Set<string>();
  const learn = (path: string, value: unknown): void => {
    known.add(path);
    if (Array.isArray(value)) for (const item of value) learn(path, item);
    else if (value !== null && typeof value === "object")
      for (const [name, inner] of Object.entries(value)) learn(`${path} ${name}`, inner);
  };
  const teaches = (calls: Call[]) => {
    const before = known.size;
    for (const { operation, parameters } of calls) learn(operation, parameters);
    return known.size > before;
  };
  const longestFirst = plans.toSorted(([, one], [, other]) => other.length - one.length);
  return longestFirst.filter(([, calls]) => teaches(calls)).map(([name]) => name);
}

let findings: CallFinding[];
/** Types of resources without calls. */
let unchecked: Set<string>;
// All calls are checked at once, because botocore and moto take a second to start. The first run installs them.
beforeAll(async () => {
  const stacks = await awsStacks();
  const all = { ...stacks, "longest-names": await stackWithLongestNames() };
  const plans = Object.entries(all).map(([name, resources]) => [name, awsCalls(resources, given)] as const);
  const checked = new Set(plans.flatMap(([name, calls]) => calls.map(({ resource }) => `${name} ${resource}`)));
  const resources = Object.entries(stacks).flatMap(([stack, ofStack]) => ofStack.map(({ type, name }) => ({ stack, type, name })));
  const ofAws = resources.filter(({ type }) => type.startsWith("aws:"));
  unchecked = new Set(ofAws.filter(({ stack, type, name }) => !checked.has(`${stack} ${type}::${name}`)).map(({ type }) => type));
  const faulty = Object.entries(faults).map(([name, ofStack]) => {
    const resources = structuredClone(stacks[name as Stack]);
    const changed = Object.values(ofStack).reduce((changed, [, change]) => change(changed), resources);
    return [`${name} with faults`, awsCalls(changed, given)];
  });
  const mocked = [...withNewParameters(plans), "given-network", "node-groups with faults", "repository with faults"];
  findings = await checkCalls(Object.fromEntries([...plans, ...faulty]), mocked);
});

const planned = (by: CallFinding["by"]) => findings.filter((finding) => finding.by === by && !finding.plan.endsWith(" with faults"));

test("every resource is created by calls, except those of these types", () => {
  expect([...unchecked].sort()).toEqual([
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
  ]);
});

test("the models of AWS' SDK accept all calls", () => {
  const found = planned("model").map(
    ({ plan, operation, resource, message }) => `${plan}: ${operation} ${resource.split("::")[1]}: ${message}`,
  );
  expect(found).toEqual([]);
});

describe("moto", () => {
  const accepts = ({ operation, message }: MockException, finding: CallFinding) =>
    operation === finding.operation && message.test(finding.message);

  test("accepts all calls, except those that it does not model", () => {
    const unaccepted = planned("mock").filter((finding) => !mockExceptions.some((exception) => accepts(exception, finding)));
    expect(unaccepted).toEqual([]);
  });

  test("rejects a call for every exception", () => {
    const unused = mockExceptions.filter((exception) => !planned("mock").some((finding) => accepts(exception, finding)));
    expect(unused.map(({ operation }) => operation)).toEqual([]);
  });
});

test("the models and moto find each of these misconfigurations", () => {
  const found = findings.map(({ plan, by, operation, message }) => `${plan}: ${by}: ${operation}: ${message}`);
  const missed = Object.entries(faults).flatMap(([stack, ofStack]) =>
    Object.entries(ofStack).flatMap(([name, [finding]]) =>
      found.some((line) => line.startsWith(`${stack} with faults: ${finding}`)) ? [] : [name],
    ),
  );
  expect(missed).toEqual([]);
});

test("a type of resource without calls in the table is an error", () => {
  const bucket = { type: "aws:s3/bucket:Bucket", name: "files", inputs: {}, madeOf: {} };
  expect(() => awsCalls([bucket])).toThrow(
    "aws:s3/bucket:Bucket is not in the table of test/aws-calls.ts. Add the calls that create it, or why there are none.",
  );
});
