import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

/** Configuration. */
export const configurationRules: ImpactRule[] = [
  {
    id: "configuration-changed",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["data", "stringData", "binaryData"],
    impact: Impact.Rolling,
    reason: "{changed}: pods have the new value once they start anew",
  },
  {
    id: "configuration-frozen",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["immutable"],
    impact: Impact.Metadata,
    reason: "{changed}: whether it can still be changed in place",
  },
  {
    id: "configuration-replaced",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["replace"],
    impact: Impact.Rolling,
    reason: "{changed}: {kind} is made anew; running pods keep the old value, and one that starts while it is missing waits for it",
  },
  {
    id: "configuration-deleted",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "{kind} goes; pods that name it do not start any more",
  },
  {
    id: "configuration-created",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: no pod that runs names it",
  },
];
