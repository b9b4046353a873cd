import { z } from "zod";
import { Protocol } from "../../../components/web-service-enums.ts";
import { serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { onDockerAndSwarm, required, setting, unsupported, type Support } from "../setting.ts";
import { text, labels, port, manifest, noKubernetes } from "./common.ts";

const ownProxy = unsupported("the stack has its own proxy. Remove it");
const anyAddress = ["0.0.0.0/0", "::/0"];
const allOrNothing: Support = {
  how: "egress to any address",
  reject: (value) =>
    anyAddress.includes(String(value)) ? undefined : `egress is to any address or to none. Set ${anyAddress.join(" or ")}`,
};

/** Ports, and who reaches the service and what it reaches. */
export const network = {
  port: setting(port, {
    meaning: "Port that the program listens on, and the port of its Service. Ports below 1024 need no root. The program gets it as PORT",
    default: defaults.port,
    example: 9090,
    input: true,
  }),
  ports: setting(z.record(text, port), {
    meaning: "Further ports of the container and its Service, by name",
    without: "none",
    example: { metrics: 9100 },
    on: onDockerAndSwarm({ how: "names for probes; every port is reachable in the service's networks", always: true }),
  }),
  publish: setting(
    z.record(
      text,
      z.strictObject({
        port: required(port, { meaning: "Port that clients connect to: on the machine, or on the load balancer", example: 5432 }),
        targetPort: setting(port, {
          meaning: "Port that the program listens on",
          without: "`port` for the name http, the port of the same name in `ports`, otherwise the published port",
          example: 15432,
          input: true,
        }),
        protocol: setting(z.enum(Protocol), {
          meaning: "Transport protocol: TCP or UDP",
          default: defaults.protocol,
          example: "UDP",
          type: "Protocol",
        }),
        sourceRanges: setting(z.array(text).min(1), {
          meaning: "IP ranges of the clients. Required on eks, and the same for all ports of a service",
          without: "any address",
          example: ["203.0.113.0/24"],
          on: {
            local: unsupported("only this machine reaches the port. Remove it"),
            ...onDockerAndSwarm(unsupported("Docker does not filter by address. Remove it, and use a firewall in front of the machine")),
          },
        }),
      }),
    ),
    {
      meaning: "Ports, by name, that clients outside the stack reach directly over TCP or UDP. HTTP needs only a host",
      without: "none",
      example: { postgres: { port: 5432 } },
      type: "Record<string, PublishArgs>",
      on: {
        local: { how: "on 127.0.0.1, through a Service of type NodePort" },
        docker: { how: "on the address of the proxy, which forwards to the replicas" },
        swarm: { how: "as `swarm.publish` says: on every node, or through the routing mesh" },
      },
    },
  ),
  calls: setting(z.array(text), {
    meaning: "Services of the stack that this one calls, by name. Other calls are blocked",
    without: "none",
    on: { docker: { how: "networks that only callers join" }, swarm: { how: "overlay networks that only callers join" } },
    stackFileOnly: true,
  }),
  after: setting(z.array(text), {
    meaning: "Services and jobs that must be ready, or completed, before this one is created or updated, by name",
    without: "none",
    stackFileOnly: true,
  }),
  network: setting(
    z.strictObject({
      isolated: setting(z.boolean(), {
        meaning: "Whether a NetworkPolicy blocks all traffic that is not declared",
        default: true,
        example: false,
        on: onDockerAndSwarm({ how: "false: all services may call it, and it has egress" }),
      }),
      peers: setting(z.array(peer()), {
        meaning: "Pods in other namespaces that may call the service",
        without: "none but the ingress controller",
        example: [{ namespace: "monitoring" }],
        type: "PeerArgs[]",
        on: {
          docker: unsupported("there are no namespaces. Name an existing network and the service in docker.networks"),
          swarm: unsupported("there are no namespaces. Name an existing network and the service in swarm.networks"),
        },
      }),
      destinations: setting(
        z.array(
          z.strictObject({
            service: setting(text, {
              meaning: "Service in the same namespace, by name",
              on: onDockerAndSwarm({ how: "the same as calls" }),
            }),
            cidr: setting(text, {
              meaning: "IP range, such as `0.0.0.0/0` or `10.1.0.0/16`",
              example: "10.1.0.0/16",
              on: onDockerAndSwarm(allOrNothing),
            }),
            ports: setting(z.array(port).min(1), {
              meaning: "TCP ports",
              without: "all",
              example: [443],
              on: onDockerAndSwarm(unsupported("Docker networks do not distinguish ports. Remove it")),
            }),
          }),
        ),
        {
          meaning: "Destinations that the service may send to, besides `calls` and DNS. Each has either `service` or `cidr`",
          without: "none",
          type: "DestinationArgs[]",
        },
      ),
      ingressController: setting(peer(), {
        meaning: "Pods of the ingress controller, which forward external requests",
        without: "Traefik in kube-system; for the class nginx, ingress-nginx",
        example: { namespace: "traefik" },
        type: "PeerArgs",
        on: onDockerAndSwarm(ownProxy),
      }),
      ingressCidrs: setting(z.array(text), {
        meaning: "IP ranges of an ingress controller outside the cluster, such as the subnets of a load balancer",
        without: "none",
        example: ["10.2.0.0/16"],
        on: onDockerAndSwarm(ownProxy),
      }),
      dnsAnywhere: setting(z.boolean(), {
        meaning: "Whether DNS queries may go to any address, for clusters whose DNS server is not a pod",
        default: false,
        example: true,
        on: onDockerAndSwarm(unsupported("Docker itself answers DNS queries. Remove it")),
      }),
    }),
    { meaning: "Network access to and from the pods: blocked unless declared", type: "ServiceNetworkArgs" },
  ),
  serviceAccount: setting(
    z.strictObject({
      annotations: setting(labels, {
        meaning: "Annotations, such as those that a cloud uses to assign an identity",
        without: "none",
        example: { "example.org/role": "reader" },
        input: true,
      }),
      rules: setting(
        z.array(
          z.strictObject({
            apiGroups: required(z.array(z.string()).min(1), { meaning: 'API groups; `""` is the core group', example: [""] }),
            resources: required(z.array(text).min(1), { meaning: "Resources of these groups", example: ["configmaps"] }),
            verbs: required(z.array(text).min(1), { meaning: "Verbs that are allowed", example: ["get"] }),
            resourceNames: setting(z.array(text), { meaning: "Names of the objects", without: "any" }),
          }),
        ),
        {
          meaning: "RBAC rules in the service's namespace. With any, pods get a token",
          without: "none",
          example: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
          type: "PolicyRuleArgs[]",
        },
      ),
    }),
    { meaning: "ServiceAccount of the pods", type: "ServiceAccountArgs", on: onDockerAndSwarm(noKubernetes) },
  ),
  aws: setting(
    z.strictObject({
      policyArns: setting(z.array(text), { meaning: "ARNs of IAM policies", without: "none" }),
      policyDocument: setting(manifest, { meaning: "IAM policy document for these pods", without: "none" }),
    }),
    {
      meaning: "AWS permissions of the pods. They also get egress to AWS, and to any other HTTPS address",
      without: "none",
      on: {
        local: unsupported("it needs AWS. Remove it"),
        kubernetes: unsupported(
          "it needs a cluster that Slipway created. Set serviceAccount.annotations as your cluster's cloud needs them",
        ),
        ...onDockerAndSwarm(unsupported("it needs AWS. Remove it")),
      },
      stackFileOnly: true,
    },
  ),
};

function peer() {
  return z.strictObject({
    namespace: required(text, { meaning: "Namespace of the pods" }),
    podLabels: setting(labels, { meaning: "Labels of the pods", without: "all pods of the namespace" }),
  });
}
