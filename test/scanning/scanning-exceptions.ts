import { standardSupportEnds } from "../../components/eks-versions.ts";

/** A finding of checkov that is no fault. */
export interface Exception {
  /** The check's id, https://www.checkov.io/5.Policy%20Index/terraform.html. */
  check: string;
  /** Addresses of resources, as Terraform has them. */
  resource: RegExp;
  /** What makes it no fault; a resource without it is not excused. */
  where: (values: Record<string, any>) => boolean; // eslint-disable-line @typescript-eslint/no-explicit-any -- as Terraform has them
  reason: string;
}

/** All that is excused; `scanning.test.ts` fails where one is needless. */
export const exceptions: Exception[] = [
  {
    check: "CKV_AWS_339",
    resource: /^aws_eks_cluster\./,
    where: ({ version }) => Object.hasOwn(standardSupportEnds, version),
    reason: "Its list of supported Kubernetes versions ends before those that EKS supports. Ours has the day until which each is.",
  },
  {
    check: "CKV_AWS_39",
    resource: /^aws_eks_cluster\./,
    where: ({ vpc_config: [vpc] }) => vpc.endpoint_private_access && vpc.public_access_cidrs?.join() === "203.0.113.0/24",
    reason: "Its stack names who reaches the API from outside, who could not otherwise; CKV_AWS_38 holds that it is not the world.",
  },
  {
    check: "CKV_AWS_338",
    resource: /^aws_cloudwatch_log_group\./,
    where: ({ retention_in_days: days }) => [7, 30].includes(days),
    reason:
      "The stacks dev and staging ask for less than the year that prod has: nobody looks into last year's trials, and logs have their price.",
  },
  {
    check: "CKV2_AWS_71",
    resource: /^aws_acm_certificate\./,
    where: ({ domain_name: domain, subject_alternative_names: names }) => names.join() === `*.${domain}`,
    reason:
      "One certificate serves what is directly below one domain, so that a new service waits for none; its private key never leaves ACM, and renews itself.",
  },
];
