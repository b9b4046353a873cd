import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";

/** Of every object, the last. */
export const anythingRules: ImpactRule[] = [
  {
    id: "object-metadata",
    types: ["kubernetes:*:*"],
    operations: ["update"],
    properties: ["metadata.labels", "metadata.annotations"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
