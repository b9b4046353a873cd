import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

/** ConfigMaps and Secrets. */
export const configurationRules: ImpactRule[] = [
  {
    id: "configuration-changed",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["data", "stringData", "binaryData"],
    impact: Impact.Rolling,
    reason: "{changed}: pods use the new value after they restart",
  },
  {
    id: "configuration-frozen",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["immutable"],
    impact: Impact.Metadata,
    reason: "{changed}: affects whether the {kind} can be updated in place",
  },
  {
    id: "configuration-replaced",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["replace"],
    impact: Impact.Rolling,
    reason: "{changed}: the {kind} is replaced; running pods keep the old value, and a pod that starts while it is missing waits for it",
  },
  {
    id: "configuration-deleted",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the {kind} is deleted; pods that reference it no longer start",
  },
  {
    id: "configuration-created",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "new: no running pod references it",
  },
];
