import * as pulumi from "@pulumi/pulumi";
import { portOf } from "./container-service/hardening.ts";
import type { WebServiceSpec } from "./web-service/spec.ts";

// Traefik with its file provider: it holds no Docker socket, which would make whoever breaks into it root of the machine.

/** The last version of Traefik that we built and tested, https://github.com/traefik/traefik/releases. */
export const proxyImage = "traefik:v3.6.12";

/** Where Traefik looks for files with routes. */
export const dynamicFolder = "/etc/traefik/dynamic";

const ping = ["--ping=true", "--entrypoints.traefik.address=127.0.0.1:8082"];

/** https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/ */
export const proxyCommand = [
  ...ping,
  "--entrypoints.web.address=:8000",
  "--entrypoints.websecure.address=:8443",
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

export interface CertificateArgs {
  /** PEM; the chain, the host's own first. */
  certificate: pulumi.Input<string>;
  /** PEM. */
  key: pulumi.Input<string>;
}

/** Traefik takes contents where it takes files. */
export function certificatesFile(certificates: CertificateArgs[]): pulumi.Output<string> {
  return pulumi
    .all(certificates.map(({ certificate, key }) => pulumi.all({ certFile: certificate, keyFile: key })))
    .apply((all) => JSON.stringify({ tls: { certificates: all } }, null, 2) + "\n");
}

/** What routes are made of. */
export interface Routing {
  name: string;
  routes: { host: string; path: string }[];
  /** Whether HTTPS serves them, and HTTP redirects there. */
  tls: boolean;
  redirect: boolean;
  httpsPort: number;
  connectRetries: number;
  /** What each server is asked how it is; undefined where that is no HTTP request. */
  readiness: { path: string; port: number; periodSeconds: number; timeoutSeconds: number } | undefined;
  /** Whether one name stands for all servers: asked by it, none would tell of itself. */
  isOneName: boolean;
}

/** What routes are made of, from the arguments of a service. */
export function routingOf(spec: WebServiceSpec, tls: { redirect?: boolean } | undefined, httpsPort: number, isOneName: boolean): Routing {
  const { path, port, periodSeconds, timeoutSeconds } = spec.probes.readiness;
  return {
    name: spec.name,
    routes: spec.routes,
    tls: tls !== undefined,
    redirect: tls?.redirect ?? true,
    httpsPort,
    connectRetries: spec.connectRetries,
    readiness: spec.probes.kind !== "http" ? undefined : { path: path as string, port: portOf(spec, port), periodSeconds, timeoutSeconds },
    isOneName,
  };
}

/** The file of a service, https://doc.traefik.io/traefik/reference/routing-configuration/dynamic-configuration-methods/. */
export function routingFile(routing: Routing, servers: string[]): string {
  const { name, routes, tls, redirect, httpsPort, connectRetries, isOneName } = routing;
  const middlewares = {
    // As on Kubernetes: only where no connection was had.
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
    // A connection that is kept would be to one of those behind the name; a new one is to any.
    ...(isOneName && { serversTransports: { [name]: { maxIdleConnsPerHost: -1 } } }),
  };
  return JSON.stringify({ http }, null, 2) + "\n";
}

/** How each server is asked. */
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
  // As the prefix of an Ingress: of whole parts of the path.
  const prefix = path.replace(/\/$/, "");
  return `${hosts} && (Path(\`${prefix}\`) || PathPrefix(\`${prefix}/\`))`;
}
