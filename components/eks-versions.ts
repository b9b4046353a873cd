/**
 * Supported Kubernetes versions, with the day (UTC) on which their EKS standard support ends, from
 * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar, as listed by
 * https://endoflife.date/amazon-eks on 2026-08-22. 1.34 is left out because its support ends on 2026-12-02.
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

/** What is wrong with a Kubernetes version. */
export function problemWithVersion(version: string): string | undefined {
  if (Object.hasOwn(standardSupportEnds, version)) return undefined;
  const supported = Object.keys(standardSupportEnds).join(" or ");
  return `must be a Kubernetes version in EKS standard support: ${supported} (got "${version}")`;
}

/** A warning if the standard support of a version ends within 60 days or has ended. */
export function supportWarning(version: string, today: Date): string | undefined {
  const end = standardSupportEnds[version];
  if (end === undefined) return undefined;
  const left = Math.ceil((Date.parse(end) - today.getTime()) / dayMs);
  if (left > noticeDays) return undefined;
  const when = left > 0 ? `ends on ${end}, in ${left} ${left === 1 ? "day" : "days"}` : `ended on ${end}`;
  return `EKS standard support for Kubernetes ${version} ${when}. AWS then upgrades the cluster automatically. Upgrade to the next version yourself to choose the time.`;
}
