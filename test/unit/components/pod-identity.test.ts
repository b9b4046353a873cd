import * as pulumi from "@pulumi/pulumi";
import { PodIdentity, type PodIdentityArgs } from "../../../components/pod-identity.ts";
import { problemsWithPodRights } from "../../../components/rules/pod-rights.ts";
import * as iam from "../../../components/internal/eks/iam.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { record, register, settle, tree, type Outputs } from "../harness.ts";

const account = "111122223333";
const clusterArn = `arn:aws:eks:eu-central-1:${account}:cluster/prod`;
const policyDocument =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:q"}]}';
const policyArns = ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"];
const sender = { clusterArn, namespace: "web", serviceAccount: "sender", policyArns, policyDocument, tags: { team: "a" } };

const outputs: Outputs = { "aws:iam/role:Role": ({ name }) => ({ name, arn: `arn:aws:iam::${account}:role/${name}` }) };
const build = (args: Partial<PodIdentityArgs> = {}, preview = false) =>
  record(() => new PodIdentity("queue", { ...sender, ...args }), { outputs, preview });

const child = "slipway:index:PodIdentity$aws";
const resources = [
  "slipway:index:PodIdentity queue",
  `${child}:eks/podIdentityAssociation:PodIdentityAssociation queue`,
  `${child}:iam/role:Role queue`,
  `${child}:iam/rolePolicy:RolePolicy queue`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment queue-AmazonSQSReadOnlyAccess`,
];

test("the resources are a role, its policies, and the association with the ServiceAccount", async () => {
  expect(tree((await build()).urns)).toEqual(resources);
});

test("a preview with unknown arguments registers the same resources", async () => {
  const unknown = pulumi.output(pulumi.unknown as string);
  expect(tree((await build({ clusterArn: unknown, namespace: unknown, policyDocument: unknown }, true)).urns)).toEqual(resources);
});

test("the pods of one ServiceAccount in one cluster may assume the role, which has the given policies", async () => {
  const { resources, result } = await build();
  const roleArn = `arn:aws:iam::${account}:role/queue`;
  const trust = iam.podTrust({ region: "eu-central-1", account, cluster: "prod" }, "web", "sender");
  const tags = { team: "a" };
  expect(resources.filter(({ type }) => type.startsWith("aws:")).map(({ type, inputs }) => [type.split(":").at(-1), inputs])).toEqual([
    ["Role", { description: "AWS rights of the pods of web/sender", assumeRolePolicy: trust, tags }],
    ["RolePolicyAttachment", { role: "queue", policyArn: policyArns[0] }],
    ["RolePolicy", { role: "queue", policy: policyDocument }],
    ["PodIdentityAssociation", { clusterName: "prod", namespace: "web", serviceAccount: "sender", roleArn, tags }],
  ]);
  expect(await settle(result.roleArn)).toEqual({ value: roleArn, secret: false });
});

test("the association depends on the policies of the role", async () => {
  const found = await register(() => new PodIdentity("queue", sender), { outputs });
  expect(found["PodIdentityAssociation queue"]!.waitsFor).toEqual([
    "Role queue",
    "RolePolicy queue",
    "RolePolicyAttachment queue-AmazonSQSReadOnlyAccess",
  ]);
});

describe("invalid arguments are rejected", () => {
  test.each<[Partial<PodIdentityArgs>, string]>([
    [{ policyArns: [], policyDocument: undefined }, "must have policyArns or a policyDocument"],
    [
      { policyArns: [`arn:aws:iam::${account}:role/a`] },
      'policyArns[0]: must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess (got "arn:aws:iam::<account>:role/a")',
    ],
    [{ policyArns: [...policyArns, ...policyArns] }, "policyArns[1]: must not repeat the policy AmazonSQSReadOnlyAccess"],
    [{ policyDocument: "{" }, "policyDocument: must be an IAM policy document in JSON"],
    [
      { policyDocument: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}' },
      "policyDocument: must not allow wildcard actions on all resources. Name the actions or the resources",
    ],
    [
      { namespace: "A" },
      'namespace: must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "A")',
    ],
    [
      { serviceAccount: "A" },
      'serviceAccount: must be the name of a Kubernetes object: at most 253 lower-case letters, digits, "-" and "." (got "A")',
    ],
  ])("%j", (args, message) => {
    expect(problemsWithPodRights("queue", { ...sender, ...args }).map(formatProblem)).toEqual([`${message}.`]);
  });

  test("a name that an IAM role cannot have", () => {
    const name = `a${"b".repeat(56)}`;
    expect(problemsWithPodRights(name, sender).map(({ message }) => message)).toEqual([
      `the name must be 1 to 56 letters, digits, "-" and "_" (got "${name}"). The IAM role has the same name`,
    ]);
  });
});
