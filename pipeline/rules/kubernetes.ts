import type { Rule } from "../impact.ts";
import type { Change, Step } from "../plan.ts";
import { fromTo } from "./words.ts";

const workload = /^kubernetes:apps\/v1:(Deployment|StatefulSet|DaemonSet)$/;
const kind = (...kinds: string[]) => new RegExp(`^kubernetes:[^:]+:(${kinds.join("|")})$`);
const any = /^kubernetes:/;

/** Whether old pods go before new ones are there. */
const hasGap = ({ after, type }: Step) => {
  const { strategy, replicas = 1 } = (after["spec"] ?? {}) as {
    strategy?: { type?: string; rollingUpdate?: { maxUnavailable?: unknown } };
    replicas?: number;
  };
  const maxUnavailable = strategy?.rollingUpdate?.maxUnavailable ?? "25%";
  const mayBeNone = type.endsWith(":Deployment") ? maxUnavailable !== 0 && maxUnavailable !== "0%" : true;
  return (
    strategy?.type === "Recreate" || (replicas === 1 && mayBeNone && !type.endsWith(":DaemonSet") && strategy?.rollingUpdate !== undefined)
  );
};
const isZero = (_step: Step, change: Change | undefined) => change?.after === 0;
const pods = (count: unknown) => (typeof count === "number" ? `${count} ${count === 1 ? "pod" : "pods"}` : "pods");
const replicasOf = ({ after }: Step) => (after["spec"] as { replicas?: unknown } | undefined)?.replicas;

/** What changes of Kubernetes objects do; https://kubernetes.io/docs/reference/kubernetes-api/ says which fields cannot be changed. */
export const kubernetesRules: Rule[] = [
  // Workloads
  {
    id: "workload-recreate",
    type: workload,
    operations: ["update"],
    path: /^spec\.template(\.|$)/,
    when: hasGap,
    class: "restart with downtime",
    why: (_, change) => `${change.path} changed: the old pods end before new ones are there`,
  },
  {
    id: "workload-image",
    type: workload,
    operations: ["update"],
    path: /^spec\.template\.spec\.(initC|c)ontainers\[\d+\]\.image$/,
    class: "rolling update",
    why: (_, change) => `another image, ${fromTo(change)}: pods are replaced one after the other`,
  },
  {
    id: "workload-template",
    type: workload,
    operations: ["update"],
    path: /^spec\.template(\.|$)/,
    class: "rolling update",
    why: "the pods' template changed: they are replaced one after the other",
  },
  {
    id: "workload-scaled-to-nothing",
    type: workload,
    operations: ["update"],
    path: /^spec\.replicas$/,
    when: isZero,
    class: "restart with downtime",
    why: "no pod is left",
  },
  {
    id: "workload-replicas",
    type: workload,
    operations: ["update"],
    path: /^spec\.replicas$/,
    class: "cost change",
    why: (_, change) => `${fromTo(change)} pods`,
  },
  {
    id: "workload-rollout",
    type: workload,
    operations: ["update"],
    path: /^spec\.(strategy|updateStrategy|minReadySeconds|progressDeadlineSeconds|revisionHistoryLimit|podManagementPolicy)(\.|$)/,
    class: "metadata",
    why: "how later updates go",
  },
  {
    id: "workload-replaced",
    type: workload,
    operations: ["replace"],
    class: "restart with downtime",
    why: (step) => `the ${step.type.split(":").at(-1)} is replaced, and all its pods with it`,
  },
  {
    id: "workload-deleted",
    type: workload,
    operations: ["delete"],
    class: "restart with downtime",
    why: "it goes, and nothing answers in its place",
  },
  {
    id: "workload-created",
    type: workload,
    operations: ["create"],
    class: "cost change",
    why: (step) => `${pods(replicasOf(step))} more`,
  },
  // Storage
  {
    id: "volume-gone",
    type: kind("PersistentVolumeClaim", "PersistentVolume"),
    operations: ["replace", "delete"],
    class: "data loss",
    why: (step) => `the volume ${step.operation === "delete" ? "is deleted" : "is made anew, empty"}`,
  },
  {
    id: "volume-size",
    type: kind("PersistentVolumeClaim"),
    operations: ["update"],
    path: /^spec\.resources\.requests(\.|\["?)storage/,
    class: "cost change",
    why: (_, change) => `size ${fromTo(change)}`,
  },
  {
    id: "volume-created",
    type: kind("PersistentVolumeClaim", "PersistentVolume"),
    operations: ["create"],
    class: "cost change",
    why: "a volume more",
  },
  {
    id: "namespace-gone",
    type: kind("Namespace"),
    operations: ["replace", "delete"],
    class: "data loss",
    why: "all that is in the namespace goes with it, volumes too",
  },
  { id: "namespace-created", type: kind("Namespace"), operations: ["create"], class: "metadata", why: "a namespace more" },
  {
    id: "namespace-security",
    type: kind("Namespace"),
    operations: ["update"],
    path: /^metadata\.labels.*pod-security/,
    class: "access change",
    why: (_, change) => `what pods may do: ${fromTo(change)}`,
  },
  {
    id: "definition-gone",
    type: kind("CustomResourceDefinition"),
    operations: ["replace", "delete"],
    class: "data loss",
    why: "all objects of the kind go with it",
  },
  {
    id: "storage-class",
    type: kind("StorageClass"),
    operations: ["update"],
    path: /./,
    class: "metadata",
    why: "for volumes that are yet to be made",
  },
  {
    id: "storage-class-whole",
    type: kind("StorageClass"),
    operations: ["create", "replace", "delete"],
    class: "metadata",
    why: "for volumes that are yet to be made",
  },
  // Configuration
  {
    id: "configuration-changed",
    type: kind("ConfigMap", "Secret"),
    operations: ["update"],
    path: /^(data|stringData|binaryData|immutable)(\.|\[|$)/,
    class: "rolling update",
    why: (_, change) => `${change.path} changed: pods that read it are replaced one after the other`,
  },
  {
    id: "configuration-replaced",
    type: kind("ConfigMap", "Secret"),
    operations: ["replace"],
    class: "rolling update",
    why: "it is deleted and made anew: a pod that starts in between waits for it",
  },
  { id: "configuration-created", type: kind("ConfigMap", "Secret"), operations: ["create"], class: "metadata", why: "configuration more" },
  {
    id: "configuration-deleted",
    type: kind("ConfigMap", "Secret"),
    operations: ["delete"],
    class: "restart with downtime",
    why: "a pod that still reads it cannot start",
  },
  // Service and exposure
  {
    id: "service-selector",
    type: kind("Service"),
    operations: ["update"],
    path: /^spec\.selector/,
    class: "restart with downtime",
    why: (_, change) => `${change.path} changed: requests go to other pods at once, ready or not`,
  },
  {
    id: "service-type",
    type: kind("Service"),
    operations: ["update"],
    path: /^spec\.(type|loadBalancer\w*|external\w*)/,
    class: "access change",
    why: (_, change) => `from where it is reached: ${fromTo(change)}`,
  },
  {
    id: "service-ports",
    type: kind("Service"),
    operations: ["update"],
    path: /^spec\.(ports|clusterIP)/,
    class: "restart with downtime",
    why: (_, change) => `${change.path}: ${fromTo(change)}; who calls the old one gets no answer`,
  },
  {
    id: "service-gone",
    type: kind("Service"),
    operations: ["replace", "delete"],
    class: "restart with downtime",
    why: (step) =>
      step.operation === "delete"
        ? "nobody reaches the service by its name any more"
        : "it is deleted and made anew: nobody reaches the service in between",
  },
  {
    id: "service-created",
    type: kind("Service"),
    operations: ["create"],
    class: "access change",
    why: "a name in the cluster by which pods are reached",
  },
  {
    id: "ingress-rules",
    type: kind("Ingress", "HTTPRoute", "GRPCRoute", "Gateway", "IngressRoute"),
    operations: ["update"],
    path: /^(spec|metadata\.annotations)/,
    class: "access change",
    why: (_, change) => `how it is reached from outside: ${change.path}, ${fromTo(change)}`,
  },
  {
    id: "ingress-gone",
    type: kind("Ingress", "HTTPRoute", "GRPCRoute", "Gateway", "IngressRoute"),
    operations: ["replace", "delete"],
    class: "restart with downtime",
    why: (step) =>
      step.operation === "delete" ? "nothing leads to it from outside any more" : "nothing leads to it from outside until it is made anew",
  },
  {
    id: "ingress-created",
    type: kind("Ingress", "HTTPRoute", "GRPCRoute", "Gateway", "IngressRoute"),
    operations: ["create"],
    class: "access change",
    why: "it is reached from outside",
  },
  {
    id: "ingress-class",
    type: kind("IngressClass", "IngressClassParams", "GatewayClass"),
    operations: ["update"],
    path: /./,
    class: "access change",
    why: (_, change) => `the way in of all services: ${change.path}, ${fromTo(change)}`,
  },
  {
    id: "ingress-class-created",
    type: kind("IngressClass", "IngressClassParams", "GatewayClass"),
    operations: ["create"],
    class: "access change",
    why: "a way in for services",
  },
  {
    id: "ingress-class-gone",
    type: kind("IngressClass", "IngressClassParams", "GatewayClass"),
    operations: ["replace", "delete"],
    class: "restart with downtime",
    why: "the way in of all services goes, and their load balancer may",
  },
  {
    id: "middleware",
    type: kind("Middleware"),
    operations: ["update"],
    path: /./,
    class: "access change",
    why: (_, change) => `what the proxy does with requests: ${change.path}`,
  },
  {
    id: "middleware-whole",
    type: kind("Middleware"),
    operations: ["create", "replace", "delete"],
    class: "access change",
    why: "what the proxy does with requests",
  },
  // Access
  {
    id: "network-policy",
    type: kind("NetworkPolicy"),
    operations: ["update"],
    path: /^spec/,
    class: "access change",
    why: (_, change) => `who reaches whom: ${change.path}`,
  },
  {
    id: "network-policy-whole",
    type: kind("NetworkPolicy"),
    operations: ["create", "replace"],
    class: "access change",
    why: "who reaches whom",
  },
  {
    id: "network-policy-gone",
    type: kind("NetworkPolicy"),
    operations: ["delete"],
    class: "access change",
    why: "everybody in the cluster reaches the pods, and they reach everybody",
  },
  {
    id: "rights",
    type: kind("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount"),
    operations: ["update"],
    path: /^(rules|subjects|roleRef|secrets|imagePullSecrets|automount|metadata\.annotations|aggregationRule)/,
    class: "access change",
    why: (_, change) => `rights: ${change.path}`,
  },
  {
    id: "rights-whole",
    type: kind("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    operations: ["create", "replace", "delete"],
    class: "access change",
    why: (step) => `rights are ${step.operation === "delete" ? "taken away" : "given"}`,
  },
  { id: "account-created", type: kind("ServiceAccount"), operations: ["create"], class: "metadata", why: "an account without rights" },
  {
    id: "account-gone",
    type: kind("ServiceAccount"),
    operations: ["replace", "delete"],
    class: "access change",
    why: "pods that run as it lose its rights",
  },
  // Scaling
  {
    id: "autoscaling",
    type: kind("HorizontalPodAutoscaler"),
    operations: ["update"],
    path: /^spec/,
    class: "cost change",
    why: (_, change) => `how many pods run: ${change.path}, ${fromTo(change)}`,
  },
  {
    id: "autoscaling-whole",
    type: kind("HorizontalPodAutoscaler"),
    operations: ["create", "replace", "delete"],
    class: "cost change",
    why: "how many pods run",
  },
  {
    id: "disruption-budget",
    type: kind("PodDisruptionBudget"),
    operations: ["update"],
    path: /^spec/,
    class: "metadata",
    why: "how nodes are drained",
  },
  {
    id: "disruption-budget-whole",
    type: kind("PodDisruptionBudget"),
    operations: ["create", "replace", "delete"],
    class: "metadata",
    why: "how nodes are drained",
  },
  // All
  {
    id: "kubernetes-metadata",
    type: any,
    operations: ["update"],
    path: /^metadata(\.(labels|annotations)(\.|\[|$)|$)/,
    class: "metadata",
    why: (_, change) => `${change.path} changed`,
  },
];
