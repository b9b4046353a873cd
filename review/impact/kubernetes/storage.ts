import { Impact } from "../../../lib/impact.ts";
import type { ImpactRule } from "../rule.ts";
import { core } from "./kinds.ts";

/** What is stored. */
export const storageRules: ImpactRule[] = [
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
];
