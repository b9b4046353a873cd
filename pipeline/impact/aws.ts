import { anythingRules } from "./aws/anything.ts";
import { clusterRules } from "./aws/cluster.ts";
import { nameRules } from "./aws/names.ts";
import { networkRules } from "./aws/network.ts";
import { rightRules } from "./aws/rights.ts";
import { storageRules } from "./aws/storage.ts";
import type { ImpactRule } from "./rule.ts";

/**
 * What changes of AWS resources do. That a property cannot be changed in place, the provider says in the preview; what it means is
 * here. The first rule that holds decides about a property.
 */
export const awsRules: ImpactRule[] = [...clusterRules, ...networkRules, ...nameRules, ...storageRules, ...rightRules, ...anythingRules];
