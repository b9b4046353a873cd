/** Something that people set up once in GitHub or GitLab. */
export interface SetUp {
  kind: "environment" | "variable" | "secret" | "label" | "schedule" | "file";
  name: string;
  /** What it is, and where it belongs. */
  meaning: string;
}

/** The same thing once, in the order of its first appearance. */
export function distinct(all: SetUp[]): SetUp[] {
  return [...new Map(all.map((one) => [`${one.kind} ${one.name}`, one])).values()];
}
