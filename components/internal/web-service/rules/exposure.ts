import type { WebServiceArgs } from "../../../web-service-args.ts";
import { serviceDefaults } from "../../../web-service-defaults.ts";
import { problemWithHost, problemWithName, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { canRedirect, knownIngressClass } from "../ingress-classes.ts";
import type { WebServiceSpec } from "../spec.ts";
import { checkAnnotations } from "./placement.ts";
import { ifKnown, problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** Maximum number of host names of an HTTPRoute, https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec. */
const maxHosts = 16;

const gatewayPorts = serviceDefaults.gateway;

export function checkExposure(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  checkRoutes(args, spec, report);
  checkTls(args, spec, report);
  checkIngress(args, spec, report);
  checkGateway(args, spec, report);
}

function checkRoutes({ host, routes = [], expose }: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  report(["host"], ifKnown(host, problemWithHost));
  const seen = new Set(typeof host === "string" ? [routeKey({ host })] : []);
  for (const [i, { host, path }] of routes.entries()) {
    report(["routes", i, "host"], ifKnown(host, problemWithHost));
    report(["routes", i, "path"], ifKnown(path, problemWithRoutePath));
    if (typeof host !== "string") continue;
    const key = routeKey({ host, path });
    report(["routes", i], seen.has(key) && `is a duplicate of ${host}${path ?? "/"}. Remove it`);
    seen.add(key);
  }
  report(
    ["expose"],
    spec.expose !== "none" && spec.routes.length === 0 && `requires a host (got ${spec.expose}). Set host or routes, or remove expose`,
  );
  report(["expose"], expose === "none" && spec.routes.length > 0 && "is none, but there is a host. Remove one of them");
}

/** Identifies a route: for a proxy, `/api` and `/api/` are the same. */
export function routeKey({ host, path = serviceDefaults.routePath }: { host: string; path?: string | undefined }): string {
  return host + (path === "/" ? path : path.replace(/\/$/, ""));
}

/** What the Ingress API (https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types) and the Gateway API both accept. */
function problemWithRoutePath(path: string): string | undefined {
  const isPlain = /^\/[\w.~!$&'()*+,;=:@%/-]*$/.test(path) && !/\/\/|\/\.\.?(\/|$)|%2f/i.test(path) && path.length <= 1024;
  return isPlain ? undefined : `must begin with "/" and contain no query, no spaces, no "//" and no "." or ".." segment (got "${path}")`;
}

function checkTls({ tls, ingressClassName, gateway }: WebServiceArgs, { routes, expose }: WebServiceSpec, report: Report): void {
  if (tls === undefined) return;
  report(["tls"], routes.length === 0 && "requires a host for the certificate. Set host or routes");
  report(
    ["tls", "redirect"],
    expose === "ingress" &&
      tls.redirect !== false &&
      !canRedirect(ingressClassName) &&
      `requires a known ingress class, because each controller has its own redirects. Set ingressClassName to traefik or nginx or alb, or redirect: false`,
  );
  for (const key of ["secretName", "clusterIssuer"] as const) {
    report(["tls", key], ifKnown(tls[key], problemWithObjectName));
    report(
      ["tls", key],
      expose === "gateway" &&
        gateway?.className === undefined &&
        tls[key] !== undefined &&
        "belongs to the existing Gateway. Remove it, or set gateway.className to create a Gateway",
    );
  }
}

function checkIngress(args: WebServiceArgs, { expose }: WebServiceSpec, report: Report): void {
  report(["ingressClassName"], ifKnown(args.ingressClassName, problemWithObjectName));
  report(["connectRetries"], problemWithNumber(args.connectRetries, 0));
  report(
    ["tls", "redirect"],
    args.tls?.redirect === false &&
      knownIngressClass(args.ingressClassName)?.controller === "openshift" &&
      "must not be false with ingress class openshift-default: OpenShift redirects HTTP of every Ingress with TLS. Remove it",
  );
  report(["connectRetries"], expose === "ingress" && problemWithRetries(args));
  checkAnnotations(["ingressAnnotations"], args.ingressAnnotations, report);
  for (const key of ["ingressClassName", "connectRetries", "ingressAnnotations", "awaitAddress"] as const)
    report([key], args[key] !== undefined && expose !== "ingress" && `requires expose ingress (got ${expose}). Set a host, or remove it`);
}

/** Only Traefik can set the number of retries; nginx retries unless it is 0. */
function problemWithRetries({ connectRetries, ingressClassName }: WebServiceArgs): string | undefined {
  if (connectRetries === undefined || ingressClassName === "traefik") return undefined;
  if (knownIngressClass(ingressClassName)?.controller !== "nginx") return "requires ingress class traefik or nginx. Remove it";
  return connectRetries === 0
    ? undefined
    : `must be 0 with ingress class ${ingressClassName}, which otherwise retries by itself (got ${connectRetries}). Remove it`;
}

function checkGateway({ gateway, tls }: WebServiceArgs, { expose, routes }: WebServiceSpec, report: Report): void {
  const hosts = new Set(routes.map(({ host }) => host)).size;
  report(
    ["routes"],
    expose === "gateway" && hosts > maxHosts && `must have at most ${maxHosts} hosts with expose gateway (got ${hosts}). Split the service`,
  );
  if (gateway === undefined) return;
  const { name, namespace, className, httpPort, httpsPort } = gateway;
  report(["gateway"], expose !== "gateway" && "requires expose gateway. Set it, or remove gateway");
  report(["gateway", "name"], ifKnown(name, problemWithObjectName));
  report(["gateway", "namespace"], ifKnown(namespace, problemWithName));
  report(["gateway", "className"], ifKnown(className, problemWithObjectName));
  report(
    ["gateway", "namespace"],
    className !== undefined &&
      namespace !== undefined &&
      "is for an existing Gateway, but className creates one in the service's namespace. Remove one of them",
  );
  for (const key of ["httpPort", "httpsPort"] as const) {
    report(["gateway", key], problemWithNumber(gateway[key], 1, 65535));
    report(
      ["gateway", key],
      gateway[key] !== undefined && className === undefined && "is for a Gateway that is created. Set className, or remove it",
    );
  }
  report(
    ["gateway", "httpsPort"],
    tls !== undefined &&
      (httpPort ?? gatewayPorts.httpPort) === (httpsPort ?? gatewayPorts.httpsPort) &&
      `must differ from httpPort (got ${httpsPort ?? gatewayPorts.httpsPort}). Change one of them`,
  );
}
