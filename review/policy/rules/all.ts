import type { PolicyRule } from "../rule.ts";
import { awsPolicyRules } from "./aws.ts";
import { clusterRules } from "./cluster.ts";
import { containerRules } from "./containers.ts";
import { podRules } from "./pods.ts";
import { workloadRules } from "./workloads.ts";

/** All rules: the scorecard's, the report's and the policy pack's. */
export const policyRules: PolicyRule[] = [...podRules, ...workloadRules, ...clusterRules, ...awsPolicyRules, ...containerRules];
