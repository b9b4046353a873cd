/** What a change does to users, from nothing to the worst. */
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

/** All of them, the least first. */
export const impacts = Object.values(Impact);

/** What each means to who reviews a change. */
export const meanings: Record<Impact, string> = {
  [Impact.Nothing]: "nobody notices",
  [Impact.Metadata]: "labels and settings that count later; nothing restarts",
  [Impact.Rolling]: "replicas are exchanged one after another, and enough of them answer meanwhile",
  [Impact.Cost]: "more or less is paid for",
  [Impact.Access]: "who or what can reach what, and with which rights",
  [Impact.Downtime]: "requests fail for a while, or for good",
  [Impact.Unclassified]: "Slipway does not know what it does; look at it yourself",
  [Impact.DataLoss]: "what is stored goes",
  [Impact.Replacement]: "a cluster, a network or an access to them is made anew, with everything in it",
};

export function worst(found: Impact[]): Impact {
  return impacts[Math.max(0, ...found.map((impact) => impacts.indexOf(impact)))]!;
}
