/**
 * Supported Kubernetes versions, with the day (UTC) on which their EKS standard support ends, from
 * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar, as listed by
 * https://endoflife.date/amazon-eks on 2026-08-22, oldest first. 1.34 is left out because its support ends on 2026-12-02. The list is for
 * previews, which do not ask AWS.
 */
export const standardSupportEnds: Readonly<Record<string, string>> = {
  "1.35": "2027-03-27",
  "1.36": "2027-08-02",
};

/** The default Kubernetes version of a cluster. */
export const defaultVersion = "1.36";

/** Days before the end of support from which a warning is shown. AWS gives the same notice. */
const noticeDays = 60;

const dayMs = 24 * 60 * 60 * 1000;

/**
 * What is wrong with a Kubernetes version. Versions that came out after this list are not rejected: before a deployment, EKS is asked
 * which versions it supports.
 */
export function problemWithVersion(version: string): string | undefined {
  const supported = Object.keys(standardSupportEnds);
  const oldest = supported[0]!;
  if (/^1\.\d{1,3}$/.test(version) && minorOf(version) >= minorOf(oldest)) return undefined;
  return `must be a Kubernetes version in EKS standard support: ${supported.join(", ")} or newer (got "${version}")`;
}

/** The minor version: 36 of `1.36`. */
export function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

/**
 * A warning if the standard support of a version ends within 60 days or has ended.
 *
 * @param end The day of the end (UTC), such as 2027-03-27. @default - from the list; undefined for versions that are not in it
 */
export function supportWarning(version: string, today: Date, end: string | undefined = standardSupportEnds[version]): string | undefined {
  if (end === undefined) return undefined;
  const left = Math.ceil((Date.parse(end) - today.getTime()) / dayMs);
  if (left > noticeDays) return undefined;
  const when = left > 0 ? `ends on ${end}, in ${left} ${left === 1 ? "day" : "days"}` : `ended on ${end}`;
  return `EKS standard support for Kubernetes ${version} ${when}. AWS then upgrades the cluster automatically. Upgrade to the next version yourself to choose the time.`;
}
