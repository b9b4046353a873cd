import { metadataRules } from "./metadata.ts";
import { configurationRules } from "./configuration.ts";
import { accessRules } from "./access.ts";
import { scalingRules } from "./scaling.ts";
import { storageRules } from "./storage.ts";
import { trafficRules } from "./traffic.ts";
import { workloadRules } from "./workloads.ts";
import type { ImpactRule } from "../rule.ts";

/**
 * Impact rules for Kubernetes objects. The first rule that matches a property decides, so specific rules come before general ones.
 * Source: https://kubernetes.io/docs/concepts/ (workloads, services, storage and configuration).
 */
export const kubernetesRules: ImpactRule[] = [
  ...workloadRules,
  ...scalingRules,
  ...configurationRules,
  ...trafficRules,
  ...accessRules,
  ...storageRules,
  ...metadataRules,
];
