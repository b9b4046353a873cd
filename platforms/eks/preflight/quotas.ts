import type { Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { networkArgs } from "../settings.ts";
import type { AwsQuery } from "./aws-cli.ts";

interface GetServiceQuota {
  Quota: { Value: number };
}

/** A new network must fit into the account's quotas, https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html. */
export async function problemsWithQuotas(eks: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const network = networkArgs(eks, {});
  if (network === undefined) return [];
  const { nat = "single", zones } = network;
  const addresses = { none: 0, single: 1, perAz: zones.length, regional: 0 }[nat];
  const quotas = [
    { what: "VPCs", needed: 1, list: ["describe-vpcs", "Vpcs"], service: "vpc", code: "L-F678F1CE" },
    { what: "Elastic IP addresses", needed: addresses, list: ["describe-addresses", "Addresses"], service: "ec2", code: "L-0263D0A3" },
  ];
  const checks = quotas.map(async ({ what, needed, list: [operation = "", key = ""], service, code }): Promise<Problem[]> => {
    const used = (await aws<Record<string, unknown[]>>("ec2", operation))[key]?.length ?? 0;
    const options = ["--service-code", service, "--quota-code", code];
    const quota = (await aws<GetServiceQuota>("service-quotas", "get-service-quota", ...options)).Quota.Value;
    if (used + needed <= quota) return [];
    const request = `aws service-quotas request-service-quota-increase ${options.join(" ")} --desired-value ${used + needed} --region ${eks.region}`;
    const message = `The quota for ${what} in ${eks.region} is too low (${used} of ${quota} are in use, ${needed} more needed). Delete some, or request a higher quota (${request})`;
    return [{ path: [], message }];
  });
  return (await Promise.all(checks.map((problems) => problems.catch(() => [])))).flat();
}
