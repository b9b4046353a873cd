import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";

/** Autoscalers and disruption budgets. */
export const scalingRules: ImpactRule[] = [
  {
    id: "autoscaler",
    types: ["kubernetes:autoscaling/*:HorizontalPodAutoscaler"],
    operations: ["create", "import", "replace"],
    impact: Impact.Cost,
    reason: "the number of pods follows the load, from {spec.minReplicas} to {spec.maxReplicas}",
  },
  {
    id: "autoscaler-deleted",
    types: ["kubernetes:autoscaling/*:HorizontalPodAutoscaler"],
    operations: ["delete"],
    impact: Impact.Cost,
    reason: "the number of pods no longer follows the load",
  },
  {
    id: "autoscaler-changed",
    types: ["kubernetes:autoscaling/*:HorizontalPodAutoscaler"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Cost,
    reason: "{changed} ({before} → {after}): the number of pods for the same load changes",
  },
  {
    id: "disruption-budget",
    types: ["kubernetes:policy/*:PodDisruptionBudget"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "applies when nodes are drained",
  },
  {
    id: "disruption-budget-changed",
    types: ["kubernetes:policy/*:PodDisruptionBudget"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Metadata,
    reason: "{changed}: applies when nodes are drained",
  },
];
