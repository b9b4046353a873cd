import type { ImpactRule } from "../rule.ts";

/** Types of AWS resources: `s3.Bucket` → `aws:s3/*:Bucket`. */
export const aws = (...kinds: string[]) => kinds.map((kind) => `aws:${kind.split(".")[0]}/*:${kind.split(".")[1]}`);

export const comes: ImpactRule["operations"] = ["create", "import"];
export const goes: ImpactRule["operations"] = ["replace", "delete"];
export const any: ImpactRule["operations"] = ["create", "import", "replace", "delete"];
