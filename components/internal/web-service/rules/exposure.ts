import type { WebServiceArgs } from "../../../web-service-args.ts";
import { problemWithHost, problemWithName, problemWithObjectName } from "../../../../lib/kubernetes-names.ts";
import { knownIngressClasses, type WebServiceSpec } from "../defaults.ts";
import { checkAnnotations } from "./placement.ts";
import { ifKnown, problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** The most that an HTTPRoute has, https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec. */
const mostHosts = 16;

export function checkExposure(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  checkRoutes(args, spec, report);
  checkTls(args, spec, report);
  checkIngress(args, spec, report);
  checkGateway(args, spec, report);
}

function checkRoutes({ host, routes = [], expose }: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  report(["host"], ifKnown(host, problemWithHost));
  const seen = new Set(host === undefined ? [] : [routeKey({ host })]);
  for (const [i, route] of routes.entries()) {
    const key = routeKey(route);
    report(["routes", i, "host"], problemWithHost(route.host));
    report(["routes", i, "path"], ifKnown(route.path, problemWithRoutePath));
    report(["routes", i], seen.has(key) && `${route.host}${route.path ?? "/"} is there twice; a path of a host leads to one place`);
    seen.add(key);
  }
  report(
    ["expose"],
    spec.expose !== "none" &&
      spec.routes.length === 0 &&
      `is ${spec.expose}, and there is no host; give host or routes, or leave expose out`,
  );
  report(["expose"], expose === "none" && spec.routes.length > 0 && "is none, and there is a host; leave out one of the two");
}

/** What is one place to a proxy: to it `/api` and `/api/` are the same. */
export function routeKey({ host, path = "/" }: { host: string; path?: string }): string {
  return host + (path === "/" ? path : path.replace(/\/$/, ""));
}

/** https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types and Gateway API have this in common. */
function problemWithRoutePath(path: string): string | undefined {
  const isPlain = /^\/[\w.~!$&'()*+,;=:@%/-]*$/.test(path) && !/\/\/|\/\.\.?(\/|$)|%2f/i.test(path) && path.length <= 1024;
  return isPlain ? undefined : `must begin with "/" and have no query, no spaces, no "//" and no "." or ".." as a part (got "${path}")`;
}

function checkTls({ tls, ingressClassName, gateway }: WebServiceArgs, { routes, expose }: WebServiceSpec, report: Report): void {
  if (tls === undefined) return;
  report(["tls"], routes.length === 0 && "needs a host that the certificate is for; give host or routes");
  report(
    ["tls", "redirect"],
    expose === "ingress" &&
      tls.redirect !== false &&
      !knownIngressClasses.includes(ingressClassName ?? "") &&
      `each ingress controller redirects in its own way, known of ${knownIngressClasses.join(", ")}; set ingressClassName to one of them, or redirect: false`,
  );
  for (const key of ["secretName", "clusterIssuer"] as const) {
    report(["tls", key], ifKnown(tls[key], problemWithObjectName));
    report(
      ["tls", key],
      expose === "gateway" &&
        gateway?.className === undefined &&
        tls[key] !== undefined &&
        "is the business of the Gateway, which exists; leave it out, or give gateway.className to have one made",
    );
  }
}

function checkIngress(args: WebServiceArgs, { expose }: WebServiceSpec, report: Report): void {
  report(["ingressClassName"], ifKnown(args.ingressClassName, problemWithObjectName));
  report(["connectRetries"], problemWithNumber(args.connectRetries, 0));
  checkAnnotations(["ingressAnnotations"], args.ingressAnnotations, report);
  for (const key of ["ingressClassName", "connectRetries", "ingressAnnotations", "awaitAddress"] as const)
    report(
      [key],
      args[key] !== undefined && expose !== "ingress" && `is only for expose: ingress, and this is ${expose}; give a host, or leave it out`,
    );
}

function checkGateway({ gateway, tls }: WebServiceArgs, { expose, routes }: WebServiceSpec, report: Report): void {
  const hosts = new Set(routes.map(({ host }) => host)).size;
  report(
    ["routes"],
    expose === "gateway" &&
      hosts > mostHosts &&
      `must have at most ${mostHosts} hosts with expose: gateway (got ${hosts}); make several services`,
  );
  if (gateway === undefined) return;
  const { name, namespace, className, httpPort, httpsPort } = gateway;
  report(["gateway"], expose !== "gateway" && "is only for expose: gateway; set that, or leave it out");
  report(["gateway", "name"], ifKnown(name, problemWithObjectName));
  report(["gateway", "namespace"], ifKnown(namespace, problemWithName));
  report(["gateway", "className"], ifKnown(className, problemWithObjectName));
  report(
    ["gateway", "namespace"],
    className !== undefined &&
      namespace !== undefined &&
      "is where a Gateway exists, and with className one is made in the service's namespace; leave out one of the two",
  );
  for (const key of ["httpPort", "httpsPort"] as const) {
    report(["gateway", key], problemWithNumber(gateway[key], 1, 65535));
    report(
      ["gateway", key],
      gateway[key] !== undefined && className === undefined && "is of a Gateway that is made; give className, or leave it out",
    );
  }
  report(
    ["gateway", "httpsPort"],
    tls !== undefined && (httpPort ?? 80) === (httpsPort ?? 443) && `is ${httpsPort ?? 443}, as is httpPort; each needs its own`,
  );
}
