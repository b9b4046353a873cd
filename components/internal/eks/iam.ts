import { containerLogGroupNames, logGroupName } from "../../eks-log-groups.ts";
import { partitionOf, type ClusterIdentity } from "../../../lib/aws-arn.ts";

/** A statement of an IAM policy document. */
export interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal?: { Service: string } | { AWS: string } | { Federated: string };
  Action: string[];
  Resource?: string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** ARN of an AWS managed policy. */
export function managedPolicyArn(region: string, name: string): string {
  return `arn:${partitionOf(region)}:iam::aws:policy/${name}`;
}

/** ARN of an EKS access policy, which grants permissions in Kubernetes. */
export function accessPolicyArn(region: string, policy: string): string {
  return `arn:${partitionOf(region)}:eks::aws:cluster-access-policy/AmazonEKS${policy}Policy`;
}

export function clusterArn({ region, account, cluster }: ClusterIdentity): string {
  return `arn:${partitionOf(region)}:eks:${region}:${account}:cluster/${cluster}`;
}

/**
 * Trust policy of the cluster's role: EKS may assume it, if it is restricted for this cluster only,
 * https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html. Auto Mode needs `sts:TagSession`,
 * https://docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html.
 */
export function clusterTrust(identity: ClusterIdentity, restricted: boolean): string {
  const conditions = { StringEquals: { "aws:SourceAccount": identity.account }, ArnLike: { "aws:SourceArn": clusterArn(identity) } };
  return document({
    Effect: "Allow",
    Principal: { Service: "eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    ...(restricted && { Condition: conditions }),
  });
}

/**
 * Trust policy of the nodes' role: EC2 instances may assume it. It has no condition on the account: a role can only be passed within its
 * account, and EC2 sends no source account.
 */
export function nodeTrust(): string {
  return document({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: ["sts:AssumeRole"] });
}

/**
 * Trust policy for EKS Pod Identity: pods of one ServiceAccount in this cluster may assume the role,
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html. The conditions match the session tags that EKS sets,
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html.
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

/**
 * Trust policy for IRSA: pods of one ServiceAccount may assume the role, with a token that the cluster's OIDC provider has signed,
 * https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html.
 */
export function irsaTrust(oidcProviderArn: string, namespace: string, serviceAccount: string): string {
  const issuer = oidcProviderArn.slice(oidcProviderArn.indexOf("/") + 1);
  return document({
    Effect: "Allow",
    Principal: { Federated: oidcProviderArn },
    Action: ["sts:AssumeRoleWithWebIdentity"],
    Condition: {
      StringEquals: { [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`, [`${issuer}:aud`]: "sts.amazonaws.com" },
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
 * Key policy of the cluster's key: IAM policies of the account decide who uses it, and CloudWatch Logs may encrypt the cluster's logs with
 * it. EKS uses the key through a grant from the identity that creates the cluster.
 */
export function keyPolicy({ region, account, cluster }: ClusterIdentity, containerInsights = false): string {
  const logGroups = [logGroupName(cluster), ...(containerInsights ? containerLogGroupNames(cluster) : [])];
  return keyPolicyWithLogs(region, account, "ControlPlaneLogs", "StringEquals", logGroups);
}

/**
 * Key policy of the key for images and logs: ECR uses it through a grant, and CloudWatch Logs for the log groups whose names start with
 * `logGroups`.
 */
export function dataKeyPolicy({ region, account, logGroups }: { region: string; account: string; logGroups: string }): string {
  return keyPolicyWithLogs(region, account, "Logs", "StringLike", [`${logGroups}*`]);
}

/** Key policy of a key for images only. */
export function imageKeyPolicy({ region, account }: Pick<ClusterIdentity, "region" | "account">): string {
  return document(administration(region, account));
}

const kms = (actions: string[]) => actions.map((action) => `kms:${action}`).sort();

/** In a key policy, the resource `*` is the key itself. */
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
function keyPolicyWithLogs(
  region: string,
  account: string,
  sid: string,
  operator: "StringEquals" | "StringLike",
  logGroups: string[],
): string {
  const partition = partitionOf(region);
  const arns = logGroups.map((group) => `arn:${partition}:logs:${region}:${account}:log-group:${group}`);
  return document(administration(region, account), {
    Sid: sid,
    Effect: "Allow",
    Principal: { Service: `logs.${region}.amazonaws.com${partition === "aws-cn" ? ".cn" : ""}` },
    Action: kms(keyUse),
    Resource: ["*"],
    Condition: { [operator]: { "kms:EncryptionContext:aws:logs:arn": arns.length === 1 ? arns[0]! : arns } },
  });
}

/**
 * Lets Auto Mode set custom tags on the volumes and load balancers that it creates for this cluster; its managed policies do not allow
 * that. It is the part of https://docs.aws.amazon.com/eks/latest/userguide/auto-learn-iam.html#tag-prop that EksAddOns needs.
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
        // A VPC may be shared by another account.
        `${ec2}:*:vpc/*`,
        ...["listener", "loadbalancer", "targetgroup"].map((kind) => `${loadBalancing}:${kind}/*`),
      ],
      Condition,
    },
    {
      // For tags that are removed from the settings.
      Sid: "RemovedTags",
      Effect: "Allow",
      Action: ["ec2:DeleteTags", "elasticloadbalancing:RemoveTags"],
      Resource: [
        ...["volume", "security-group"].map((kind) => `${ec2}:${account}:${kind}/*`),
        ...["listener", "loadbalancer", "targetgroup"].map((kind) => `${loadBalancing}:${kind}/*`),
      ],
      Condition: { StringEquals: { "aws:ResourceTag/eks:eks-cluster-name": "${aws:PrincipalTag/eks:eks-cluster-name}" } },
    },
  );
}

/** What is wrong with an IAM policy document in JSON. */
export function problemWithPolicyDocument(text: string): string | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return "must be an IAM policy document in JSON";
  }
  const { Version, Statement } = (policy ?? {}) as { Version?: unknown; Statement?: unknown };
  if (Version !== "2012-10-17") return `must have Version "2012-10-17". Older versions do not support policy variables`;
  const statements = list(Statement) as Partial<Record<"Effect" | "Action" | "NotAction" | "Resource", unknown>>[];
  if (statements.length === 0) return "must have a Statement";
  const hasWildcards = statements.find(
    ({ Effect, Action, NotAction, Resource }) =>
      Effect !== "Deny" && list(Resource).includes("*") && (NotAction !== undefined || list(Action).some((a) => String(a).includes("*"))),
  );
  return hasWildcards && "must not allow wildcard actions on all resources. Name the actions or the resources";
}

function list(value: unknown): unknown[] {
  return value === undefined ? [] : [value].flat();
}

function document(...Statement: Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}
