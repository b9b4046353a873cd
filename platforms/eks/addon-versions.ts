import type { AwsQuery } from "./preflight/aws-cli.ts";

/** The output of `aws eks describe-addon-versions`, https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonVersionInfo.html. */
interface DescribeAddonVersions {
  addons: {
    addonName: string;
    addonVersions: { addonVersion: string; compatibilities: { clusterVersion: string; defaultVersion: boolean }[] }[];
  }[];
}

/** The versions of an add-on for a Kubernetes version. */
export interface AddonVersions {
  /** Newest first. */
  offered: string[];
  /** What EKS installs if no version is given. */
  default?: string;
}

/** The versions of an add-on that EKS offers for a Kubernetes version, such as `1.36`. */
export async function addonVersions(aws: AwsQuery, kubernetes: string, addon: string): Promise<AddonVersions> {
  const args = ["--kubernetes-version", kubernetes, "--addon-name", addon];
  const { addons } = await aws<DescribeAddonVersions>("eks", "describe-addon-versions", ...args);
  const versions = addons.find(({ addonName }) => addonName === addon)?.addonVersions ?? [];
  const isDefault = ({ compatibilities }: (typeof versions)[number]) =>
    compatibilities.some(({ clusterVersion, defaultVersion }) => clusterVersion === kubernetes && defaultVersion);
  return { offered: versions.map(({ addonVersion }) => addonVersion), default: versions.find(isDefault)?.addonVersion };
}

/** The default versions of add-ons, by name, without those that have none. */
export async function defaultAddonVersions(aws: AwsQuery, kubernetes: string, addons: string[]): Promise<Record<string, string>> {
  const answers = await Promise.all(addons.map((addon) => addonVersions(aws, kubernetes, addon)));
  return Object.fromEntries(addons.flatMap((addon, i) => (answers[i]!.default === undefined ? [] : [[addon, answers[i]!.default]])));
}
