import { tagRules } from "./tags.ts";
import { clusterRules } from "./cluster.ts";
import { domainRules } from "./domains.ts";
import { networkRules } from "./network.ts";
import { accessRules } from "./access.ts";
import { storageRules } from "./storage.ts";
import type { ImpactRule } from "../rule.ts";

/**
 * Impact rules for AWS resources. The first rule that matches a property decides. Whether a property can be updated in place is reported
 * by the provider in the preview.
 */
export const awsRules: ImpactRule[] = [...clusterRules, ...networkRules, ...domainRules, ...storageRules, ...accessRules, ...tagRules];
