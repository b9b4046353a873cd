import * as pulumi from "@pulumi/pulumi";
import type { CertificateArgs } from "../container-host.ts";
import type { ServiceArgs } from "../service-args.ts";
import { proxyMetricsPort } from "../ports.ts";
import { Protocol } from "../web-service-enums.ts";
import { portNumber } from "./container-service/healthcheck.ts";
import { webEntryPoint } from "./proxy-file.ts";
import type { WebServiceSpec } from "./web-service/spec.ts";

// Traefik with its file provider. It has no access to the Docker socket: that would give an attacker root on the Docker host.

/** Folder from which Traefik reads its routes. */
export const dynamicFolder = "/etc/traefik/dynamic";

/** Ports that Traefik listens on in its container. */
export const proxyPorts = { http: webEntryPoint().port, https: 8443 } as const;

const ping = ["--ping=true", `--entrypoints.traefik.address=127.0.0.1:${proxyMetricsPort}`];

/** https://doc.traefik.io/traefik/reference/install-configuration/observability/metrics/ */
const metrics = [
  "--metrics.prometheus=true",
  "--metrics.prometheus.entrypoint=traefik",
  "--metrics.prometheus.addentrypointslabels=false",
  // As in setup/kubernetes-node/manifests/traefik.yaml.
  "--metrics.prometheus.buckets=0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5",
];

/** A port on the machine that the proxy forwards to a service without looking into it. */
export interface ForwardedPort {
  /** From 1 to 65535. */
  port: number;
  protocol: Protocol;
}

/** The first port in the proxy's container for those that it forwards, which are numbered from here. */
const firstForwarded = 10_000;

/** The forwarded ports in a fixed order, with their ports in the proxy's container. */
export function forwardedPorts(ports: ForwardedPort[] = []): (ForwardedPort & { internal: number })[] {
  const order = ({ port, protocol }: ForwardedPort) => port + (protocol === Protocol.UDP ? 0.5 : 0);
  return ports.toSorted((a, b) => order(a) - order(b)).map(({ port, protocol }, i) => ({ port, protocol, internal: firstForwarded + i }));
}

function entryPoint({ port, protocol }: ForwardedPort): string {
  return `${protocol.toLowerCase()}-${port}`;
}

/** https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/ */
export function proxyCommand(ports: ForwardedPort[] = []): string[] {
  const forwarded = forwardedPorts(ports).map(
    ({ internal, ...port }) => `--entrypoints.${entryPoint(port)}.address=:${internal}/${port.protocol.toLowerCase()}`,
  );
  return [
    ...ping,
    ...metrics,
    `--entrypoints.${webEntryPoint().name}.address=:${proxyPorts.http}`,
    `--entrypoints.websecure.address=:${proxyPorts.https}`,
    ...forwarded,
    `--providers.file.directory=${dynamicFolder}`,
    "--providers.providersthrottleduration=100ms",
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
  ];
}

export const proxyHealthcheck = {
  tests: ["CMD", "traefik", "healthcheck", ...ping],
  interval: "10s",
  timeout: "5s",
  startPeriod: "10s",
  retries: 3,
};

/** The file with the certificates. Traefik accepts a certificate's content in place of its path. */
export function certificatesFile(certificates: CertificateArgs[]): pulumi.Output<string> {
  return pulumi
    .all(certificates.map(({ certificate, key }) => pulumi.all({ certFile: certificate, keyFile: key })))
    .apply((all) => JSON.stringify({ tls: { certificates: all } }, null, 2) + "\n");
}

/** How requests are routed to a service. */
export interface Routing {
  name: string;
  routes: { host: pulumi.Input<string>; path: string }[];
  /** Whether the routes are served over HTTPS. */
  tls: boolean;
  /** Whether HTTP redirects to HTTPS. */
  redirect: boolean;
  httpsPort: number;
  connectRetries: number;
  /** Health check of each server; undefined if the readiness probe is not an HTTP request. */
  readiness: { path: string; port: number; periodSeconds: number; timeoutSeconds: number } | undefined;
  /** Whether all servers share one DNS name. A health check of that name would not tell them apart. */
  isOneName: boolean;
  /** Port of each server for HTTP. */
  port: number;
  /** Ports that are forwarded, with those of the servers. */
  forwarded: (ForwardedPort & { targetPort: number })[];
}

/** The routing of a service with these arguments. */
export function routingOf(spec: WebServiceSpec, tls: { redirect?: boolean } | undefined, httpsPort: number, isOneName: boolean): Routing {
  const { path, port, periodSeconds, timeoutSeconds } = spec.probes.readiness;
  return {
    name: spec.name,
    routes: spec.routes,
    tls: tls !== undefined,
    redirect: tls?.redirect ?? true,
    httpsPort,
    connectRetries: spec.connectRetries,
    readiness:
      spec.probes.kind !== "http" ? undefined : { path: path as string, port: portNumber(spec, port), periodSeconds, timeoutSeconds },
    isOneName,
    port: Number(spec.port),
    forwarded: Object.values(spec.publish).map(({ port, protocol, targetPort }) => ({ port, protocol, targetPort: Number(targetPort) })),
  };
}

/** Whether the proxy forwards anything to a service. */
export function isRouted({ expose, publish }: Pick<WebServiceSpec, "expose" | "publish">): boolean {
  return expose !== "none" || Object.keys(publish).length > 0;
}

/**
 * Traefik's file for a service, https://doc.traefik.io/traefik/reference/routing-configuration/dynamic-configuration-methods/.
 *
 * @param servers Host names of the servers.
 */
export function routingFile(routing: pulumi.Unwrap<Routing>, servers: string[]): string {
  // Traefik rejects empty sections.
  const sections = {
    ...(routing.routes.length > 0 && { http: httpSection(routing, servers) }),
    ...forwardingSections(routing, servers),
  };
  return JSON.stringify(sections, null, 2) + "\n";
}

/** Traefik's name of the service behind a forwarded port. */
function forwardingService(name: string, port: ForwardedPort): string {
  return `${name}-${entryPoint(port)}`;
}

/** The servers' ports by Traefik's names of the services behind forwarded ports, as JSON. */
export function forwardedTargets({ name, forwarded }: Routing): string {
  return JSON.stringify(Object.fromEntries(forwarded.map(({ targetPort, ...port }) => [forwardingService(name, port), targetPort])));
}

function forwardingSections({ name, forwarded }: Routing, servers: string[]): object {
  const section = (protocol: Protocol, ofRouter: object, ofService: object, ofSection: object) => {
    const ports = forwarded.filter((port) => port.protocol === protocol);
    if (ports.length === 0) return {};
    const services = ports.map(({ targetPort, ...port }) => {
      const loadBalancer = { servers: servers.map((host) => ({ address: `${host}:${targetPort}` })), ...ofService };
      return [forwardingService(name, port), { loadBalancer }];
    });
    const routers = ports.map((port) => {
      const service = forwardingService(name, port);
      return [service, { ...ofRouter, entryPoints: [entryPoint(port)], service }];
    });
    return {
      [protocol.toLowerCase()]: { routers: Object.fromEntries(routers), services: Object.fromEntries(services), ...ofSection },
    };
  };
  // Without a transport, a client that has sent everything and closes its side gets no answer: Traefik then waits 0 s for it.
  const serversTransports = { [name]: { terminationDelay: "-1s" } };
  return {
    ...section(Protocol.TCP, { rule: "HostSNI(`*`)" }, { serversTransport: name }, { serversTransports }),
    ...section(Protocol.UDP, {}, {}, {}),
  };
}

function httpSection(routing: pulumi.Unwrap<Routing>, servers: string[]): object {
  const { name, port, routes, tls, redirect, httpsPort, connectRetries, isOneName } = routing;
  const middlewares = {
    // As on Kubernetes: Traefik retries only if it could not connect.
    ...(connectRetries > 0 && { [`${name}-retry`]: { retry: { attempts: connectRetries + 1, initialInterval: "100ms" } } }),
    ...(tls && redirect && { [`${name}-redirect`]: { redirectScheme: { scheme: "https", port: String(httpsPort), permanent: true } } }),
  };
  const retry = connectRetries > 0 ? [`${name}-retry`] : [];
  const routers = routes.flatMap(({ host, path }, i) => {
    const router = { rule: ruleOf(host, path), service: name };
    const plain = { ...router, entryPoints: [webEntryPoint().name], middlewares: tls && redirect ? [`${name}-redirect`] : retry };
    const secure = { ...router, entryPoints: ["websecure"], middlewares: retry, tls: {} };
    return [[`${name}-${i}`, plain] as const, ...(tls ? [[`${name}-${i}-tls`, secure] as const] : [])];
  });
  const healthCheck = healthCheckOf(routing);
  const loadBalancer = {
    servers: servers.map((host) => ({ url: `http://${host}:${port}` })),
    ...(isOneName ? { serversTransport: name } : healthCheck && { healthCheck }),
  };
  return {
    routers: Object.fromEntries(routers),
    ...(Object.keys(middlewares).length > 0 && { middlewares }),
    services: { [name]: { loadBalancer } },
    // A kept connection would send all requests to one of the servers behind the name.
    ...(isOneName && { serversTransports: { [name]: { maxIdleConnsPerHost: -1 } } }),
  };
}

/** Traefik's health check of each server. */
export function healthCheckOf({ readiness }: Routing): object | undefined {
  return (
    readiness && {
      path: readiness.path,
      port: readiness.port,
      interval: `${readiness.periodSeconds}s`,
      timeout: `${readiness.timeoutSeconds}s`,
    }
  );
}

function ruleOf(host: string, path: string): string {
  const hosts = host.startsWith("*.") ? `HostRegexp(\`^[^.]+\\.${host.slice(2).replaceAll(".", "\\.")}$\`)` : `Host(\`${host}\`)`;
  if (path === "/") return hosts;
  // As the path type Prefix of an Ingress: it matches whole path elements.
  const prefix = path.replace(/\/$/, "");
  return `${hosts} && (Path(\`${prefix}\`) || PathPrefix(\`${prefix}/\`))`;
}

/** The arguments of a service as those of one behind an Ingress of Traefik, so that the rules for Traefik apply. */
export function behindProxy<T extends Pick<ServiceArgs, "host" | "routes" | "expose">>(service: T): T & { ingressClassName?: string } {
  const hasHost = service.host !== undefined || (service.routes ?? []).length > 0;
  return hasHost && service.expose !== "none" ? { ...service, ingressClassName: "traefik" } : service;
}
