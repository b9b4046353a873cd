import type { Step } from "../preview/step.ts";
import { Impact } from "./classes.ts";
import { property, type ImpactRule } from "./rule.ts";

const deployment = "kubernetes:apps/*:Deployment";
const statefulSet = "kubernetes:apps/*:StatefulSet";
const daemonSet = "kubernetes:apps/*:DaemonSet";
const workloads = [deployment, statefulSet, daemonSet];
const core = (kind: string) => `kubernetes:core/*:${kind}`;
const rbac = "kubernetes:rbac.authorization.k8s.io/*:*";
const exposures = ["kubernetes:networking.k8s.io/*:Ingress", "kubernetes:gateway.networking.k8s.io/*:*"];
const trafficRules = ["kubernetes:networking.k8s.io/*:NetworkPolicy", "kubernetes:traefik.io/*:Middleware"];

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
const isOpen = (step: Step) => ["LoadBalancer", "NodePort"].includes(String(property(step, "spec.type")));

/**
 * What changes of Kubernetes objects do. The first rule that holds decides about a property, so the particular come first.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ and its neighbours say what is behind them.
 */
export const kubernetesRules: ImpactRule[] = [
  // Workloads.
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
  // How many pods there are.
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
    reason: "{changed}: {before} → {after}; another number of pods for the same load",
  },
  {
    id: "disruption-budget",
    types: ["kubernetes:policy/*:PodDisruptionBudget"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "counts when nodes are drained",
  },
  {
    id: "disruption-budget-changed",
    types: ["kubernetes:policy/*:PodDisruptionBudget"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Metadata,
    reason: "{changed}: counts when nodes are drained",
  },
  // Configuration.
  {
    id: "configuration-changed",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["data", "stringData", "binaryData"],
    impact: Impact.Rolling,
    reason: "{changed}: pods have the new value once they start anew",
  },
  {
    id: "configuration-frozen",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["update"],
    properties: ["immutable"],
    impact: Impact.Metadata,
    reason: "{changed}: whether it can still be changed in place",
  },
  {
    id: "configuration-replaced",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["replace"],
    impact: Impact.Rolling,
    reason: "{changed}: {kind} is made anew; running pods keep the old value, and one that starts while it is missing waits for it",
  },
  {
    id: "configuration-deleted",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["delete"],
    impact: Impact.Downtime,
    reason: "{kind} goes; pods that name it do not start any more",
  },
  {
    id: "configuration-created",
    types: [core("ConfigMap"), core("Secret")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: no pod that runs names it",
  },
  // How requests get to pods.
  {
    id: "service-selector",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.selector"],
    impact: Impact.Downtime,
    reason: "{changed}: requests go to other pods; until such are ready nobody answers",
  },
  {
    id: "service-opened",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.type", "spec.loadBalancerSourceRanges", "spec.externalIPs", "spec.loadBalancerClass", "spec.externalTrafficPolicy"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: from where it is reached",
  },
  {
    id: "service-ports",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.ports"],
    impact: Impact.Downtime,
    reason: "{changed}: {before} → {after}: callers of the old port get no answer",
  },
  {
    id: "service-settings",
    types: [core("Service")],
    operations: ["update"],
    properties: ["spec.sessionAffinity", "spec.publishNotReadyAddresses", "spec.trafficDistribution", "spec.internalTrafficPolicy"],
    impact: Impact.Rolling,
    reason: "{changed}: requests are spread in another way",
  },
  {
    id: "service-gone",
    types: [core("Service")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the Service goes, with its name and address; who calls it gets no answer",
  },
  {
    id: "service-open",
    types: [core("Service")],
    operations: ["create", "import"],
    when: isOpen,
    impact: Impact.Access,
    reason: "a Service that is reached from outside the cluster",
  },
  {
    id: "service-created",
    types: [core("Service")],
    operations: ["create", "import"],
    when: (step) => !isOpen(step),
    impact: Impact.Nothing,
    reason: "it is new: nobody relies on it yet",
  },
  {
    id: "exposure-settings",
    types: exposures,
    operations: ["update"],
    properties: ["metadata.annotations"],
    impact: Impact.Access,
    reason: "{changed}: the controller treats requests in another way",
  },
  {
    id: "exposure-changed",
    types: exposures,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: what is reached from outside, and by which name",
  },
  {
    id: "exposure-gone",
    types: exposures,
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: the {kind} goes; what it leads to is not reached from outside",
  },
  {
    id: "exposure-created",
    types: exposures,
    operations: ["create", "import"],
    impact: Impact.Access,
    reason: "a way in from outside: {hosts}",
  },
  {
    id: "traffic-rule",
    types: trafficRules,
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: which requests get through",
  },
  {
    id: "traffic-rule-changed",
    types: trafficRules,
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: which requests get through",
  },
  {
    id: "ingress-class",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["update"],
    properties: ["spec"],
    impact: Impact.Access,
    reason: "{changed}: how load balancers of the class are reached",
  },
  {
    id: "ingress-class-gone",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: load balancers of the class may go with it",
  },
  {
    id: "ingress-class-created",
    types: ["kubernetes:networking.k8s.io/*:IngressClass", "kubernetes:eks.amazonaws.com/*:IngressClassParams"],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "it is new: no Ingress is of this class yet",
  },
  // Rights.
  {
    id: "rights",
    types: [rbac],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Access,
    reason: "{changed}: who may do what in the cluster",
  },
  {
    id: "rights-changed",
    types: [rbac],
    operations: ["update"],
    properties: ["rules", "subjects", "roleRef", "aggregationRule"],
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: who may do what in the cluster",
  },
  {
    id: "account-changed",
    types: [core("ServiceAccount")],
    operations: ["update"],
    properties: ["metadata.annotations", "automountServiceAccountToken", "imagePullSecrets", "secrets"],
    impact: Impact.Access,
    reason: "{changed}: what pods of this account may do",
  },
  {
    id: "account-gone",
    types: [core("ServiceAccount")],
    operations: ["replace", "delete"],
    impact: Impact.Downtime,
    reason: "{changed}: pods of this account do not start while it is missing, and its tokens are no longer valid",
  },
  {
    id: "account-created",
    types: [core("ServiceAccount")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "an account by itself may do nothing",
  },
  // What is stored.
  {
    id: "volume-claim-gone",
    types: [core("PersistentVolumeClaim")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the claim goes, and with it the volume, unless its class retains it",
  },
  {
    id: "volume-claim-grows",
    types: [core("PersistentVolumeClaim")],
    operations: ["update"],
    properties: ["spec.resources.requests.storage", "spec.volumeAttributesClassName"],
    impact: Impact.Cost,
    reason: "{changed}: {before} → {after}",
  },
  {
    id: "volume-claim-created",
    types: [core("PersistentVolumeClaim")],
    operations: ["create", "import"],
    impact: Impact.Cost,
    reason: "a new volume",
  },
  {
    id: "volume-gone",
    types: [core("PersistentVolume")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the volume goes",
  },
  {
    id: "storage-class",
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "counts for volumes to come",
  },
  {
    id: "storage-class-changed",
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    operations: ["update"],
    properties: ["allowVolumeExpansion", "allowedTopologies", "mountOptions"],
    impact: Impact.Metadata,
    reason: "{changed}: counts for volumes to come",
  },
  {
    id: "namespace-gone",
    types: [core("Namespace")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the Namespace goes, and with it everything in it, volumes too",
  },
  {
    id: "namespace-security",
    types: [core("Namespace")],
    operations: ["update"],
    properties: ["metadata.labels"],
    when: (_, change) => change!.path.length < 3 || String(change!.path[2]).startsWith("pod-security.kubernetes.io/"),
    impact: Impact.Access,
    reason: "{changed}: {before} → {after}: which pods may run in the namespace",
  },
  {
    id: "namespace-created",
    types: [core("Namespace")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "a new namespace is empty",
  },
  {
    id: "kind-gone",
    types: ["kubernetes:apiextensions.k8s.io/*:CustomResourceDefinition"],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the kind goes, and with it every object of it in the cluster",
  },
  {
    id: "kind-created",
    types: ["kubernetes:apiextensions.k8s.io/*:CustomResourceDefinition"],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "there are no objects of a new kind",
  },
  {
    id: "priority-class",
    types: ["kubernetes:scheduling.k8s.io/*:PriorityClass"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "counts for pods to come",
  },
  // Of every object, the last.
  {
    id: "object-metadata",
    types: ["kubernetes:*:*"],
    operations: ["update"],
    properties: ["metadata.labels", "metadata.annotations"],
    impact: Impact.Metadata,
    reason: "{changed}",
  },
];
