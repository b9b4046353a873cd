import { defaultVersion } from "../../../components/eks-versions.ts";
import type { Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import type { AwsQuery } from "./aws-cli.ts";

interface DescribeClusterVersions {
  clusterVersions: { clusterVersion: string }[];
}

/** The region must offer the Kubernetes version. */
export async function problemsWithOfferedVersions({ version = defaultVersion, region }: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const answer = await aws<DescribeClusterVersions>("eks", "describe-cluster-versions").catch(() => undefined);
  const offered = answer?.clusterVersions.map(({ clusterVersion }) => clusterVersion);
  if (offered === undefined || offered.includes(version)) return [];
  const message = `must be a version that EKS offers in ${region}: ${offered.sort().join(", ")} (got "${version}")`;
  return [{ path: ["eks", "version"], message }];
}
