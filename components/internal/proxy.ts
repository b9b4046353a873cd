import * as pulumi from "@pulumi/pulumi";
import type { CertificateArgs } from "../container-host.ts";
import type { ServiceArgs } from "../service-args.ts";
import { portNumber } from "./container-service/healthcheck.ts";
import type { WebServiceSpec } from "./web-service/spec.ts";

// Traefik with its file provider. It has no access to the Docker socket: that would give an attacker root on the Docker host.

/** Folder from which Traefik reads its routes. */
export const dynamicFolder = "/etc/traefik/dynamic";

/** Ports that Traefik listens on in its container. */
export const proxyPorts = { http: 8000, https: 8443 } as const;

const ping = ["--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"];

/** https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/ */
export const proxyCommand = [
  ...ping,
  `--entrypoints.web.address=:${proxyPorts.http}`,
  `--entrypoints.websecure.address=:${proxyPorts.https}`,
  `--providers.file.directory=${dynamicFolder}`,
  "--providers.providersthrottleduration=100ms",
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
];

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
  routes: { host: string; path: string }[];
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
  };
}

/** Traefik's file for a service, https://doc.traefik.io/traefik/reference/routing-configuration/dynamic-configuration-methods/. */
export function routingFile(routing: Routing, servers: string[]): string {
  const { name, routes, tls, redirect, httpsPort, connectRetries, isOneName } = routing;
  const middlewares = {
    // As on Kubernetes: Traefik retries only if it could not connect.
    ...(connectRetries > 0 && { [`${name}-retry`]: { retry: { attempts: connectRetries + 1, initialInterval: "100ms" } } }),
    ...(tls && redirect && { [`${name}-redirect`]: { redirectScheme: { scheme: "https", port: String(httpsPort), permanent: true } } }),
  };
  const retry = connectRetries > 0 ? [`${name}-retry`] : [];
  const routers = routes.flatMap(({ host, path }, i) => {
    const router = { rule: ruleOf(host, path), service: name };
    const plain = { ...router, entryPoints: ["web"], middlewares: tls && redirect ? [`${name}-redirect`] : retry };
    const secure = { ...router, entryPoints: ["websecure"], middlewares: retry, tls: {} };
    return [[`${name}-${i}`, plain] as const, ...(tls ? [[`${name}-${i}-tls`, secure] as const] : [])];
  });
  const healthCheck = healthCheckOf(routing);
  const loadBalancer = {
    servers: servers.map((url) => ({ url })),
    ...(isOneName ? { serversTransport: name } : healthCheck && { healthCheck }),
  };
  const http = {
    routers: Object.fromEntries(routers),
    ...(Object.keys(middlewares).length > 0 && { middlewares }),
    services: { [name]: { loadBalancer } },
    // A kept connection would send all requests to one of the servers behind the name.
    ...(isOneName && { serversTransports: { [name]: { maxIdleConnsPerHost: -1 } } }),
  };
  return JSON.stringify({ http }, null, 2) + "\n";
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
