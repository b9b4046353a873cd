/** What a change does to those who use the stack, from the least to the worst. */
export const impactClasses = [
  "nothing",
  "metadata",
  "cost change",
  "rolling update",
  "access change",
  "restart with downtime",
  "unclassified",
  "cluster or network replacement",
  "data loss",
] as const;
export type ImpactClass = (typeof impactClasses)[number];
