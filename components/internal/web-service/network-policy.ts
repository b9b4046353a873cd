import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { DestinationArgs, PeerArgs } from "../../web-service-args.ts";
import { selectorLabels } from "../labels.ts";
import { readinessPort } from "./controllers.ts";
import { containerPorts } from "./pod.ts";
import { isCheckedByNlb } from "./publish.ts";
import { usualController, type WebServiceSpec } from "./spec.ts";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Blocks all traffic of a service that is not declared. */
export function createNetworkPolicy(
  spec: WebServiceSpec,
  metadata: k8s.types.input.meta.v1.ObjectMeta,
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.NetworkPolicy | undefined {
  const {
    isolated = true,
    callers = [],
    peers = [],
    destinations = [],
    ingressController = usualController(spec),
    ingressCidrs = [],
  } = spec.network ?? {};
  if (!isolated) return undefined;
  const exposed =
    spec.expose === "none"
      ? []
      : [...(ingressController ? [peerOf(ingressController)] : []), ...ingressCidrs.map((cidr) => ({ ipBlock: { cidr } }))];
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
        egress: [dns(spec.network?.dnsAnywhere ?? false), ...destinations.map(egressOf)],
      },
    },
    opts,
  );
}

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
function dns(anywhere: boolean): Egress {
  const ports = ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 }));
  return anywhere ? { ports } : { to: [peerOf({ namespace: "kube-system", podLabels: { "k8s-app": "kube-dns" } })], ports };
}

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
