import type { Properties } from "../../../lib/values.ts";
import { everywhere, isApiOpenToAll } from "../../impact/aws/cluster.ts";
import { aws } from "../../impact/aws/kinds.ts";
import { listOf, Severity, type PolicyRule } from "../rule.ts";

const eksGuide = "https://docs.aws.amazon.com/eks/latest/best-practices/";

/** Statements of a policy document, which can be a JSON text or an object. */
function statementsOf(policy: unknown): Properties[] {
  try {
    const document = (typeof policy === "string" ? JSON.parse(policy) : policy) as Properties | undefined;
    return listOf(document?.["Statement"] as Properties[]);
  } catch {
    return [];
  }
}

/** Statements of the policy of a resource, or of the policies in a role. */
function statementsIn({ policy, inlinePolicies }: Properties): Properties[] {
  return [policy, ...listOf(inlinePolicies as Properties[]).map((inline) => inline["policy"])].flatMap(statementsOf);
}

function allowsAll({ Effect, Action }: Properties): boolean {
  return Effect === "Allow" && listOf(Action as string).some((action) => action === "*" || /^(\*|[\w-]+):\*$/.test(action));
}

function allowsOthers({ Effect, NotAction }: Properties): boolean {
  return Effect === "Allow" && NotAction !== undefined;
}

/** Rules for AWS resources. */
export const awsPolicyRules: PolicyRule[] = [
  {
    id: "private-api-endpoint",
    severity: Severity.Error,
    types: aws("eks.Cluster"),
    check: ({ inputs }) => isApiOpenToAll(inputs) && "exposes the Kubernetes API to the internet",
    remedy: "Set vpcConfig.endpointPublicAccess: false, or list CIDR ranges in publicAccessCidrs.",
    reference: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  },
  {
    id: "encrypted-cluster-secrets",
    severity: Severity.Error,
    types: aws("eks.Cluster"),
    check: ({ inputs }) => !inputs.encryptionConfig?.provider?.keyArn && "does not encrypt Secrets with a customer managed key",
    remedy: "Set encryptionConfig with a KMS key.",
    reference: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
  },
  {
    id: "cluster-logs",
    severity: Severity.Error,
    types: aws("eks.Cluster"),
    check: ({ inputs }) => {
      const missing = ["api", "audit", "authenticator"].filter((type) => !(inputs.enabledClusterLogTypes ?? []).includes(type));
      return missing.length > 0 && `does not write logs of the type ${missing.join(", ")}`;
    },
    remedy: "Add them to enabledClusterLogTypes.",
    reference: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
  },
  {
    id: "access-by-entries",
    severity: Severity.Error,
    types: aws("eks.Cluster"),
    check: ({ inputs: { accessConfig } }) =>
      (accessConfig?.authenticationMode !== "API" || accessConfig.bootstrapClusterCreatorAdminPermissions !== false) &&
      "grants access by other means than access entries",
    remedy: "Set accessConfig.authenticationMode: API and bootstrapClusterCreatorAdminPermissions: false.",
    reference: `${eksGuide}identity-and-access-management.html`,
  },
  {
    id: "immutable-tags",
    severity: Severity.Error,
    types: aws("ecr.Repository"),
    check: ({ inputs }) => !String(inputs.imageTagMutability).startsWith("IMMUTABLE") && "allows tags to be overwritten",
    remedy: "Set imageTagMutability: IMMUTABLE.",
    reference: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
  },
  {
    id: "encrypted-repository",
    severity: Severity.Error,
    types: aws("ecr.Repository"),
    check: ({ inputs }) =>
      !listOf(inputs.encryptionConfigurations as Properties[]).some(({ kmsKey }) => kmsKey) &&
      "is not encrypted with a customer managed key",
    remedy: "Set encryptionConfigurations with a KMS key.",
    reference: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
  },
  {
    id: "scan-on-push",
    severity: Severity.Warning,
    types: aws("ecr.Repository"),
    check: ({ inputs }) => inputs.imageScanningConfiguration?.scanOnPush !== true && "does not scan images for vulnerabilities",
    remedy: "Set imageScanningConfiguration.scanOnPush: true.",
    reference: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
  },
  {
    id: "key-rotation",
    severity: Severity.Error,
    types: aws("kms.Key"),
    check: ({ inputs }) => inputs.enableKeyRotation !== true && "is not rotated",
    remedy: "Set enableKeyRotation: true.",
    reference: "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
  },
  {
    id: "no-wildcard-actions",
    severity: Severity.Error,
    types: aws(
      ...["iam.Policy", "iam.RolePolicy", "iam.UserPolicy", "iam.GroupPolicy", "iam.Role"],
      ...["kms.KeyPolicy", "kms.Key", "ecr.RepositoryPolicy", "ec2.VpcEndpoint", "s3.BucketPolicy"],
    ),
    check: ({ inputs }) => {
      const statements = statementsIn(inputs);
      if (statements.some(allowsAll)) return "allows all actions of a service (*)";
      return statements.some(allowsOthers) && "allows all actions but those that it lists (NotAction)";
    },
    remedy: "List the actions that are needed.",
    reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
  },
  {
    id: "no-administrator",
    severity: Severity.Error,
    types: aws("iam.Role", "iam.RolePolicyAttachment", "iam.UserPolicyAttachment", "iam.GroupPolicyAttachment", "iam.PolicyAttachment"),
    check: ({ inputs }) =>
      [inputs.policyArn, ...listOf(inputs.managedPolicyArns as string[])].some((arn) =>
        /:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/.test(String(arn)),
      ) && "grants administrator permissions",
    remedy: "Attach a policy with only the permissions that are needed.",
    reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
  },
  {
    id: "closed-ports",
    severity: Severity.Error,
    types: aws("ec2.SecurityGroup", "ec2.DefaultSecurityGroup", "ec2.SecurityGroupRule", "vpc.SecurityGroupIngressRule"),
    check: ({ type, inputs }) => {
      const rules = type.endsWith("SecurityGroup") ? listOf(inputs.ingress as Properties[]) : inputs.type === "egress" ? [] : [inputs];
      const isOpen = ({ cidrBlocks, ipv6CidrBlocks, cidrIpv4, cidrIpv6, fromPort, toPort }: Properties) =>
        [...listOf(cidrBlocks), ...listOf(ipv6CidrBlocks), cidrIpv4, cidrIpv6].some((cidr) => everywhere.includes(cidr as string)) &&
        !(fromPort === toPort && [80, 443].includes(fromPort));
      return rules.some(isOpen) && "allows inbound traffic from anywhere to ports other than 80 and 443";
    },
    remedy: "Restrict the CIDR ranges or the ports.",
    reference: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html",
  },
  {
    id: "no-public-addresses",
    severity: Severity.Error,
    types: aws("ec2.Subnet"),
    check: ({ inputs }) => inputs.mapPublicIpOnLaunch === true && "assigns public IP addresses by default",
    remedy: "Set mapPublicIpOnLaunch: false.",
    reference: `${eksGuide}subnets.html`,
  },
  {
    id: "metadata-by-token",
    severity: Severity.Error,
    types: aws("ec2.LaunchTemplate", "ec2.Instance"),
    check: ({ inputs }) =>
      inputs.metadataOptions?.httpTokens !== "required" &&
      "does not require IMDSv2, so a forged request can read the credentials of its role",
    remedy: "Set metadataOptions.httpTokens: required.",
    reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
  },
  {
    id: "logs-end",
    severity: Severity.Warning,
    types: aws("cloudwatch.LogGroup"),
    check: ({ inputs }) => !inputs.retentionInDays && "keeps logs forever",
    remedy: "Set retentionInDays.",
    reference: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
  },
  {
    id: "encrypted-logs",
    severity: Severity.Warning,
    types: aws("cloudwatch.LogGroup"),
    check: ({ inputs }) => !inputs.kmsKeyId && "is not encrypted with a customer managed key",
    remedy: "Set kmsKeyId.",
    reference: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
  },
];
