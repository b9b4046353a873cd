import type { Step } from "../../preview/step.ts";
import { Impact } from "../../../lib/impact.ts";
import { property, type ImpactRule } from "../rule.ts";

const deployment = "kubernetes:apps/*:Deployment";
const statefulSet = "kubernetes:apps/*:StatefulSet";
const daemonSet = "kubernetes:apps/*:DaemonSet";
const workloads = [deployment, statefulSet, daemonSet];

/** Pods that a workload has; Kubernetes' default is one. */
const replicas = (step: Step) => Number(property(step, "spec.replicas") ?? 1);

/** Whether an update may leave no pod: as many may be missing as there are. */
function mayLeaveNone(step: Step): boolean {
  const given = property(step, "spec.strategy.rollingUpdate.maxUnavailable") ?? "25%";
  const count = typeof given === "string" && given.endsWith("%") ? Math.floor((parseInt(given) / 100) * replicas(step)) : Number(given);
  return count >= replicas(step);
}

const isRecreate = (step: Step) => property(step, "spec.strategy.type") === "Recreate";
const waitsForDelete = (step: Step) => property(step, "spec.updateStrategy.type") === "OnDelete";
const volumesGo = (step: Step) => step.before["spec"]?.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete";

/** Workloads. */
export const workloadRules: ImpactRule[] = [
  {
    id: "workload-scaled-to-zero",
    types: workloads,
    operations: ["update"],
    properties: ["spec.replicas"],
    when: (step) => replicas(step) === 0,
    impact: Impact.Downtime,
    reason: "spec.replicas: {before} → 0: no pod is left to answer",
  },
  {
    id: "workload-scaled",
    types: workloads,
    operations: ["update"],
    properties: ["spec.replicas"],
    impact: Impact.Cost,
    reason: "{before} → {after} pods",
  },
  {
    id: "deployment-recreated",
    types: [deployment],
    operations: ["update"],
    properties: ["spec.template"],
    when: isRecreate,
    impact: Impact.Downtime,
    reason: "{changed}: all pods end before new ones start, for the strategy is Recreate",
  },
  {
    id: "deployment-without-pods",
    types: [deployment],
    operations: ["update"],
    properties: ["spec.template"],
    when: mayLeaveNone,
    impact: Impact.Downtime,
    reason: "{changed}: pods are exchanged, and maxUnavailable lets all of them be away at once",
  },
  {
    id: "stateful-pod-alone",
    types: [statefulSet],
    operations: ["update"],
    properties: ["spec.template"],
    when: (step) => replicas(step) <= 1 && !waitsForDelete(step),
    impact: Impact.Downtime,
    reason: "{changed}: the one pod ends before its successor starts, as in every StatefulSet",
  },
  {
    id: "workload-waits-for-delete",
    types: [statefulSet, daemonSet],
    operations: ["update"],
    properties: ["spec.template"],
    when: waitsForDelete,
    impact: Impact.Metadata,
    reason: "{changed}: pods take it when somebody deletes them, for the strategy is OnDelete",
  },
  {
    id: "workload-image",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.spec.containers.*.image", "spec.template.spec.initContainers.*.image"],
    impact: Impact.Rolling,
    reason: "another image: {before} → {after}",
  },
  {
    id: "workload-environment",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.spec.containers.*.env", "spec.template.spec.containers.*.envFrom"],
    impact: Impact.Rolling,
    reason: "{changed}: pods with the new environment take over",
  },
  {
    id: "workload-configuration",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template.metadata.annotations"],
    impact: Impact.Rolling,
    reason: "{changed}: its configuration is another one, and pods that have it take over",
  },
  {
    id: "workload-template",
    types: workloads,
    operations: ["update"],
    properties: ["spec.template"],
    impact: Impact.Rolling,
    reason: "{changed}: new pods take over from old ones",
  },
  {
    id: "stateful-volumes-go-with-it",
    types: [statefulSet],
    operations: ["update"],
    properties: ["spec.persistentVolumeClaimRetentionPolicy"],
    when: (step) => JSON.stringify(property(step, "spec.persistentVolumeClaimRetentionPolicy")).includes('"Delete"'),
    impact: Impact.DataLoss,
    reason: "{changed}: from now on volumes are deleted with pods or with the StatefulSet",
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
    reason: "{changed}: counts from the next rollout on",
  },
  {
    id: "stateful-replaced-with-volumes",
    types: [statefulSet],
    operations: ["replace", "delete"],
    when: volumesGo,
    impact: Impact.DataLoss,
    reason: "{changed}: the StatefulSet goes, and its volumes with it (whenDeleted: Delete)",
  },
  {
    id: "workload-replaced-without-pause",
    types: workloads,
    operations: ["replace"],
    when: (step) => !step.deletesFirst,
    impact: Impact.Rolling,
    reason: "{changed}: {kind} is replaced, the new one before the old one goes",
  },
  {
    id: "workload-replaced",
    types: workloads,
    operations: ["replace"],
    impact: Impact.Downtime,
    reason: "{changed}: {kind} is replaced; its pods are gone before new ones start",
  },
  {
    id: "workload-deleted",
    types: workloads,
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "{kind} and its pods go; what they serve is no longer served",
  },
  {
    id: "workload-created",
    types: workloads,
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: nobody relies on it yet",
  },
  {
    id: "cron-job",
    types: ["kubernetes:batch/*:CronJob", "kubernetes:batch/*:Job"],
    operations: ["create", "import", "replace"],
    impact: Impact.Nothing,
    reason: "{kind} runs beside what serves requests",
  },
  {
    id: "cron-job-changed",
    types: ["kubernetes:batch/*:CronJob"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Rolling,
    reason: "{changed}: counts from its next run on",
  },
  {
    id: "job-deleted",
    types: ["kubernetes:batch/*:CronJob", "kubernetes:batch/*:Job"],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "{kind} goes; its work is no longer done",
  },
];
