import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

const rbac = "kubernetes:rbac.authorization.k8s.io/*:*";

/** Rights. */
export const rightRules: ImpactRule[] = [
  {
    id: "rights",
    types: [rbac],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: who may do what in the cluster",
  },
  {
    id: "rights-changed",
    types: [rbac],
    operations: ["update"],
    properties: ["rules", "subjects", "roleRef", "aggregationRule"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: who may do what in the cluster",
  },
  {
    id: "account-changed",
    types: [core("ServiceAccount")],
    operations: ["update"],
    properties: ["metadata.annotations", "automountServiceAccountToken", "imagePullSecrets", "secrets"],
    impact: Impact.Access,
    reason: "{changed}: what pods of this account may do",
  },
  {
    id: "account-gone",
    types: [core("ServiceAccount")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: pods of this account do not start while it is missing, and its tokens are no longer valid",
  },
  {
    id: "account-created",
    types: [core("ServiceAccount")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "an account by itself may do nothing",
  },
];
