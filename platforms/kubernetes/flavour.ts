import { Flavour } from "../../config/schema/kubernetes.ts";
import type { Manifest } from "../../lib/kubernetes-client.ts";

/** What tells clusters apart. All but the nodes can be read by everyone who may use the cluster. */
export interface Signals {
  /** URL of the API server. */
  server: string;
  /** `gitVersion` of the API server, such as `v1.36.1-gke.100`. */
  version?: string | undefined;
  /** Names of its API groups. */
  groups?: string[] | undefined;
  /** Undefined if the deployer may not read them. */
  nodes?: Manifest[] | undefined;
}

/**
 * API groups that only OpenShift and MicroShift have: those of Routes and of security context constraints,
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/api_overview/api-index.
 */
const openShiftGroups = ["route.openshift.io", "security.openshift.io"];

/**
 * Suffixes of versions: https://cloud.google.com/kubernetes-engine/versioning,
 * https://docs.aws.amazon.com/eks/latest/userguide/platform-versions.html, https://docs.k3s.io/release-notes/v1.34.X (k3d and Rancher
 * Desktop run k3s: https://k3d.io, https://docs.rancherdesktop.io), https://docs.rke2.io/release-notes/v1.34.X.
 */
const versions: [RegExp, Flavour][] = [
  [/-gke\./, Flavour.Gke],
  [/-eks-/, Flavour.Eks],
  [/\+k3s/, Flavour.K3s],
  [/\+rke2/, Flavour.Rke2],
];

/**
 * Host names of API servers: https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html,
 * https://learn.microsoft.com/azure/aks/outbound-rules-control-egress.
 */
const hosts: [RegExp, Flavour][] = [
  [/\.eks\.amazonaws\.com(\.cn)?$/, Flavour.Eks],
  [/\.azmk8s\.(io|us|cn)$|\.cx\.prod\.service\.azk8s\.cn$/, Flavour.Aks],
];

/**
 * Labels of nodes: https://learn.microsoft.com/azure/aks/use-labels,
 * https://github.com/kubernetes/minikube/blob/master/pkg/minikube/bootstrapper/kubeadm/kubeadm.go (`minikube.k8s.io/name`),
 * https://github.com/canonical/microk8s/blob/master/microk8s-resources/default-args/kubelet (`microk8s.io/cluster`).
 */
const labels: [string, Flavour][] = [
  ["kubernetes.azure.com/cluster", Flavour.Aks],
  ["minikube.k8s.io/name", Flavour.Minikube],
  ["microk8s.io/cluster", Flavour.MicroK8s],
];

/**
 * The flavour of a cluster. OpenShift comes first, because it also runs on the nodes of clouds; `generic` is last.
 *
 * The provider IDs of kind's nodes begin with `kind://`:
 * https://github.com/kubernetes-sigs/kind/blob/main/pkg/cluster/internal/kubeadm/config.go.
 */
export function flavourOf({ server, version = "", groups = [], nodes = [] }: Signals): Flavour {
  if (openShiftGroups.every((group) => groups.includes(group))) return Flavour.OpenShift;
  const host = URL.parse(server)?.hostname ?? "";
  const isOn = ([label]: [string, Flavour]) => nodes.some(({ metadata }) => metadata?.labels?.[label] !== undefined);
  const [, found] =
    versions.find(([pattern]) => pattern.test(version)) ?? hosts.find(([pattern]) => pattern.test(host)) ?? labels.find(isOn) ?? [];
  if (found !== undefined) return found;
  return nodes.some(({ spec }) => String(spec?.providerID).startsWith("kind://")) ? Flavour.Kind : Flavour.Generic;
}

/** Names of the flavours in messages. */
export const titles: Record<Flavour, string> = {
  openshift: "OpenShift",
  gke: "GKE",
  aks: "AKS",
  eks: "EKS",
  k3s: "K3s",
  rke2: "RKE2",
  minikube: "minikube",
  microk8s: "MicroK8s",
  kind: "kind",
  generic: "generic Kubernetes",
};
