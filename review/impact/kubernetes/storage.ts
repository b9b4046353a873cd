import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

/** Volumes, and what deletes objects with everything in them: namespaces and custom kinds. */
export const storageRules: ImpactRule[] = [
  {
    id: "volume-claim-gone",
    types: [core("PersistentVolumeClaim")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the volume is deleted with the claim, unless its reclaim policy is Retain",
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
    reason: "new volume",
  },
  {
    id: "volume-gone",
    types: [core("PersistentVolume")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: the volume's data is lost",
  },
  {
    id: "storage-class",
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "applies to new volumes",
  },
  {
    id: "storage-class-changed",
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    operations: ["update"],
    properties: ["allowVolumeExpansion", "allowedTopologies", "mountOptions"],
    impact: Impact.Metadata,
    reason: "{changed}: applies to new volumes",
  },
  {
    id: "namespace-gone",
    types: [core("Namespace")],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: everything in the Namespace is deleted, including its volumes",
  },
  {
    id: "namespace-security",
    types: [core("Namespace")],
    operations: ["update"],
    properties: ["metadata.labels"],
    when: (_, change) => change!.path.length < 3 || String(change!.path[2]).startsWith("pod-security.kubernetes.io/"),
    impact: Impact.Access,
    reason: "{changed} ({before} → {after}): affects which pods may run in the Namespace",
  },
  {
    id: "namespace-created",
    types: [core("Namespace")],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "a new Namespace is empty",
  },
  {
    id: "kind-gone",
    types: ["kubernetes:apiextensions.k8s.io/*:CustomResourceDefinition"],
    operations: ["replace", "delete"],
    impact: Impact.DataLoss,
    reason: "{changed}: all objects of this kind in the cluster are deleted too",
  },
  {
    id: "kind-created",
    types: ["kubernetes:apiextensions.k8s.io/*:CustomResourceDefinition"],
    operations: ["create", "import"],
    impact: Impact.Nothing,
    reason: "new: no objects of this kind exist yet",
  },
  {
    id: "priority-class",
    types: ["kubernetes:scheduling.k8s.io/*:PriorityClass"],
    operations: ["create", "import", "replace", "delete"],
    impact: Impact.Metadata,
    reason: "applies to new pods",
  },
];
