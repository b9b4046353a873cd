import * as pulumi from "@pulumi/pulumi";
import { IrsaRole, problemsWithIrsaRole, type IrsaRoleArgs } from "../../../components/irsa-role.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { record, settle, tree, type Outputs } from "../harness.ts";

const account = "111122223333";
const issuer = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E";
const oidcProviderArn = `arn:aws:iam::${account}:oidc-provider/${issuer}`;
const policyDocument =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:q"}]}';
const policyArns = ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"];
const roles = { path: "/slipway/", permissionsBoundary: `arn:aws:iam::${account}:policy/boundary` };
const args: IrsaRoleArgs = { oidcProviderArn, namespace: "web", serviceAccount: "sender", policyArns, policyDocument, roles };

const outputs: Outputs = { "aws:iam/role:Role": ({ name }) => ({ name, arn: `arn:aws:iam::${account}:role/slipway/${name}` }) };
const build = (changes: Partial<IrsaRoleArgs> = {}, preview = false) =>
  record(() => new IrsaRole("queue", { ...args, ...changes }), { outputs, preview });

const child = "slipway:index:IrsaRole$aws";
const resources = [
  "slipway:index:IrsaRole queue",
  `${child}:iam/role:Role queue`,
  `${child}:iam/rolePolicy:RolePolicy queue`,
  `${child}:iam/rolePolicyAttachment:RolePolicyAttachment queue-AmazonSQSReadOnlyAccess`,
];

test("the resources are a role and its policies, also in a preview with an unknown provider", async () => {
  expect(tree((await build()).urns)).toEqual(resources);
  expect(tree((await build({ oidcProviderArn: pulumi.output(pulumi.unknown as string) }, true)).urns)).toEqual(resources);
});

test("pods of one ServiceAccount may assume the role with a token of the cluster", async () => {
  const { resources: made, result } = await build();
  const { assumeRolePolicy, ...role } = made.find(({ type }) => type.endsWith(":Role"))!.inputs;
  expect(role).toEqual({ description: "AWS rights of the pods of web/sender", ...roles });
  expect(JSON.parse(assumeRolePolicy as string)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: oidcProviderArn },
        Action: ["sts:AssumeRoleWithWebIdentity"],
        Condition: { StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:web:sender", [`${issuer}:aud`]: "sts.amazonaws.com" } },
      },
    ],
  });
  const arn = `arn:aws:iam::${account}:role/slipway/queue`;
  expect(await settle(result.roleArn)).toEqual({ value: arn, secret: false });
  expect(await settle(pulumi.output(result.annotations))).toEqual({ value: { "eks.amazonaws.com/role-arn": arn }, secret: false });
});

test("invalid arguments are rejected, all at once", () => {
  const provider = `arn:aws:iam::${account}:saml-provider/x`;
  const problems = problemsWithIrsaRole("queue", { ...args, oidcProviderArn: provider, policyArns: [], policyDocument: undefined });
  expect(problems.map(formatProblem)).toEqual([
    'oidcProviderArn: must be the ARN of an IAM OIDC provider, such as arn:aws:iam::<account>:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLE (got "arn:aws:iam::<account>:saml-provider/x"). To list them: aws iam list-open-id-connect-providers.',
    "must have policyArns or a policyDocument.",
  ]);
});
