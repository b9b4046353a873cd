import * as pulumi from "@pulumi/pulumi";
import { createDataKey } from "../../../components/data-key.ts";
import { problemsWithRepository } from "../../../components/ecr-repository.ts";
import { logGroupName } from "../../../components/eks-log-groups.ts";
import * as iam from "../../../components/internal/eks/iam.ts";
import { problemsWithPodRights } from "../../../components/rules/pod-rights.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { record, settle } from "../harness.ts";

const identity = { region: "eu-central-1", account: "111122223333", cluster: "prod" };
const inChina = { ...identity, region: "cn-north-1" };
const clusterArn = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";
const statements = (text: string) => {
  const { Version, Statement } = JSON.parse(text) as { Version: string; Statement: object[] };
  expect(Version).toBe("2012-10-17");
  return Statement;
};

describe("a role can be assumed", () => {
  test("by EKS, if it is restricted for this cluster of this account only", () => {
    const statement = { Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: ["sts:AssumeRole", "sts:TagSession"] };
    expect(statements(iam.clusterTrust(identity, false))).toEqual([statement]);
    expect(statements(iam.clusterTrust(identity, true))).toEqual([
      {
        ...statement,
        Condition: { StringEquals: { "aws:SourceAccount": "111122223333" }, ArnLike: { "aws:SourceArn": clusterArn } },
      },
    ]);
  });

  test("by EC2 instances", () => {
    expect(statements(iam.nodeTrust())).toEqual([
      { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] },
    ]);
  });

  test("by pods of one ServiceAccount in one cluster", () => {
    expect(statements(iam.podTrust(identity, "shop", "web"))).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": "111122223333",
            "aws:RequestTag/eks-cluster-arn": clusterArn,
            "aws:RequestTag/kubernetes-namespace": "shop",
            "aws:RequestTag/kubernetes-service-account": "web",
          },
        },
      },
    ]);
  });
});

test("Auto Mode may tag what it creates for this cluster, and nothing else", () => {
  const Condition = { StringEquals: { "aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } };
  const loadBalancing = "arn:aws:elasticloadbalancing:eu-central-1:111122223333";
  expect(statements(iam.taggingPolicy(identity))).toEqual([
    {
      Sid: "Volumes",
      Effect: "Allow",
      Action: ["ec2:CreateSnapshot", "ec2:CreateVolume"],
      Resource: ["arn:aws:ec2:eu-central-1:111122223333:volume/*", "arn:aws:ec2:eu-central-1::snapshot/*"],
      Condition,
    },
    {
      Sid: "LoadBalancers",
      Effect: "Allow",
      Action: [
        "ec2:CreateSecurityGroup",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:CreateTargetGroup",
      ],
      Resource: [
        "arn:aws:ec2:eu-central-1:111122223333:security-group/*",
        "arn:aws:ec2:eu-central-1:*:vpc/*",
        `${loadBalancing}:listener/*`,
        `${loadBalancing}:loadbalancer/*`,
        `${loadBalancing}:targetgroup/*`,
      ],
      Condition,
    },
    {
      Sid: "RemovedTags",
      Effect: "Allow",
      Action: ["ec2:DeleteTags", "elasticloadbalancing:RemoveTags"],
      Resource: [
        "arn:aws:ec2:eu-central-1:111122223333:volume/*",
        "arn:aws:ec2:eu-central-1:111122223333:security-group/*",
        `${loadBalancing}:listener/*`,
        `${loadBalancing}:loadbalancer/*`,
        `${loadBalancing}:targetgroup/*`,
      ],
      Condition: { StringEquals: { "aws:ResourceTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } },
    },
  ]);
});

describe("a key", () => {
  const use = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ];
  const logs = (Sid: string, Condition: object) => ({
    Sid,
    Effect: "Allow",
    Principal: { Service: "logs.eu-central-1.amazonaws.com" },
    Action: use,
    Resource: ["*"],
    Condition,
  });
  const logArn = (group: string) => ({ "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:eu-central-1:111122223333:log-group:${group}` });

  test("is administered by the account, whose IAM policies decide who uses it, but not with all actions", () => {
    const [account, ...others] = statements(iam.imageKeyPolicy(identity)) as iam.Statement[];
    expect(others).toEqual([]);
    expect({ ...account, Action: [] }).toEqual({
      Sid: "Account",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: [],
      Resource: ["*"],
    });
    expect(account!.Action).toEqual([...account!.Action].sort());
    expect(account!.Action).toEqual(expect.arrayContaining([...use, "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant"]));
    expect(account!.Action).toHaveLength(30);
    expect(account!.Action.join()).not.toContain("*");
  });

  test("of a cluster encrypts the logs of its control plane, and one for data those of its log groups", () => {
    expect(statements(iam.keyPolicy(identity))[1]).toEqual(logs("ControlPlaneLogs", { StringEquals: logArn("/aws/eks/prod/cluster") }));
    expect(statements(iam.dataKeyPolicy({ ...identity, logGroups: "prod-" }))[1]).toEqual(logs("Logs", { StringLike: logArn("prod-*") }));
    expect(JSON.stringify(statements(iam.keyPolicy(inChina))[1])).toContain('"logs.cn-north-1.amazonaws.com.cn"');
  });

  test("for data is created with its policy and an alias, rotates, and is known once its policy is in place", async () => {
    const outputs = { "aws:kms/key:Key": () => ({ arn: "arn:aws:kms:eu-central-1:111122223333:key/1" }) };
    const create = () => createDataKey("prod", { region: identity.region, logGroups: "prod-", tags: { team: "shop" } }, {});
    const { result, resources } = await record(async () => (await settle(pulumi.output(create()))).value, { outputs });
    expect(result).toBe("arn:aws:kms:eu-central-1:111122223333:key/1");
    expect(resources.map(({ type, inputs }) => [type.split(":").at(-1), inputs])).toEqual([
      [
        "Key",
        {
          description: "Encrypts the images and the network's logs of prod",
          enableKeyRotation: true,
          deletionWindowInDays: 30,
          tags: { team: "shop" },
        },
      ],
      expect.arrayContaining([expect.stringMatching(/^Alias$|^KeyPolicy$/)]),
      expect.arrayContaining([expect.stringMatching(/^Alias$|^KeyPolicy$/)]),
    ]);
    const inputsOf = (kind: string) => resources.find(({ type }) => type.endsWith(`:${kind}`))!.inputs;
    expect(inputsOf("KeyPolicy")).toEqual({ keyId: "prod-data-id", policy: iam.dataKeyPolicy({ ...identity, logGroups: "prod-" }) });
    expect(inputsOf("Alias")).toEqual({ name: "alias/prod-data", targetKeyId: "prod-data-id" });
  });
});

test("the names of AWS's own policies and log groups depend on the partition and the cluster", () => {
  expect(iam.managedPolicyArn("eu-central-1", "A")).toBe("arn:aws:iam::aws:policy/A");
  expect(iam.accessPolicyArn("eu-central-1", "ClusterAdmin")).toBe("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy");
  expect(iam.accessPolicyArn("us-gov-west-1", "View")).toBe("arn:aws-us-gov:eks::aws:cluster-access-policy/AmazonEKSViewPolicy");
  expect(iam.clusterArn(inChina)).toBe("arn:aws-cn:eks:cn-north-1:111122223333:cluster/prod");
  expect(logGroupName("prod")).toBe("/aws/eks/prod/cluster");
});

describe("who may pull is one identity", () => {
  const problemsWith = (arn: string) =>
    problemsWithRepository("web", { repositoryName: "shop/web", pullPrincipals: [arn] }).map(formatProblem);
  const account = "arn:aws:iam::111122223333";

  test.each([
    `${account}:root`,
    `${account}:role/nodes`,
    `${account}:role/team/a+b=c,d.e@f_g-h`,
    `${account}:user/ci`,
    "arn:aws-us-gov:iam::111122223333:role/nodes",
    "arn:aws-cn:iam::111122223333:role/nodes",
  ])("%s", (arn) => {
    expect(problemsWith(arn)).toEqual([]);
  });

  test.each([
    "*",
    "",
    `x${account}:root`,
    `${account}:roots`,
    `${account}:role/`,
    `${account}:role/a*`,
    `${account}:role/nodes\n`,
    `${account}:group/a`,
    "arn:aws:iam::1111222233334:root",
    "arn:aws:iam:::root",
    "arn:aws-1:iam::111122223333:root",
    "arn:awsx:iam::111122223333:root",
  ])("not %j", (arn) => {
    expect(problemsWith(arn)).toEqual([
      expect.stringMatching(
        /^pullPrincipals\[0\]: must be the ARN of one IAM role, user or account, such as arn:aws:iam::<account>:role\/nodes \(got "/,
      ),
    ]);
  });
});

test("the name of a repository", () => {
  const problemsWith = (repositoryName: string) => problemsWithRepository("web", { repositoryName }).map(formatProblem);
  for (const name of ["ab", "shop/web", "a.b_c-d/e2", "a/b/c", "a".repeat(256)]) expect(problemsWith(name)).toEqual([]);
  for (const name of ["a", "a".repeat(257), "Shop/web", "shop//web", "/web", "web/", "a..b", "-web", "web-", "shop/-web", "web:1", "a/B/c"])
    expect(problemsWith(name)).toEqual([
      `repositoryName: must be 2 to 256 lower-case letters and digits, separated by single ".", "_", "-" or "/", such as shop/web (got "${name}").`,
    ]);
});

describe("the permissions of pods", () => {
  const args = { namespace: "shop", serviceAccount: "web" };
  const policyArn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
  const policyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn" }],
  });
  const problemsWith = (more: object, name = "web") => problemsWithPodRights(name, { ...args, ...more }).map(formatProblem);

  test.each([policyArn, "arn:aws:iam::111122223333:policy/team/a+b=c,d.e@f_g-h", "arn:aws-us-gov:iam::aws:policy/a"])(
    "come from a policy such as %s",
    (arn) => {
      expect(problemsWith({ policyArns: [arn] })).toEqual([]);
    },
  );

  test.each([
    `x${policyArn}`,
    `${policyArn}\n`,
    `${policyArn}*`,
    "arn:aws:iam::aws:role/a",
    "arn:aws:iam::1:policy/a",
    "arn:aws-1:iam::aws:policy/a",
    "a",
  ])("do not come from %j", (arn) => {
    expect(problemsWith({ policyArns: [arn] })).toEqual([
      `policyArns[0]: must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess (got "${arn}").`,
    ]);
  });

  test("are at least one policy, none of them twice", () => {
    expect(problemsWith({})).toEqual(["must have policyArns or a policyDocument."]);
    expect(problemsWith({ policyArns: [] })).toEqual(["must have policyArns or a policyDocument."]);
    expect(problemsWith({ policyDocument })).toEqual([]);
    expect(problemsWith({ policyArns: [policyArn, policyArn] })).toEqual([
      "policyArns[1]: must not repeat the policy AmazonS3ReadOnlyAccess.",
    ]);
  });

  test("have a name that IAM accepts for the role", () => {
    expect(problemsWith({ policyDocument }, "a".repeat(56))).toEqual([]);
    for (const name of ["a".repeat(57), "", "a b", "a/b", "é"])
      expect(problemsWith({ policyDocument }, name)).toEqual([
        `the name must be 1 to 56 letters, digits, "-" and "_" (got "${name}"). The IAM role has the same name.`,
      ]);
  });
});
