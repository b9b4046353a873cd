import type { DnsServerArgs, NetworkPolicyArgs, PublishingArgs, WebServiceArgs } from "../../components/web-service-args.ts";
import { controllerNlbClass, nlbClass } from "../../components/web-service-args.ts";
import { googleFrontEnds } from "../../components/google-front-ends.ts";
import { Flavour, UserIds, type KubernetesSettings } from "../../config/schema/kubernetes.ts";
import { hasIngress, type ServiceSettings } from "../../config/schema/service.ts";
import { privateRanges } from "../../lib/subnets.ts";
import { awaitAtLeastSeconds, loadBalancerShutdown, nlbAnnotations, readinessGate } from "../aws-load-balancer.ts";

/** What decides how objects differ from those of other clusters. */
export interface FlavourFacts {
  flavour: Flavour;
  /** Names of the API groups. @default - not known */
  groups?: string[] | undefined;
}

/** Whether the cluster assigns the user and group IDs of pods. */
export function assignsIds({ userIds }: Pick<KubernetesSettings, "userIds">, flavour: Flavour): boolean {
  return (userIds ?? (flavour === Flavour.OpenShift ? UserIds.Assigned : UserIds.Fixed)) === UserIds.Assigned;
}

/**
 * The DNS server of OpenShift. Its pods do not listen on 53:
 * https://github.com/openshift/cluster-dns-operator/blob/master/assets/dns/daemonset.yaml.
 */
const openShiftDns: DnsServerArgs = { namespace: "openshift-dns", port: 5353 };

/**
 * Clusters whose nodes answer DNS queries themselves, or may do so: NodeLocal DNSCache and Cloud DNS of GKE
 * (https://cloud.google.com/kubernetes-engine/docs/how-to/nodelocal-dns-cache), EKS Auto Mode
 * (https://docs.aws.amazon.com/eks/latest/userguide/auto-networking.html), and LocalDNS of AKS
 * (https://learn.microsoft.com/azure/aks/localdns-custom).
 */
const dnsOnNodes: Flavour[] = [Flavour.Gke, Flavour.Eks, Flavour.Aks];

/** API groups of the controllers for load balancers on EKS: the one in Auto Mode, and the AWS Load Balancer Controller. */
const autoModeGroup = "eks.amazonaws.com";
const controllerGroup = "elbv2.k8s.aws";

/** A service with the defaults of its ingress class, which its settings override. */
export function withClassDefaults(service: ServiceSettings): ServiceSettings {
  if (!hasIngress(service)) return service;
  const { ingressClassName, network } = service;
  if (ingressClassName === "alb") return behindAws(service);
  if (ingressClassName !== "gce-internal" || network?.ingressCidrs === undefined) return service;
  // Those given are of the proxies; health checks always come from Google's.
  return { ...service, network: { ...network, ingressCidrs: [...new Set([...googleFrontEnds, ...network.ingressCidrs])] } };
}

/** A service with the defaults of the cluster's flavour, which its settings override. */
export function withFlavourDefaults(service: ServiceSettings, { flavour }: FlavourFacts): ServiceSettings {
  return flavour === Flavour.Eks && service.publish !== undefined ? behindAws(service) : service;
}

function behindAws(service: ServiceSettings): ServiceSettings {
  return {
    ...service,
    shutdown: { ...loadBalancerShutdown, ...service.shutdown },
    // The subnets of the load balancer are not known here.
    network: { ingressCidrs: privateRanges, ...service.network },
  };
}

/** What the cluster's flavour changes in the network policy of a service or job, unless its settings say otherwise. */
export function networkOf({ flavour }: FlavourFacts): Pick<NetworkPolicyArgs, "dnsAnywhere" | "dnsServer"> {
  if (dnsOnNodes.includes(flavour)) return { dnsAnywhere: true };
  return flavour === Flavour.OpenShift ? { dnsServer: openShiftDns } : {};
}

/** What the cluster's flavour changes in the arguments of a service that publishes ports. */
export function publishingOf({ flavour, groups = [] }: FlavourFacts, tags: Record<string, string>): PublishingArgs {
  if (flavour !== Flavour.Eks) return {};
  if (groups.includes(autoModeGroup)) return { loadBalancerClass: nlbClass, annotations: nlbAnnotations({ tags }) };
  // https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/
  return groups.includes(controllerGroup) ? { loadBalancerClass: controllerNlbClass, annotations: nlbAnnotations({ tags }) } : {};
}

/** Labels of the namespace that is created for services. */
export function namespaceLabels({ flavour, groups = [] }: FlavourFacts): Record<string, string> {
  if (flavour !== Flavour.Eks) return {};
  return {
    ...(groups.includes(autoModeGroup) && readinessGate.autoMode),
    ...(groups.includes(controllerGroup) && readinessGate.controller),
  };
}

/** How long to wait for a rollout on clusters that start nodes first. */
export function waitOf({ flavour, groups = [] }: FlavourFacts): Pick<WebServiceArgs, "awaitAtLeastSeconds"> {
  return flavour === Flavour.Eks && groups.includes(autoModeGroup) ? { awaitAtLeastSeconds } : {};
}
