import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";

/** Of every resource, the last. */
export const anythingRules: ImpactRule[] = [
  {
    id: "aws-tags",
    types: ["aws:*:*"],
    operations: ["update"],
    properties: ["tags", "tagsAll"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
