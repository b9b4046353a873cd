import type { Step } from "../../preview/step.ts";

/**
 * Properties that Kubernetes does not update in place: the object is deleted and created again. They are what the API server validates
 * (kubernetes, pkg/apis/…/validation; https://kubernetes.io/docs/reference/kubernetes-api/).
 */
export const immutable: { types: string[]; properties: string[]; except?: string[]; when?: (step: Step) => boolean }[] = [
  { types: ["kubernetes:*:*"], properties: ["metadata.name", "metadata.namespace"] },
  { types: ["kubernetes:apps/*:Deployment", "kubernetes:apps/*:DaemonSet"], properties: ["spec.selector"] },
  {
    types: ["kubernetes:apps/*:StatefulSet"],
    properties: ["spec"],
    except: [
      ...["spec.replicas", "spec.ordinals", "spec.template", "spec.updateStrategy", "spec.revisionHistoryLimit", "spec.minReadySeconds"],
      "spec.persistentVolumeClaimRetentionPolicy",
    ],
  },
  {
    types: ["kubernetes:core/*:PersistentVolumeClaim"],
    properties: ["spec"],
    except: ["spec.resources.requests.storage", "spec.volumeAttributesClassName"],
  },
  { types: ["kubernetes:core/*:Service"], properties: ["spec.clusterIP", "spec.clusterIPs"] },
  { types: ["kubernetes:core/*:Secret"], properties: ["type"] },
  {
    types: ["kubernetes:core/*:Secret", "kubernetes:core/*:ConfigMap"],
    properties: ["data", "stringData", "binaryData", "immutable"],
    when: ({ before }) => before.immutable === true,
  },
  { types: ["kubernetes:batch/*:Job"], properties: ["spec.template", "spec.selector", "spec.completionMode"] },
  { types: ["kubernetes:rbac.authorization.k8s.io/*:*"], properties: ["roleRef"] },
  {
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    properties: ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"],
  },
  { types: ["kubernetes:networking.k8s.io/*:IngressClass"], properties: ["spec.controller"] },
  { types: ["kubernetes:scheduling.k8s.io/*:PriorityClass"], properties: ["value", "preemptionPolicy"] },
];
