import { anythingRules } from "./anything.ts";
import { clusterRules } from "./cluster.ts";
import { nameRules } from "./names.ts";
import { networkRules } from "./network.ts";
import { rightRules } from "./rights.ts";
import { storageRules } from "./storage.ts";
import type { ImpactRule } from "../rule.ts";

/**
 * What changes of AWS resources do. That a property cannot be changed in place, the provider says in the preview; what it means is
 * here. The first rule that holds decides about a property.
 */
export const awsRules: ImpactRule[] = [...clusterRules, ...networkRules, ...nameRules, ...storageRules, ...rightRules, ...anythingRules];
