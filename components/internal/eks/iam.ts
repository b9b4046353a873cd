/** Where a cluster is: what its ARN consists of. */
export interface ClusterIdentity {
  region: string;
  account: string;
  cluster: string;
}

export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: { Service: string } | { AWS: string };
  Action: string[];
  Resource?: string[];
  Condition?: Record<string, Record<string, string>>;
}

/** What ARNs of a region begin with, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

/** The identity that the ARN of a cluster tells. */
export function identityOf(arn: string): ClusterIdentity {
  return { region: arn.split(":")[3] ?? "", account: accountOf(arn), cluster: arn.split("/").at(-1) ?? "" };
}

/** ARN of a policy that AWS provides. */
export function managedPolicy(region: string, name: string): string {
  return `arn:${partitionOf(region)}:iam::aws:policy/${name}`;
}

/** The last part of a policy's ARN. */
export function policyName(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}

/** ARN of what a principal may do in Kubernetes. */
export function accessPolicy(region: string, policy: string): string {
  return `arn:${partitionOf(region)}:eks::aws:cluster-access-policy/AmazonEKS${policy}Policy`;
}

export function clusterArn({ region, account, cluster }: ClusterIdentity): string {
  return `arn:${partitionOf(region)}:eks:${region}:${account}:cluster/${cluster}`;
}

export function logGroupName(cluster: string): string {
  return `/aws/eks/${cluster}/cluster`;
}

/**
 * EKS may act as the cluster's role, for this cluster alone,
 * https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html. Auto Mode tags its sessions,
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html.
 */
export function clusterTrust(identity: ClusterIdentity): string {
  return document({
    Effect: "Allow",
    Principal: { Service: "eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: { StringEquals: { "aws:SourceAccount": identity.account }, ArnLike: { "aws:SourceArn": clusterArn(identity) } },
  });
}

/** EC2 instances may act as the nodes' role. Roles are passed only within an account: EC2 says of no other where it asks from. */
export function nodeTrust(): string {
  return document({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] });
}

/**
 * Pods of one ServiceAccount of this cluster may act as a role, https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html,
 * by the tags that EKS puts onto their sessions, https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html.
 */
export function podTrust(identity: ClusterIdentity, namespace: string, serviceAccount: string): string {
  return document({
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:SourceAccount": identity.account,
        "aws:RequestTag/eks-cluster-arn": clusterArn(identity),
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    },
  });
}

const keyUse = ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo"];

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-administrators */
const keyAdministration = [
  ...["CancelKeyDeletion", "CreateAlias", "CreateGrant", "DeleteAlias", "DescribeKey", "DisableKey", "DisableKeyRotation", "EnableKey"],
  ...["EnableKeyRotation", "GetKeyPolicy", "GetKeyRotationStatus", "ListGrants", "ListKeyPolicies", "ListKeyRotations"],
  ...["ListResourceTags", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "RotateKeyOnDemand", "ScheduleKeyDeletion", "TagResource"],
  ...["UntagResource", "UpdateAlias", "UpdateKeyDescription"],
];

/**
 * IAM policies of the account decide about the key, as EKS needs it, which uses it by a grant of who makes the cluster; and
 * CloudWatch Logs may encrypt the cluster's logs with it.
 */
export function keyPolicy({ region, account, cluster }: ClusterIdentity): string {
  return policyOfKey(region, account, "ControlPlaneLogs", "StringEquals", logGroupName(cluster));
}

/** The same for images, whose registry uses a key as EKS does, and for log groups whose names begin so. */
export function dataKeyPolicy({ region, account, logGroups }: { region: string; account: string; logGroups: string }): string {
  return policyOfKey(region, account, "Logs", "StringLike", `${logGroups}*`);
}

/** The same for images alone. */
export function imageKeyPolicy({ region, account }: { region: string; account: string }): string {
  return document(administration(region, account));
}

const kms = (actions: string[]) => actions.map((action) => `kms:${action}`).sort();

/** In a key policy the resource is the key. */
function administration(region: string, account: string): Statement {
  return {
    Sid: "Account",
    Effect: "Allow",
    Principal: { AWS: `arn:${partitionOf(region)}:iam::${account}:root` },
    Action: kms([...keyUse, ...keyAdministration]),
    Resource: ["*"],
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */
function policyOfKey(region: string, account: string, logs: string, operator: "StringEquals" | "StringLike", logGroup: string): string {
  const partition = partitionOf(region);
  return document(administration(region, account), {
    Sid: logs,
    Effect: "Allow",
    Principal: { Service: `logs.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}` },
    Action: kms(keyUse),
    Resource: ["*"],
    Condition: {
      [operator]: { "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:${logGroup}` },
    },
  });
}

/**
 * Lets Auto Mode put tags of yours onto volumes and load balancers that it makes for this cluster, which its managed policies do
 * not: of https://docs.aws.amazon.com/eks/latest/userguide/auto-learn-iam.html#tag-prop what EksAddOns needs.
 */
export function taggingPolicy({ region, account }: ClusterIdentity): string {
  const Condition = { StringEquals: { "aws:RequestTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } };
  const ec2 = `arn:${partitionOf(region)}:ec2:${region}`;
  const loadBalancing = `arn:${partitionOf(region)}:elasticloadbalancing:${region}:${account}`;
  return document(
    {
      Sid: "Volumes",
      Effect: "Allow",
      Action: ["ec2:CreateSnapshot", "ec2:CreateVolume"],
      Resource: [`${ec2}:${account}:volume/*`, `${ec2}::snapshot/*`],
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
        `${ec2}:${account}:security-group/*`,
        // Another account may share it.
        `${ec2}:*:vpc/*`,
        ...["listener", "loadbalancer", "targetgroup"].map((kind) => `${loadBalancing}:${kind}/*`),
      ],
      Condition,
    },
  );
}

/** What is wrong with an IAM policy document, or nothing. */
export function problemWithPolicyDocument(text: string): string | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return "must be an IAM policy document as JSON, and is no JSON";
  }
  const { Version, Statement } = (policy ?? {}) as { Version?: unknown; Statement?: unknown };
  if (Version !== "2012-10-17") return `must have the Version "2012-10-17"; older ones know no policy variables`;
  const statements = list(Statement) as Partial<Record<"Effect" | "Action" | "NotAction" | "Resource", unknown>>[];
  if (statements.length === 0) return "must have a Statement";
  const tooWide = statements.find(
    ({ Effect, Action, NotAction, Resource }) =>
      Effect !== "Deny" && list(Resource).includes("*") && (NotAction !== undefined || list(Action).some((a) => String(a).includes("*"))),
  );
  return tooWide && 'must not allow actions with "*" on all resources; name the actions, or the resources';
}

function list(value: unknown): unknown[] {
  return value === undefined ? [] : [value].flat();
}

function document(...Statement: Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
