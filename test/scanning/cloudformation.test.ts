import { cloudFormationTemplate } from "../cloudformation.ts";
import { awsStacks, type Stack } from "./aws-stacks.ts";
import { change, type Change } from "./changes.ts";
import { cfnLint, type LintFinding } from "./scanners.ts";
import { lintExceptions, type LintException } from "./scanning-exceptions.ts";

/** Misconfigurations, by a stack that has what they change, with the rule and the path of the finding. No two cause the same finding. */
const faults: Partial<Record<Stack, Record<string, [finding: string, change: Change]>>> = {
  prod: {
    "a value that an enumeration does not have": [
      "E3030 ClusterSlipwayTest/Properties/AccessConfig/AuthenticationMode",
      change("Cluster", ({ accessConfig }) => (accessConfig.authenticationMode = "IAM")),
    ],
    "a retention that CloudWatch does not offer": [
      "E3030 LogGroupSlipwayTest/Properties/RetentionInDays",
      change("LogGroup", (inputs) => (inputs["retentionInDays"] = 100)),
    ],
    "a misspelt property": ["E3002 VpcSlipwayTest/Properties/EnableDns", change("Vpc", (inputs) => (inputs["enableDns"] = true))],
    "a misspelt property of a block": [
      "E3002 ClusterSlipwayTest/Properties/ResourcesVpcConfig/EndpointPrivate",
      change("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPrivate = true)),
    ],
    "a missing property": ["E3003 RouteSlipwayTestPublic/Properties", change("Route", (inputs) => delete inputs["routeTableId"])],
    "a value of a wrong type": [
      "E3012 LogGroupSlipwayTest/Properties/DeletionProtectionEnabled",
      change("LogGroup", (inputs) => (inputs["deletionProtectionEnabled"] = "maybe")),
    ],
    "a number that is too large": [
      "E3034 KeySlipwayTest/Properties/PendingWindowInDays",
      change("Key", (inputs) => (inputs["deletionWindowInDays"] = 60)),
    ],
    "a name without its prefix": ["E3031 AliasSlipwayTest/Properties/AliasName", change("Alias", (inputs) => (inputs["name"] = "shop"))],
    "a network that does not exist": [
      "E3002 VpcSlipwayTest/Properties/CidrBlock",
      change("Vpc", (inputs) => (inputs["cidrBlock"] = "10.30.0.0/33")),
    ],
    "an IAM document without a valid effect": [
      "E3512 KeySlipwayTest/Properties/KeyPolicy/Statement/0/Effect",
      change("Key", (inputs) => (inputs["policy"] = { Statement: [{ Effect: "Permit" }] })),
    ],
    "a trust policy without a principal": [
      "E3530 RoleSlipwayTestNode/Properties/AssumeRolePolicyDocument/Statement/0",
      change("Role", (inputs) => (inputs["assumeRolePolicy"] = { Statement: [{ Effect: "Allow", Action: "sts:AssumeRole" }] })),
    ],
    "a name in place of an ARN": [
      "E1041 ClusterSlipwayTest/Properties/RoleArn",
      change("Cluster", (inputs) => (inputs["roleArn"] = "slipway-test-cluster")),
    ],
  },
  "node-groups": {
    "a subnet outside of its network": [
      "E3059 SubnetSlipwayTestPrivateEuCentralx1a/Properties/CidrBlock",
      change("Vpc", (inputs) => (inputs["cidrBlock"] = "10.40.0.0/16")),
    ],
    "an effect in the words of Kubernetes": [
      "E3030 NodeGroupSlipwayTestSpot/Properties/Taints/0/Effect",
      change("NodeGroup", ({ taints }) => taints && (taints[0].effect = "NoSchedule")),
    ],
    "a type of volume that does not exist": [
      "E3030 LaunchTemplateSlipwayTestSpot/Properties/LaunchTemplateData/BlockDeviceMappings/0/Ebs/VolumeType",
      change("LaunchTemplate", ({ blockDeviceMappings }) => (blockDeviceMappings[0].ebs.volumeType = "gp4")),
    ],
  },
  repository: {
    "a policy without a valid effect": [
      "E3513 RepositoryShopWeb/Properties/RepositoryPolicyText/Statement/0/Effect",
      change("RepositoryPolicy", ({ policy }) => (policy.Statement[0].Effect = "Permit")),
    ],
  },
};

const isFaulty = ({ template }: LintFinding) => template.endsWith(" with faults");
const accepts = ({ rule, path }: LintException, finding: LintFinding) => rule === finding.rule && path.test(finding.path);

let findings: LintFinding[];
// All templates are checked at once, because cfn-lint takes a second to start. The first run installs it.
beforeAll(async () => {
  const stacks = await awsStacks();
  const templates = Object.entries(stacks).map(([name, resources]) => [name, cloudFormationTemplate(resources)]);
  const faulty = Object.entries(faults).map(([name, ofStack]) => {
    const resources = structuredClone(stacks[name as Stack]);
    const changed = Object.values(ofStack).reduce((changed, [, change]) => change(changed), resources);
    return [`${name} with faults`, cloudFormationTemplate(changed)];
  });
  findings = await cfnLint(Object.fromEntries([...templates, ...faulty]));
});

describe("cfn-lint", () => {
  test("has no finding in any stack, except the accepted ones", () => {
    const unaccepted = findings.filter((finding) => !isFaulty(finding) && !lintExceptions.some((exception) => accepts(exception, finding)));
    expect(unaccepted).toEqual([]);
  });

  test("has a finding for every exception", () => {
    const unused = lintExceptions.filter((exception) => !findings.some((finding) => !isFaulty(finding) && accepts(exception, finding)));
    expect(unused.map(({ rule }) => rule)).toEqual([]);
  });

  test("finds each of these misconfigurations", () => {
    const found = new Set(findings.map(({ template, rule, path }) => `${template}: ${rule} ${path.replace("Resources/", "")}`));
    const missed = Object.entries(faults).flatMap(([stack, ofStack]) =>
      Object.entries(ofStack).flatMap(([name, [finding]]) => (found.has(`${stack} with faults: ${finding}`) ? [] : [name])),
    );
    expect(missed).toEqual([]);
  });
});

describe("the translation to CloudFormation", () => {
  const resource = (type: string, name: string, inputs: object) => ({ type, name, inputs: { ...inputs }, madeOf: {} });

  test("fails for a type that is not in its table", () => {
    expect(() => cloudFormationTemplate([resource("aws:s3/bucket:Bucket", "files", {})])).toThrow(
      "aws:s3/bucket:Bucket is not in the table of test/cloudformation.ts. Add its type in CloudFormation, or why there is none.",
    );
  });

  test("fails for a part of a resource that the stack does not have", () => {
    const policy = resource("aws:ecr/lifecyclePolicy:LifecyclePolicy", "web", { repository: "shop/web", policy: "{}" });
    expect(() => cloudFormationTemplate([policy])).toThrow(
      "aws:ecr/lifecyclePolicy:LifecyclePolicy::web: repository refers to no resource of the stack",
    );
  });

  test("fails if two resources get the same name", () => {
    const vpcs = ["shop-web", "shop.web"].map((name) => resource("aws:ec2/vpc:Vpc", name, { cidrBlock: "10.0.0.0/16" }));
    expect(() => cloudFormationTemplate(vpcs)).toThrow("Two resources are called VpcShopWeb in CloudFormation.");
  });

  test("has the names, the references and the nested properties of CloudFormation", async () => {
    const { Resources } = cloudFormationTemplate((await awsStacks()).repository);
    expect(Object.keys(Resources)).toEqual(["KeyShopWeb", "RepositoryShopWeb"]);
    expect(Resources["RepositoryShopWeb"]).toEqual({
      Type: "AWS::ECR::Repository",
      Properties: {
        RepositoryName: "shop/web",
        EmptyOnDelete: false,
        EncryptionConfiguration: { EncryptionType: "KMS", KmsKey: { "Fn::GetAtt": ["KeyShopWeb", "Arn"] } },
        ImageScanningConfiguration: { ScanOnPush: true },
        ImageTagMutability: "IMMUTABLE",
        LifecyclePolicy: { LifecyclePolicyText: expect.stringMatching(/^\{"rules":\[\{"rulePriority":1,/) as string },
        RepositoryPolicyText: {
          Version: "2012-10-17",
          Statement: [
            {
              Sid: "Pull",
              Effect: "Allow",
              Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
              Principal: { AWS: ["arn:aws:iam::111122223333:role/nodes"] },
            },
          ],
        },
      },
    });
  });
});
