/** What identifies an EKS cluster. */
export interface ClusterIdentity {
  region: string;
  account: string;
  /** Name of the cluster. */
  cluster: string;
}

/** The partition, which is the second part of every ARN, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html. */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** The region in an ARN; empty for global services such as IAM. */
export function regionOf(arn: string): string {
  return arn.split(":")[3] ?? "";
}

/** The account id in an ARN. */
export function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

/** Reads the ARN of an EKS cluster, `arn:aws:eks:<region>:<account>:cluster/<name>`. */
export function identityOf(arn: string): ClusterIdentity {
  return { region: regionOf(arn), account: accountOf(arn), cluster: lastPart(arn) };
}

/** What follows the last slash of an ARN: a name without its path. */
export function lastPart(arn: string): string {
  return arn.split("/").at(-1) ?? arn;
}
