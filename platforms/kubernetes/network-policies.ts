import { Flavour } from "../../config/schema/kubernetes.ts";
import type { Manifest } from "../../lib/kubernetes-client.ts";

/**
 * Flavours that enforce network policies by themselves: OpenShift (OVN-Kubernetes,
 * https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/network_security/network-policy), K3s (kube-router is part
 * of it, https://docs.k3s.io/networking/networking-services#network-policy-controller) and RKE2 (Canal,
 * https://docs.rke2.io/networking/basic_network_options).
 */
const enforcing: Flavour[] = [Flavour.OpenShift, Flavour.K3s, Flavour.Rke2];

/**
 * DaemonSets of network plugins that enforce network policies, by name:
 * https://kubernetes.io/docs/tasks/administer-cluster/network-policy-provider/declare-network-policy/, `anetd` of GKE Dataplane V2
 * (https://cloud.google.com/kubernetes-engine/docs/concepts/dataplane-v2), `azure-npm` of AKS
 * (https://learn.microsoft.com/azure/aks/use-network-policies), and `kindnet` of kind since 0.24
 * (https://github.com/kubernetes-sigs/kind/releases/tag/v0.24.0).
 */
const enforcers =
  /^(calico-node|canal|rke2-canal|cilium|antrea-agent|weave-net|kube-router|kube-network-policies|ovnkube-node|anetd|azure-npm|kindnet)$/;

/** DaemonSets of network plugins that do not. */
const others = /^(kube-flannel(-ds.*)?|flannel|aws-node)$/;

/**
 * Whether the cluster enforces network policies; undefined if nothing that can be seen says so. Nodes may enforce them without a DaemonSet,
 * as in EKS Auto Mode, so that only a network plugin that is known not to counts as one that does not.
 */
export function enforcesNetworkPolicies(flavour: Flavour, daemonSets: Manifest[] | undefined): boolean | undefined {
  if (enforcing.includes(flavour)) return true;
  if (daemonSets === undefined) return undefined;
  if (daemonSets.some((one) => enforcers.test(String(one.metadata?.name)) || hasAwsAgent(one))) return true;
  return daemonSets.some(({ metadata }) => others.test(String(metadata?.name))) ? false : undefined;
}

/** The network plugin of AWS with its agent enabled, https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html. */
function hasAwsAgent({ metadata, spec }: Manifest): boolean {
  if (metadata?.name !== "aws-node") return false;
  const containers = (spec?.template?.spec?.containers ?? []) as { args?: string[] }[];
  return containers.some(({ args = [] }) => args.includes("--enable-network-policy=true"));
}
