import { anythingRules } from "./anything.ts";
import { configurationRules } from "./configuration.ts";
import { rightRules } from "./rights.ts";
import { scalingRules } from "./scaling.ts";
import { storageRules } from "./storage.ts";
import { trafficRules } from "./traffic.ts";
import { workloadRules } from "./workloads.ts";
import type { ImpactRule } from "../rule.ts";

/**
 * What changes of Kubernetes objects do. The first rule that holds decides about a property, so the particular come first.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ and its neighbours say what is behind them.
 */
export const kubernetesRules: ImpactRule[] = [
  ...workloadRules,
  ...scalingRules,
  ...configurationRules,
  ...trafficRules,
  ...rightRules,
  ...storageRules,
  ...anythingRules,
];
