/** Impact of a change on users, from harmless to worst. Stack files and approvals contain the values, so they must not change. */
export const Impact = {
  Nothing: "nothing",
  Metadata: "metadata",
  Rolling: "rolling update",
  Cost: "cost change",
  Access: "access change",
  Downtime: "restart with downtime",
  Unclassified: "unclassified",
  DataLoss: "data loss",
  Replacement: "cluster or network replacement",
} as const;
export type Impact = (typeof Impact)[keyof typeof Impact];

/** All impacts, from harmless to worst. */
export const impacts = Object.values(Impact);

/** What each impact means for users, without a full stop. */
export const meanings: Record<Impact, string> = {
  [Impact.Nothing]: "users notice nothing",
  [Impact.Metadata]: "labels, or settings that apply later; nothing restarts",
  [Impact.Rolling]: "replicas are replaced one by one, while the others serve requests",
  [Impact.Cost]: "costs change",
  [Impact.Access]: "network access or permissions change",
  [Impact.Downtime]: "requests fail, temporarily or permanently",
  [Impact.Unclassified]: "no rule covers the change; review it yourself",
  [Impact.DataLoss]: "stored data is deleted",
  [Impact.Replacement]: "a cluster, a network or a provider is replaced, with everything in it",
};

/** The worst of some impacts; `Impact.Nothing` if there are none. */
export function worst(found: Impact[]): Impact {
  return impacts[Math.max(0, ...found.map((impact) => impacts.indexOf(impact)))]!;
}
