import type { ImpactRule } from "../rule.ts";

/** Types of AWS resources: `s3.Bucket` → `aws:s3/*:Bucket`. */
export const aws = (...kinds: string[]) => kinds.map((kind) => `aws:${kind.split(".")[0]}/*:${kind.split(".")[1]}`);

export const created: ImpactRule["operations"] = ["create", "import"];
export const removed: ImpactRule["operations"] = ["replace", "delete"];
export const createdOrRemoved: ImpactRule["operations"] = [...created, ...removed];
