import { problemsWithTypes } from "../provider-types.ts";
import type { Registered } from "../render.ts";
import { terraformPlan } from "../terraform.ts";
import { arn } from "../unit/platforms/aws-outputs.ts";
import { awsStacks } from "./aws-stacks.ts";
import { change, without, type Change } from "./changes.ts";
import { checkov, parliament, type Finding } from "./scanners.ts";
import { exceptions, type Exception } from "./scanning-exceptions.ts";

// The first run installs the scanners.
let stacks: Awaited<ReturnType<typeof awsStacks>>;
beforeAll(async () => {
  stacks = await awsStacks();
});

describe("checkov", () => {
  let scanned: Awaited<ReturnType<typeof checkov>>;
  beforeAll(async () => {
    scanned = await checkov(Object.fromEntries(Object.entries(stacks).map(([name, resources]) => [name, terraformPlan(resources)])));
  });

  const accepts = ({ check, resource, where }: Exception, finding: Finding) =>
    check === finding.check && resource.test(finding.resource) && where(finding.values);
  const unacceptedOf = (findings: Finding[]) => findings.filter((finding) => !exceptions.some((exception) => accepts(exception, finding)));

  test("has no finding in any stack, except the accepted ones", () => {
    expect(unacceptedOf(scanned.findings).map(({ plan, check, resource }) => `${plan}: ${check} ${resource}`)).toEqual([]);
  });

  test("scans every AWS resource", () => {
    const all = Object.values(stacks).flat();
    expect(scanned.resources).toBe(all.filter(({ type }) => type.startsWith("aws:")).length);
  });

  test("has a finding for every exception", () => {
    const unused = exceptions.filter((exception) => !scanned.findings.some((finding) => accepts(exception, finding)));
    expect(unused.map(({ check }) => check)).toEqual([]);
  });

  const allow = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const anybody = allow({ Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
  const open = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] };

  /** Misconfigurations, by the stack that has them all. No two of a stack cause the same finding. */
  const faults: [stack: keyof typeof stacks, Record<string, [check: string, change: Change]>][] = [
    [
      "prod",
      {
        "unencrypted Secrets": ["CKV_AWS_58", change("Cluster", (inputs) => delete inputs["encryptionConfig"])],
        "a public Kubernetes API that is not configured": [
          "CKV_AWS_39",
          change("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPublicAccess = true)),
        ],
        "no audit log": ["CKV_AWS_37", change("Cluster", ({ enabledClusterLogTypes: types }) => types.splice(1, 1))],
        "an old Kubernetes version": ["CKV_AWS_339", change("Cluster", (inputs) => (inputs["version"] = "1.23"))],
        "mutable image tags": ["CKV_AWS_51", change("Repository", (inputs) => (inputs["imageTagMutability"] = "MUTABLE"))],
        "images without vulnerability scans": [
          "CKV_AWS_163",
          change("Repository", (inputs) => delete inputs["imageScanningConfiguration"]),
        ],
        "unencrypted images": ["CKV_AWS_136", change("Repository", (inputs) => delete inputs["encryptionConfigurations"])],
        "keys without rotation": ["CKV_AWS_7", change("Key", (inputs) => delete inputs["enableKeyRotation"])],
        "a key that any principal may use": [
          "CKV_AWS_33",
          change("Key", (inputs) => (inputs["policy"] = allow({ Principal: "*", Action: "kms:*" }))),
        ],
        "logs that never expire": ["CKV_AWS_66", change("LogGroup", (inputs) => delete inputs["retentionInDays"])],
        "unencrypted logs": ["CKV_AWS_158", change("LogGroup", (inputs) => delete inputs["kmsKeyId"])],
        "no flow logs": ["CKV2_AWS_11", without("FlowLog")],
        "no restriction of the default security group": ["CKV2_AWS_12", without("DefaultSecurityGroup")],
        "a role that any principal may assume": ["CKV_AWS_60", change("Role", (inputs) => (inputs["assumeRolePolicy"] = anybody))],
        "all permissions": ["CKV_AWS_62", change("RolePolicy", (inputs) => (inputs["policy"] = allow({ Action: "*", Resource: "*" })))],
        "an administrator policy": [
          "CKV_AWS_274",
          change("RolePolicyAttachment", (inputs) => (inputs["policyArn"] = "arn:aws:iam::aws:policy/AdministratorAccess")),
        ],
      },
    ],
    [
      "dev",
      {
        "a Kubernetes API that is open to the internet": [
          "CKV_AWS_38",
          change("Cluster", ({ vpcConfig }) => vpcConfig.publicAccessCidrs.push("0.0.0.0/0")),
        ],
        "a key without a policy": ["CKV2_AWS_64", without("KeyPolicy")],
        "a log retention of two months": ["CKV_AWS_338", change("LogGroup", (inputs) => (inputs["retentionInDays"] = 60))],
        "an open default security group": ["CKV2_AWS_12", change("DefaultSecurityGroup", ({ ingress }) => ingress.push(open))],
      },
    ],
    [
      "without-nat",
      {
        "subnets that assign public addresses": ["CKV_AWS_130", change("Subnet", (inputs) => (inputs["mapPublicIpOnLaunch"] = true))],
      },
    ],
    [
      "node-groups",
      {
        "node permissions for pods": [
          "CKV_AWS_341",
          change("LaunchTemplate", ({ metadataOptions }) => (metadataOptions.httpPutResponseHopLimit = 2)),
        ],
        "version 1 of the instance metadata service": [
          "CKV_AWS_79",
          change("LaunchTemplate", ({ metadataOptions }) => (metadataOptions.httpTokens = "optional")),
        ],
      },
    ],
  ];

  test("finds each of these misconfigurations, and no exception accepts it", async () => {
    const plans = faults.map(([stack, ofStack]) => {
      const changed = Object.values(ofStack).reduce((resources, [, change]) => change(resources), structuredClone(stacks[stack]));
      return [stack, terraformPlan(changed)] as const;
    });
    const found = unacceptedOf((await checkov(Object.fromEntries(plans))).findings);
    const missed = faults.flatMap(([stack, ofStack]) =>
      Object.keys(ofStack).filter((name) => !found.some(({ plan, check }) => plan === stack && check === ofStack[name]![0])),
    );
    expect(missed).toEqual([]);
  });
});

describe("the types of Pulumi's AWS provider", () => {
  test("accept all inputs except deliberately invalid ones", () => {
    const wrong = (kind: string, change: (inputs: Registered["inputs"]) => void) => {
      const resource = structuredClone(stacks.prod.find(({ type }) => type.endsWith(`:${kind}`))!);
      change(resource.inputs);
      return { ...resource, name: "wrong" };
    };
    const resources = [
      ...Object.values(stacks).flat(),
      wrong("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPrivate = true)),
      wrong("Addon", (inputs) => (inputs["addonVersion"] = 1)),
      wrong("Route", (inputs) => delete inputs["routeTableId"]),
    ];
    expect(problemsWithTypes(resources)).toEqual([
      "aws:ec2/route:Route wrong: Property 'routeTableId' is missing in type '{ destinationCidrBlock: string; gatewayId: string; }' but required in type 'RouteArgs'.",
      "aws:eks/addon:Addon wrong: Type 'number' is not assignable to type 'Input<string | undefined>'.",
      "aws:eks/cluster:Cluster wrong: Object literal may only specify known properties, and '\"endpointPrivate\"' does not exist in type 'Input<ClusterVpcConfig>'.",
    ]);
  });
});

describe("parliament", () => {
  interface IamDocument {
    Statement: { Effect: string; Action?: string | string[]; NotAction?: unknown; Resource?: string | string[] }[];
  }

  /** The `Resource` of policies that apply to the resource that they are attached to. */
  const key = ["key/itself", "alias/its"].map((resource) => arn("kms", resource));
  const itself: Record<string, string | string[]> = {
    "Role assumeRolePolicy": arn("iam", "role/itself"),
    "Key policy": key,
    "KeyPolicy policy": key,
    "RepositoryPolicy policy": arn("ecr", "repository/itself"),
  };

  /** All IAM documents, by their resource. */
  function documents(): Record<string, IamDocument> {
    const found: Record<string, IamDocument> = {};
    for (const { type, name, inputs } of Object.values(stacks)
      .flat()
      .filter(({ type }) => type.startsWith("aws:")))
      for (const [key, value] of Object.entries(inputs)) {
        const document = typeof value === "string" && value.startsWith("{") ? (JSON.parse(value) as IamDocument) : (value as IamDocument);
        const kind = type.split(":").at(-1)!;
        const Resource = itself[`${kind} ${key}`];
        if (document?.Statement !== undefined)
          found[`${kind} ${name} ${key}`] = {
            ...document,
            Statement: [document.Statement].flat().map((statement) => (Resource ? { ...statement, Resource } : statement)),
          };
      }
    return found;
  }

  test("has no findings in these IAM documents", async () => {
    expect(Object.keys(documents()).sort()).toEqual([
      "Key slipway-test policy",
      "KeyPolicy shop/web policy",
      "KeyPolicy slipway-test-data policy",
      "RepositoryPolicy shop/web policy",
      "Role slipway-test-cluster assumeRolePolicy",
      "Role slipway-test-cw-agent assumeRolePolicy",
      "Role slipway-test-ebs-csi assumeRolePolicy",
      "Role slipway-test-flow-logs assumeRolePolicy",
      "Role slipway-test-node assumeRolePolicy",
      "Role slipway-test-vpc-cni assumeRolePolicy",
      "Role slipway-test-web assumeRolePolicy",
      "RolePolicy slipway-test-cluster policy",
      "RolePolicy slipway-test-flow-logs policy",
      "RolePolicy slipway-test-web policy",
    ]);
    expect(await parliament(documents())).toEqual([]);
  });

  test("finds actions, resources and conditions that do not exist in AWS", async () => {
    const trust = documents()["Role slipway-test-node assumeRolePolicy"]!;
    const changed = (change: object) => ({ ...trust, Statement: trust.Statement.map((statement) => ({ ...statement, ...change })) });
    expect(
      await parliament({
        action: changed({ Action: ["sts:AssumeRoles"] }),
        resource: changed({ Resource: "arn:aws:s3:::nodes" }),
        condition: changed({ Condition: { StringEquals: { "sts:Name": "x" } } }),
      }),
    ).toEqual([
      'action: UNKNOWN_ACTION "Unknown action sts:AssumeRoles"',
      'condition: UNKNOWN_CONDITION_FOR_ACTION "Unknown condition sts:Name for action sts:AssumeRole"',
      'resource: RESOURCE_MISMATCH [{"action":"sts:AssumeRole","required_format":"arn:*:iam::*:role/*"}]',
    ]);
  });

  test("no statement allows wildcard actions on all resources", () => {
    const withWildcards = Object.entries(documents()).filter(([, { Statement }]) =>
      Statement.some(({ Effect, Action = [], NotAction, Resource = [] }) => {
        const anything = NotAction !== undefined || [Action].flat().some((action) => action.includes("*"));
        return Effect === "Allow" && anything && [Resource].flat().includes("*");
      }),
    );
    expect(withWildcards.map(([name]) => name)).toEqual([]);
  });
});
