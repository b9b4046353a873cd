import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";

/** Labels and annotations of any object. These rules come last, because others are more specific. */
export const metadataRules: ImpactRule[] = [
  {
    id: "object-metadata",
    types: ["kubernetes:*:*"],
    operations: ["update"],
    properties: ["metadata.labels", "metadata.annotations"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
