import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

const rbac = "kubernetes:rbac.authorization.k8s.io/*:*";

/** RBAC and service accounts. */
export const accessRules: ImpactRule[] = [
  {
    id: "rights",
    types: [rbac],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: affects permissions in the cluster",
  },
  {
    id: "rights-changed",
    types: [rbac],
    operations: ["update"],
    properties: ["rules", "subjects", "roleRef", "aggregationRule"],
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects permissions in the cluster",
  },
  {
    id: "account-changed",
    types: [core("ServiceAccount")],
    operations: ["update"],
    properties: ["metadata.annotations", "automountServiceAccountToken", "imagePullSecrets", "secrets"],
    impact: Impact.Access,
    reason: "{changed}: affects the permissions of pods with this service account",
  },
  {
    id: "account-gone",
    types: [core("ServiceAccount")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: pods with this service account do not start while it is missing, and its tokens become invalid",
  },
  {
    id: "account-created",
    types: [core("ServiceAccount")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "a new service account has no permissions",
  },
];
