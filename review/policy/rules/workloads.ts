import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../../../lib/values.ts";
import { Severity, type PolicyRule, type Resource } from "../rule.ts";
import { podLabelsOf, podOf, workloads } from "./pods.ts";

const served = workloads.slice(0, 2);

/** The replicas of a workload; with an autoscaler, its minimum. */
function replicasOf({ type, inputs }: Resource, others: Resource[]): number {
  const target = { kind: type.split(":").at(-1), name: inputs.metadata?.name };
  const scaler = others.find(({ type, inputs }) => {
    const { kind, name } = (inputs.spec?.scaleTargetRef ?? {}) as Properties;
    return type.endsWith(":HorizontalPodAutoscaler") && isDeepStrictEqual({ kind, name }, target);
  });
  return Number(scaler?.inputs.spec.minReplicas ?? inputs.spec?.replicas ?? 1);
}

/** Whether a selector matches the pods of a workload. */
function selects({ matchLabels = {}, matchExpressions = [] }: Properties, workload: Resource): boolean {
  const labels = podLabelsOf(workload);
  return matchExpressions.length === 0 && Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
}

const hasVolume = (resource: Resource) => (podOf(resource).volumes ?? []).some((volume: Properties) => volume.persistentVolumeClaim);

/** Rules for workloads, and for the objects that belong to them. */
export const workloadRules: PolicyRule[] = [
  {
    id: "several-pods",
    severity: Severity.Warning,
    types: served,
    inStack: true,
    check: (resource, others) =>
      replicasOf(resource, others) < 2 && !hasVolume(resource) && "has one replica, so requests fail while its pod restarts",
    remedy: "Set replicas: 2 or more.",
    reference: "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
  },
  {
    id: "disruption-budget",
    severity: Severity.Error,
    types: served,
    inStack: true,
    check: (resource, others) => {
      const budgets = others.filter(({ type }) => type.endsWith(":PodDisruptionBudget"));
      const hasBudget = budgets.some(({ inputs }) => inputs.spec?.selector && selects(inputs.spec.selector, resource));
      return (
        replicasOf(resource, others) > 1 && !hasBudget && "has no PodDisruptionBudget, so draining nodes can stop all its pods at once"
      );
    },
    remedy: "Add a PodDisruptionBudget that selects its pods.",
    reference: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
  },
  {
    id: "network-policy",
    severity: Severity.Error,
    types: workloads,
    inStack: true,
    check: (resource, others) => {
      const policies = others.filter(({ type }) => type.endsWith(":NetworkPolicy"));
      return (
        !policies.some(({ inputs }) => selects(inputs.spec?.podSelector ?? {}, resource)) &&
        "has no NetworkPolicy, so every pod in the cluster can reach it"
      );
    },
    remedy: "Add a NetworkPolicy that selects its pods.",
    reference: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
  },
  {
    id: "spread-pods",
    severity: Severity.Warning,
    types: served,
    inStack: true,
    check: (resource, others) => {
      const { topologySpreadConstraints = [], affinity } = podOf(resource);
      return (
        replicasOf(resource, others) > 1 &&
        topologySpreadConstraints.length === 0 &&
        !affinity?.podAntiAffinity &&
        "can have all its pods on one node"
      );
    },
    remedy: "Set topologySpreadConstraints with the topology key kubernetes.io/hostname.",
    reference: "https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
  },
  {
    id: "rollout-without-gap",
    severity: Severity.Warning,
    types: [workloads[0]!],
    check: (resource) => {
      const { type = "RollingUpdate", rollingUpdate } = (resource.inputs.spec?.strategy ?? {}) as Properties;
      if (type === "Recreate") return !hasVolume(resource) && "stops all pods before new ones start";
      return ![0, "0", "0%"].includes(rollingUpdate?.maxUnavailable) && "runs fewer pods than replicas during a rollout";
    },
    remedy: "Use the strategy RollingUpdate with maxUnavailable: 0.",
    reference: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment",
  },
];
