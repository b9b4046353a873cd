import { Impact } from "../../lib/impact.ts";
import type { ImpactRule } from "./rule.ts";

/** Impact rules for the providers in a stack, and for the record of its cluster. */
export const pulumiRules: ImpactRule[] = [
  {
    id: "provider-replaced",
    types: ["pulumi:providers:*"],
    operations: ["replace"],
    impact: Impact.Replacement,
    reason: "{changed}: the provider targets another cluster, account or host, where all its resources are recreated",
  },
  {
    id: "provider-changed",
    types: ["pulumi:providers:*"],
    operations: ["update"],
    impact: Impact.Metadata,
    reason: "affects how Pulumi connects to the provider's API",
  },
  {
    id: "provider-comes-or-goes",
    types: ["pulumi:providers:*"],
    operations: ["create", "import", "delete"],
    impact: Impact.Nothing,
    reason: "resources of the provider are listed separately",
  },
  {
    id: "stack-moves-to-another-cluster",
    types: ["pulumi-nodejs:dynamic/slipway:ClusterIdentity"],
    operations: ["replace"],
    impact: Impact.Replacement,
    reason: "{changed}: the stack moves to another cluster, where all its objects are created again",
  },
  {
    id: "cluster-recorded",
    types: ["pulumi-nodejs:dynamic/slipway:ClusterIdentity"],
    operations: ["create", "import", "update", "delete"],
    impact: Impact.Nothing,
    reason: "the state records which cluster the stack is on",
  },
];
