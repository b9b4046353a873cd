import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { DestinationArgs, DnsServerArgs, NetworkPolicyArgs, PeerArgs } from "../../web-service-args.ts";
import { selectorLabels } from "../labels.ts";
import { readinessPort } from "./controllers.ts";
import { containerPorts } from "./pod.ts";
import { isCheckedByNlb } from "./publish.ts";
import { gatewayClassOf, usualController, type WebServiceSpec } from "./spec.ts";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Blocks all traffic of a service that is not declared. */
export function createNetworkPolicy(
  spec: WebServiceSpec,
  metadata: k8s.types.input.meta.v1.ObjectMeta,
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy | undefined {
  const { isolated = true, callers = [], peers = [], destinations = [], ingressController, ingressCidrs = [] } = spec.network ?? {};
  if (!isolated) return undefined;
  const exposed =
    spec.expose === "none"
      ? []
      : [...(ingressController ? [peerOf(ingressController)] : usualPeers(spec)), ...ingressCidrs.map((cidr) => ({ ipBlock: { cidr } }))];
  const from: Peer[] = [...exposed, ...callers.map(podsOf), ...peers.map(peerOf)];
  const ports = containerPorts(spec).map(({ containerPort, protocol }) => ({ protocol, port: containerPort }));
  return new k8s.networking.v1.NetworkPolicy(
    spec.name,
    {
      metadata,
      spec: {
        podSelector: { matchLabels: selectorLabels(spec.name) },
        policyTypes: ["Ingress", "Egress"],
        ingress: [...(from.length > 0 ? [{ from, ports }] : []), ...published(spec), ...healthChecks(spec)],
        egress: [dns(spec.network), ...destinations.map(egressOf)],
      },
    },
    opts,
  );
}

/** Where external requests usually come from; empty if it is not known. */
export function usualPeers(spec: WebServiceSpec): Peer[] {
  const { gateway, name, expose } = spec;
  if (expose === "gateway" && istioClasses.includes(gatewayClassOf(spec)))
    return [{ podSelector: { matchLabels: { "gateway.networking.k8s.io/gateway-name": gateway?.name ?? name } } }];
  const { pods, namespaceLabels, cidrs = [] } = usualController(spec) ?? {};
  return [
    ...(pods ? [peerOf(pods)] : []),
    // Without a pod selector, OpenShift leaves out pods in the network of the host:
    // https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/network_security/network-policy
    ...(namespaceLabels ? [{ namespaceSelector: { matchLabels: namespaceLabels }, podSelector: {} }] : []),
    ...cidrs.map((cidr) => ({ ipBlock: { cidr } })),
  ];
}

/**
 * GatewayClasses with a proxy for each Gateway, in its namespace: https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/,
 * and that of AKS, https://learn.microsoft.com/azure/aks/app-routing-gateway-api. Not for a Gateway that exists: it may be in another one.
 */
const istioClasses = ["istio", "approuting-istio"];

/** Clients of published ports. A load balancer may keep their addresses or, as a proxy, use its own. */
function published({ publish, network }: WebServiceSpec): k8s.types.input.networking.v1.NetworkPolicyIngressRule[] {
  return Object.values(publish).map(({ targetPort: port, protocol, sourceRanges }) => ({
    from: sourceRanges && [...sourceRanges, ...(network?.ingressCidrs ?? [])].map((cidr) => ({ ipBlock: { cidr } })),
    ports: [{ protocol, port }],
  }));
}

/** A Network Load Balancer checks the port of the readiness probe, not the published ones. */
function healthChecks(spec: WebServiceSpec): k8s.types.input.networking.v1.NetworkPolicyIngressRule[] {
  const cidrs = spec.network?.ingressCidrs ?? [];
  if (Object.keys(spec.publish).length === 0 || cidrs.length === 0 || !isCheckedByNlb(spec)) return [];
  const port = readinessPort(spec).apply(Number);
  return [{ from: cidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ protocol: "TCP", port }] }];
}

/** DNS queries: to the cluster's DNS pods, or to any address if DNS does not run in pods, as in EKS Auto Mode. */
function dns({ dnsAnywhere: anywhere = false, dnsServer = kubeDns }: NetworkPolicyArgs = {}): Egress {
  const ports = ["UDP", "TCP"].map((protocol) => ({ protocol, port: dnsServer.port ?? 53 }));
  return anywhere ? { ports } : { to: [peerOf(dnsServer)], ports };
}

const kubeDns: DnsServerArgs = { namespace: "kube-system", podLabels: { "k8s-app": "kube-dns" } };

function egressOf({ service, cidr, ports }: DestinationArgs): Egress {
  const to: Peer[] = service !== undefined ? [podsOf(service)] : [{ ipBlock: { cidr: String(cidr) } }];
  return { to, ports: ports?.map((port) => ({ protocol: "TCP", port })) };
}

/** The pods of another service in the namespace. */
function podsOf(service: string): Peer {
  return { podSelector: { matchLabels: selectorLabels(service) } };
}

function peerOf({ namespace, podLabels }: PeerArgs): Peer {
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": namespace } };
  return podLabels ? { namespaceSelector, podSelector: { matchLabels: podLabels } } : { namespaceSelector };
}
