import type { Rule } from "../impact.ts";
import { awsRules } from "./aws.ts";
import { dockerRules } from "./docker.ts";
import { kubernetesRules } from "./kubernetes.ts";
import { pulumiRules } from "./pulumi.ts";

/** All rules; of those that fit the first counts. */
export const rules: Rule[] = [...kubernetesRules, ...awsRules, ...dockerRules, ...pulumiRules];
