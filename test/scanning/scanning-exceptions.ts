import { standardSupportEnds } from "../../components/eks-versions.ts";

/** A finding of checkov that is accepted. */
export interface Exception {
  /** Id of the check, https://www.checkov.io/5.Policy%20Index/terraform.html. */
  check: string;
  /** Addresses of resources in Terraform. */
  resource: RegExp;
  /** The condition under which the finding is accepted. */
  where: (values: Record<string, any>) => boolean; // oxlint-disable-line typescript/no-explicit-any -- inputs in the form of Terraform
  reason: string;
}

/** All accepted findings. `scanning.test.ts` fails if one of them is unused. */
export const exceptions: Exception[] = [
  {
    check: "CKV_AWS_339",
    resource: /^aws_eks_cluster\./,
    where: ({ version }) => Object.hasOwn(standardSupportEnds, version),
    reason: "checkov's list of supported Kubernetes versions is older than that of EKS. Ours has the end of support of each version.",
  },
  {
    check: "CKV_AWS_39",
    resource: /^aws_eks_cluster\./,
    where: ({ vpc_config: [vpc] }) => vpc.endpoint_private_access && vpc.public_access_cidrs?.join() === "203.0.113.0/24",
    reason: "The stack lists the public ranges that need the API. CKV_AWS_38 checks that the API is not open to all.",
  },
  {
    check: "CKV_AWS_338",
    resource: /^aws_cloudwatch_log_group\./,
    where: ({ retention_in_days: days }) => [7, 30].includes(days),
    reason: "Only prod keeps logs for a year. In dev and staging, old logs are not worth their price.",
  },
  {
    check: "CKV2_AWS_71",
    resource: /^aws_acm_certificate\./,
    where: ({ domain_name: domain, subject_alternative_names: names }) => names.join() === `*.${domain}`,
    reason:
      "One wildcard certificate covers all hosts directly below the domain, so that a new service needs no certificate. Its private key never leaves ACM.",
  },
];

/** A finding of cfn-lint that is accepted. */
export interface LintException {
  /** Id of the rule, https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md. */
  rule: string;
  /** Where it is accepted. */
  path: RegExp;
  reason: string;
}

/** All accepted findings of cfn-lint. `cloudformation.test.ts` fails if one of them is unused. */
export const lintExceptions: LintException[] = [
  {
    rule: "W3010",
    path: /^Resources\/Subnet\w+\/Properties\/AvailabilityZone$/,
    reason: "A template should take its zones from the region. Ours come from the settings of the stack, so that subnets never move.",
  },
];

/** A call of the AWS API that moto does not model. */
export interface MockException {
  operation: string;
  message: RegExp;
  reason: string;
}

const eksLacks = "Of EKS, moto only has clusters, node groups and Fargate profiles. The models check the parameters.";

/** All calls that moto does not model. `aws-calls.test.ts` fails if moto accepts one of them. */
export const mockExceptions: MockException[] = [
  ...["CreateAddon", "UpdateAddon", "CreateAccessEntry", "AssociateAccessPolicy", "CreatePodIdentityAssociation"].map((operation) => {
    return { operation, message: /Not yet implemented/, reason: eksLacks };
  }),
  {
    operation: "CreateNatGateway",
    message: /The subnet ID 'None' does not exist/,
    reason: "moto does not know regional NAT gateways, which have a VPC in place of a subnet.",
  },
  {
    operation: "CreateRoute",
    message: /^aws:ec2\/natGateway:NatGateway::slipway-test was not created$/,
    reason: "The route leads to the regional NAT gateway.",
  },
];
