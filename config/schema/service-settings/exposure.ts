import { z } from "zod";
import { Exposure } from "../../../components/web-service-enums.ts";
import { serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { always, onDockerAndSwarm, required, setting, unsupported } from "../setting.ts";
import { text, labels, port, noSecrets } from "./common.ts";

const noGateway = unsupported("there is no Gateway API. Remove it");
const noIngress = unsupported("there is no Ingress. Remove it");

/** How the service is reached from outside the cluster. */
export const exposure = {
  expose: setting(z.enum(Exposure), {
    meaning: "How the service is exposed outside the cluster: through an Ingress, a Gateway, or not at all",
    without: "ingress if there is a host, otherwise none",
    type: "Exposure",
    on: onDockerAndSwarm(always(["ingress", "none"], "ingress: through Traefik", "there is no Gateway API. Set ingress or none")),
  }),
  host: setting(z.string(), {
    meaning: "Host name of the service outside the cluster",
    without: "none: only other services reach it",
    example: "web.example.org",
    input: true,
  }),
  routes: setting(
    z.array(
      z.strictObject({
        host: required(z.string(), { meaning: "Host name; one leading `*.` matches any name", example: "web.example.org", input: true }),
        path: setting(z.string(), { meaning: "Prefix of the paths", default: defaults.routePath, example: "/api" }),
      }),
    ),
    {
      meaning: "Host names and path prefixes of the service outside the cluster, besides `host`",
      without: "none",
      example: [{ host: "web.example.org", path: "/api" }],
      type: "RouteArgs[]",
    },
  ),
  tls: setting(
    z.strictObject({
      secretName: setting(text, {
        meaning: "Secret of type kubernetes.io/tls in the namespace, where the certificate is or cert-manager stores it",
        without: "<name>-tls",
        example: "certificate",
        input: true,
        on: {
          docker: noSecrets("Put certificates into docker.certificates"),
          swarm: noSecrets("Put certificates into swarm.certificates"),
        },
      }),
      clusterIssuer: setting(text, {
        meaning: "ClusterIssuer of cert-manager (https://cert-manager.io) that issues the certificate",
        without: "the Secret exists",
        example: "letsencrypt",
        input: true,
        on: {
          docker: unsupported("there is no cert-manager. Put certificates into docker.certificates"),
          swarm: unsupported("there is no cert-manager. Put certificates into swarm.certificates"),
        },
      }),
      redirect: setting(z.boolean(), {
        meaning: "Whether HTTP redirects to HTTPS. The ingress class must be traefik, nginx or alb",
        default: true,
        example: false,
      }),
    }),
    { meaning: "TLS for all hosts of the service", without: "plain HTTP", type: "ServiceTlsArgs" },
  ),
  ingressClassName: setting(text, {
    meaning: "Class of the Ingress. TLS redirects and `connectRetries` depend on it, because each controller has its own annotations",
    without: "traefik on local, alb on eks; for the component, the cluster's default class",
    example: "nginx",
    on: onDockerAndSwarm(always(["traefik"], "traefik", "the proxy is Traefik. Remove it")),
  }),
  connectRetries: setting(z.int(), {
    meaning:
      "How often the ingress controller retries a connection to a pod that just ended, every 0.1 s. A request that was sent is not repeated. For the class traefik; nginx retries by itself unless this is 0",
    default: defaults.connectRetries,
    example: 3,
  }),
  ingressAnnotations: setting(labels, {
    meaning: "Annotations of the Ingress",
    without: "only those that `tls` needs",
    example: { "example.org/team": "web" },
    input: true,
    on: onDockerAndSwarm(noIngress),
  }),
  awaitAddress: setting(z.boolean(), {
    meaning: "Whether to wait up to 2 minutes for the ingress controller to publish an address. Some controllers never do",
    without: "true for traefik, nginx, alb and the cluster's default class",
    example: false,
    on: onDockerAndSwarm(noIngress),
  }),
  gateway: setting(
    z.strictObject({
      name: setting(text, { meaning: "Name of the Gateway", without: "the service's", example: "public", input: true }),
      namespace: setting(text, { meaning: "Namespace of the Gateway", without: "the service's", example: "gateways", input: true }),
      className: setting(text, {
        meaning: "GatewayClass of a Gateway that is created for the service",
        without: "the Gateway exists",
        example: "traefik",
        input: true,
      }),
      httpPort: setting(port, { meaning: "HTTP port of a Gateway that is created", default: defaults.gateway.httpPort, example: 8081 }),
      httpsPort: setting(port, { meaning: "HTTPS port of a Gateway that is created", default: defaults.gateway.httpsPort, example: 8444 }),
    }),
    {
      meaning: "Gateway for `expose: gateway` (https://gateway-api.sigs.k8s.io)",
      without: "a Gateway with the service's name in its namespace",
      type: "GatewayArgs",
      on: onDockerAndSwarm(noGateway),
    },
  ),
};
