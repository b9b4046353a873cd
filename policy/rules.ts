import type { PolicyRule } from "./rule.ts";
import { awsPolicyRules } from "./rules/aws.ts";
import { clusterRules } from "./rules/cluster.ts";
import { containerRules } from "./rules/containers.ts";
import { podRules } from "./rules/pods.ts";
import { workloadRules } from "./rules/workloads.ts";

/** All rules: the scorecard's, the report's and the policy pack's. */
export const policyRules: PolicyRule[] = [...podRules, ...workloadRules, ...clusterRules, ...awsPolicyRules, ...containerRules];
