import { anythingRules } from "./kubernetes/anything.ts";
import { configurationRules } from "./kubernetes/configuration.ts";
import { rightRules } from "./kubernetes/rights.ts";
import { scalingRules } from "./kubernetes/scaling.ts";
import { storageRules } from "./kubernetes/storage.ts";
import { trafficRules } from "./kubernetes/traffic.ts";
import { workloadRules } from "./kubernetes/workloads.ts";
import type { ImpactRule } from "./rule.ts";

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
