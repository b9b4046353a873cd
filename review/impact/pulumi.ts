import { Impact } from "../../lib/impact.ts";
import type { ImpactRule } from "./rule.ts";

/** What changes of Pulumi's own resources do. */
export const pulumiRules: ImpactRule[] = [
  {
    id: "provider-replaced",
    types: ["pulumi:providers:*"],
    operations: ["replace"],
    impact: Impact.Replacement,
    reason: "{changed}: the provider leads to another place, where everything that it made is made anew",
  },
  {
    id: "provider-changed",
    types: ["pulumi:providers:*"],
    operations: ["update"],
    impact: Impact.Metadata,
    reason: "how Pulumi talks to it",
  },
  {
    id: "provider-comes-or-goes",
    types: ["pulumi:providers:*"],
    operations: ["create", "import", "delete"],
    impact: Impact.Nothing,
    reason: "what it makes is told of by itself",
  },
];
