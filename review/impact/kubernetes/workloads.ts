import type { Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import { valueAt } from "../../../lib/property-path.ts";
import { property, type ImpactRule } from "../rule.ts";

const deployment = "kubernetes:apps/*:Deployment";
const statefulSet = "kubernetes:apps/*:StatefulSet";
const daemonSet = "kubernetes:apps/*:DaemonSet";
const workloads = [deployment, statefulSet, daemonSet];

/** Replicas of a workload. The default of Kubernetes is 1. */
const replicas = (step: Step) => Number(property(step, "spec.replicas") ?? 1);

/** Whether an update may stop all pods at once. Kubernetes rounds a percentage down, and its default is 25%. */
function mayStopAll(step: Step): boolean {
  const maxUnavailable = property(step, "spec.strategy.rollingUpdate.maxUnavailable") ?? "25%";
  const count =
    typeof maxUnavailable === "string" && maxUnavailable.endsWith("%")
      ? Math.floor((parseInt(maxUnavailable) / 100) * replicas(step))
      : Number(maxUnavailable);
  return count >= replicas(step);
}

const isRecreate = (step: Step) => property(step, "spec.strategy.type") === "Recreate";
const waitsForDelete = (step: Step) => property(step, "spec.updateStrategy.type") === "OnDelete";

/** Whether a StatefulSet with these inputs deletes volumes in an event. The default of Kubernetes is to keep them. */
const deletesVolumes = (inputs: Step["after"], event: "whenDeleted" | "whenScaled") =>
  valueAt(inputs, ["spec", "persistentVolumeClaimRetentionPolicy", event]) === "Delete";
const willDeleteVolumes = ({ before, after }: Step) =>
  (["whenDeleted", "whenScaled"] as const).some((event) => deletesVolumes(after, event) && !deletesVolumes(before, event));

/** Whether an update removes pods, or may: the new number can be unknown, and then compares as false. */
const removesPods = (step: Step) => !(replicas(step) >= Number(valueAt(step.before, ["spec", "replicas"]) ?? 1));

/** Deployments, StatefulSets, DaemonSets and Jobs. */
export const workloadRules: ImpactRule[] = [
  {
    id: "stateful-scaled-with-volumes",
    types: [statefulSet],
    operations: ["update"],
    properties: ["spec.replicas"],
    when: (step) => deletesVolumes(step.after, "whenScaled") && removesPods(step),
    impact: Impact.DataLoss,
    reason: "{before} → {after} replicas: the volumes of the removed pods are deleted (whenScaled: Delete)",
  },
  {
    id: "workload-scaled-to-zero",
    types: workloads,
    operations: ["update"],
    properties: ["spec.replicas"],
    when: (step) => replicas(step) === 0,
    impact: Impact.Downtime,
    reason: "spec.replicas: {before} → 0: no pods are left to serve requests",
  },
  {
    id: "workload-scaled",
    types: workloads,
    operations: ["update"],
    properties: ["spec.replicas"],
    impact: Impact.Cost,
    reason: "{before} → {after} replicas",
  },
  {
    id: "deployment-recreated",
    types: [deployment],
    operations: ["update"],
    properties: ["spec.template"],
    when: isRecreate,
    impact: Impact.Downtime,
    reason: "{changed}: all pods stop before new ones start (strategy Recreate)",
  },
  {
    id: "deployment-without-pods",
    types: [deployment],
    operations: ["update"],
    properties: ["spec.template"],
    when: mayStopAll,
    impact: Impact.Downtime,
    reason: "{changed}: maxUnavailable allows all pods to be unavailable during the rollout",
  },
  {
    id: "stateful-pod-alone",
    types: [statefulSet],
    operations: ["update"],
    properties: ["spec.template"],
    when: (step) => replicas(step) <= 1 && !waitsForDelete(step),
    impact: Impact.Downtime,
    reason: "{changed}: a StatefulSet stops its only pod before it starts the new one",
  },
  {
    id: "workload-waits-for-delete",
    types: [statefulSet, daemonSet],
    operations: ["update"],
    properties: ["spec.template"],
    when: waitsForDelete,
    impact: Impact.Metadata,
    reason: "{changed}: each pod keeps the old template until it is deleted (update strategy OnDelete)",
  },
  {
    id: "workload-image",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.spec.containers.*.image", "spec.template.spec.initContainers.*.image"],
    impact: Impact.Rolling,
    reason: "new image: {before} → {after}",
  },
  {
    id: "workload-environment",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.spec.containers.*.env", "spec.template.spec.containers.*.envFrom"],
    impact: Impact.Rolling,
    reason: "{changed}: pods are replaced to get the new environment variables",
  },
  {
    id: "workload-configuration",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.metadata.annotations"],
    impact: Impact.Rolling,
    reason: "{changed}: pods are replaced to get the new configuration",
  },
  {
    id: "workload-template",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template"],
    impact: Impact.Rolling,
    reason: "{changed}: pods are replaced",
  },
  {
    id: "stateful-volumes-go-with-it",
    types: [statefulSet],
    operations: ["update"],
    properties: ["spec.persistentVolumeClaimRetentionPolicy"],
    when: willDeleteVolumes,
    impact: Impact.DataLoss,
    reason: "{changed}: from now on, volumes are deleted when the StatefulSet scales down or is deleted",
  },
  {
    id: "workload-rollout",
    types: workloads,
    operations: ["update"],
    properties: [
      ...["spec.strategy", "spec.updateStrategy", "spec.minReadySeconds", "spec.progressDeadlineSeconds", "spec.revisionHistoryLimit"],
      ...["spec.paused", "spec.persistentVolumeClaimRetentionPolicy"],
    ],
    impact: Impact.Metadata,
    reason: "{changed}: applies from the next rollout",
  },
  {
    id: "stateful-replaced-with-volumes",
    types: [statefulSet],
    operations: ["replace", "delete"],
    when: ({ before }) => deletesVolumes(before, "whenDeleted"),
    impact: Impact.DataLoss,
    reason: "{changed}: its volumes are deleted with the StatefulSet (whenDeleted: Delete)",
  },
  {
    id: "workload-replaced-without-pause",
    types: workloads,
    operations: ["replace"],
    when: (step) => !step.deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: the {kind} is replaced; the new one is created before the old one is deleted",
  },
  {
    id: "workload-replaced",
    types: workloads,
    operations: ["replace"],
    impact: Impact.Downtime,
    reason: "{changed}: the {kind} is replaced; its pods stop before new ones start",
  },
  {
    id: "workload-deleted",
    types: workloads,
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the {kind} and its pods are deleted, and no longer serve requests",
  },
  {
    id: "workload-created",
    types: workloads,
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "new: nothing depends on it yet",
  },
  {
    id: "cron-job",
    types: ["kubernetes:batch/*:CronJob", "kubernetes:batch/*:Job"],
    operations: ["create", "import", "replace"],
    impact: Impact.Nothing,
    reason: "a {kind} serves no requests",
  },
  {
    id: "cron-job-changed",
    types: ["kubernetes:batch/*:CronJob"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Rolling,
    reason: "{changed}: applies from the next run",
  },
  {
    id: "job-deleted",
    types: ["kubernetes:batch/*:CronJob", "kubernetes:batch/*:Job"],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "the {kind} is deleted, and no longer runs",
  },
];
