/**
 * Kubernetes versions that a cluster may have, with the day (UTC) on which EKS' standard support for them ends, from
 * https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar by way of
 * https://endoflife.date/amazon-eks, as of 2026-08-22. 1.34 is not among them: its support ends on 2026-12-02.
 */
export const standardSupportEnds: Readonly<Record<string, string>> = {
  "1.35": "2027-03-27",
  "1.36": "2027-08-02",
};

export const defaultVersion = "1.36";

/** Days before the end of support from which on it is told. AWS tells of it as early. */
const noticeDays = 60;

const day = 24 * 60 * 60 * 1000;

/** What is wrong with a version, or nothing. */
export function problemWithVersion(version: string): string | undefined {
  if (Object.hasOwn(standardSupportEnds, version)) return undefined;
  const supported = Object.keys(standardSupportEnds).join(" or ");
  return `must be a Kubernetes version in standard support of EKS, ${supported} (got "${version}")`;
}

/** What to tell of a version whose standard support ends within 60 days or has ended, or nothing. */
export function supportWarning(version: string, today: Date): string | undefined {
  const end = standardSupportEnds[version];
  if (end === undefined) return undefined;
  const left = Math.ceil((Date.parse(end) - today.getTime()) / day);
  if (left > noticeDays) return undefined;
  const when = left > 0 ? `ends on ${end}, in ${left} ${left === 1 ? "day" : "days"}` : `ended on ${end}`;
  return `EKS' standard support for Kubernetes ${version} ${when}; AWS then upgrades the cluster on its own. Set the next version before.`;
}
