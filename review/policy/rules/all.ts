import type { PolicyRule } from "../rule.ts";
import { awsPolicyRules } from "./aws.ts";
import { clusterRules } from "./cluster.ts";
import { containerRules } from "./containers.ts";
import { imageRules } from "./images.ts";
import { podRules } from "./pods.ts";
import { workloadRules } from "./workloads.ts";

/** All policy rules, for the scorecard, the report and the policy pack. */
export const policyRules: PolicyRule[] = [
  ...podRules,
  ...workloadRules,
  ...clusterRules,
  ...awsPolicyRules,
  ...containerRules,
  ...imageRules,
];
