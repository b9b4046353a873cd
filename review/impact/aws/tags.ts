import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";

/** Tags of any resource. These rules come last, because others are more specific. */
export const tagRules: ImpactRule[] = [
  {
    id: "aws-tags",
    types: ["aws:*:*"],
    operations: ["update"],
    properties: ["tags", "tagsAll"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
