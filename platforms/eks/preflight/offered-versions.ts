import * as pulumi from "@pulumi/pulumi";
import { defaultVersion, standardSupportEnds, supportWarning } from "../../../components/eks-versions.ts";
import type { Problem } from "../../../lib/problem.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";
import { addonVersions } from "../addon-versions.ts";
import type { AwsQuery } from "./aws-cli.ts";

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterVersionInformation.html */
interface DescribeClusterVersions {
  clusterVersions: { clusterVersion: string; versionStatus?: string; endOfStandardSupportDate?: string }[];
}

/** The region must offer the Kubernetes version, in standard support, and the versions of add-ons. */
export async function problemsWithOfferedVersions(eks: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const problems = await Promise.all([problemsWithKubernetesVersion(eks, aws), problemsWithAddonVersions(eks, aws)]);
  return problems.flat();
}

async function problemsWithKubernetesVersion({ version = defaultVersion, region }: EksSettings, aws: AwsQuery): Promise<Problem[]> {
  const answer = await aws<DescribeClusterVersions>("eks", "describe-cluster-versions").catch(() => undefined);
  if (answer === undefined) return [];
  // The cluster has no extended support, which AWS charges for.
  const supported = answer.clusterVersions.filter(({ versionStatus = "STANDARD_SUPPORT" }) => versionStatus === "STANDARD_SUPPORT");
  const found = supported.find(({ clusterVersion }) => clusterVersion === version);
  if (found !== undefined) {
    // The component warns about the versions that it knows.
    const end = Object.hasOwn(standardSupportEnds, version) ? undefined : found.endOfStandardSupportDate?.slice(0, 10);
    const warning = end && supportWarning(version, new Date(), end);
    if (warning) void pulumi.log.warn(warning);
    return [];
  }
  const names = supported.map(({ clusterVersion }) => clusterVersion).sort();
  const message = `must be a version in standard support that EKS offers in ${region}: ${names.join(", ")} (got "${version}")`;
  return [{ path: ["eks", "version"], message }];
}

/** Versions shown for an add-on. There are dozens. */
const shownVersions = 5;

async function problemsWithAddonVersions({ version = defaultVersion, addonVersions: given = {} }: EksSettings, aws: AwsQuery) {
  const checks = Object.entries(given).map(async ([addon, wanted]): Promise<Problem[]> => {
    const { offered } = await addonVersions(aws, version, addon).catch(() => ({ offered: [] as string[] }));
    if (offered.length === 0 || offered.includes(wanted)) return [];
    const message = `must be a version that EKS offers for Kubernetes ${version}, such as ${offered.slice(0, shownVersions).join(", ")} (got "${wanted}"). Correct it, or run slipway lock --update ${addon}`;
    return [{ path: ["eks", "addonVersions", addon], message }];
  });
  return (await Promise.all(checks)).flat();
}
