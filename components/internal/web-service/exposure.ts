import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { controllerAnnotations } from "./controllers.ts";
import { knownIngressClass } from "./ingress-classes.ts";
import { serviceDefaults } from "../../web-service-defaults.ts";
import type { WebServiceSpec } from "./spec.ts";
import { standardPorts } from "../../ports.ts";
import { loadBalancerAnnotation } from "../../web-service-args.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;

/** Timeouts for an ingress controller or a Gateway to publish an address; a cloud creates a load balancer first. */
const addressTimeout = { create: "2m", update: "2m" };
const loadBalancerTimeout = { create: "10m", update: "10m" };

/**
 * The Ingress is replaced with its load balancer. The status of an updated one has the address of the previous load balancer until the
 * controller has replaced it, so that DNS records would keep that address until the next deployment.
 */
const replacedWithLoadBalancer: pulumi.CustomResourceOptions = {
  replaceOnChanges: [`metadata.annotations["${loadBalancerAnnotation}"]`],
  deleteBeforeReplace: true,
};

/** Exposes a service outside the cluster, through an Ingress (which is returned) or an HTTPRoute. */
export function createExposure(
  spec: WebServiceSpec,
  service: k8s.core.v1.Service,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): k8s.networking.v1.Ingress | undefined {
  if (spec.expose === "gateway") createRoutes(spec, service, metadata, opts);
  return spec.expose === "ingress" ? createIngress(spec, service, metadata, opts) : undefined;
}

function createIngress(spec: WebServiceSpec, service: k8s.core.v1.Service, metadata: Meta, opts: pulumi.CustomResourceOptions) {
  const { name, tls, ingressClassName, ingressAnnotations } = spec;
  const backend = { service: { name: service.metadata.name, port: { name: "http" } } };
  const annotations = {
    ...(!spec.awaitAddress && { "pulumi.com/skipAwait": "true" }),
    ...(tls?.clusterIssuer !== undefined && { "cert-manager.io/cluster-issuer": tls.clusterIssuer }),
    ...controllerAnnotations(spec, metadata, opts),
    ...ingressAnnotations,
  };
  const controller = knownIngressClass(ingressClassName)?.controller;
  return new k8s.networking.v1.Ingress(
    name,
    {
      metadata: { ...metadata, annotations },
      spec: {
        ingressClassName: controller === "gce" ? undefined : ingressClassName,
        tls: tls && [tlsOf(spec)],
        rules: hostsOf(spec).map((host) => ({
          host,
          http: { paths: pathsOf(spec, host).map((path) => ({ path, pathType: "Prefix", backend })) },
        })),
      },
    },
    {
      ...opts,
      ...(ingressClassName === "alb" ? replacedWithLoadBalancer : {}),
      customTimeouts: ingressClassName === "alb" ? loadBalancerTimeout : addressTimeout,
    },
  );
}

function tlsOf(spec: WebServiceSpec): k8s.types.input.networking.v1.IngressTLS {
  const { controller } = knownIngressClass(spec.ingressClassName) ?? {};
  // The AWS load balancer gets its certificates from Certificate Manager.
  if (controller === "alb") return { hosts: hostsOf(spec) };
  // Exactly this makes OpenShift use its default certificate. With hosts it waits for their Secret, and creates no Route without it:
  // https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/ingress_and_load_balancing/configuring-routes
  if (controller === "openshift" && spec.tls?.secretName === undefined && spec.tls?.clusterIssuer === undefined) return {};
  return { hosts: hostsOf(spec), secretName: secretName(spec) };
}

function createRoutes(spec: WebServiceSpec, service: k8s.core.v1.Service, metadata: Meta, opts: pulumi.CustomResourceOptions): void {
  const { name, tls, gateway = {} } = spec;
  const gatewayName = gateway.name ?? name;
  const gatewayNamespace = gateway.namespace ?? metadata.namespace;
  const dependsOn = gateway.className === undefined ? [] : [createGateway(spec, metadata, opts)];
  const parent = (sectionName?: string) => [
    { name: gatewayName, namespace: gatewayNamespace, ...(sectionName !== undefined && { sectionName }) },
  ];
  const route = (suffix: string, listener: string | undefined, hostnames: pulumi.Input<string>[], rules: object[]) =>
    new k8s.apiextensions.CustomResource(
      name + suffix,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { ...metadata, name: name + suffix },
        spec: { parentRefs: parent(listener), hostnames, rules },
      },
      { ...opts, dependsOn },
    );
  const backendRefs = [{ name: service.metadata.name, port: spec.port }];
  // An HTTPRoute has the same rules for all its host names.
  const groups = Map.groupBy(hostsOf(spec), (host) => JSON.stringify(pathsOf(spec, host)));
  for (const [i, hosts] of [...groups.values()].entries()) {
    const matches = pathsOf(spec, hosts[0]!).map((value) => ({ path: { type: "PathPrefix", value } }));
    route(i === 0 ? "" : `-${i + 1}`, tls ? "https" : undefined, hosts, [{ matches, backendRefs }]);
  }
  if (tls && tls.redirect !== false) {
    const requestRedirect = { scheme: "https", port: tls.redirectPort ?? standardPorts.https, statusCode: 301 };
    route("-redirect", "http", hostsOf(spec), [{ filters: [{ type: "RequestRedirect", requestRedirect }] }]);
  }
}

function createGateway(spec: WebServiceSpec, metadata: Meta, opts: pulumi.CustomResourceOptions): pulumi.Resource {
  const { name, tls, gateway = {} } = spec;
  const annotations: Record<string, pulumi.Input<string>> = {
    // https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#annotations
    "pulumi.com/waitFor": "condition=Programmed",
    ...(tls?.clusterIssuer !== undefined && { "cert-manager.io/cluster-issuer": tls.clusterIssuer }),
  };
  const http = { name: "http", port: gateway.httpPort ?? serviceDefaults.gateway.httpPort, protocol: "HTTP" };
  const https = {
    name: "https",
    port: gateway.httpsPort ?? serviceDefaults.gateway.httpsPort,
    protocol: "HTTPS",
    tls: { mode: "Terminate", certificateRefs: [{ name: secretName(spec) }] },
  };
  return new k8s.apiextensions.CustomResource(
    `${name}-gateway`,
    {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "Gateway",
      metadata: { ...metadata, name: gateway.name ?? name, annotations },
      spec: { gatewayClassName: gateway.className, listeners: tls ? [http, https] : [http] },
    },
    { ...opts, customTimeouts: addressTimeout },
  );
}

function secretName({ name, tls }: WebServiceSpec): pulumi.Input<string> {
  return tls?.secretName ?? `${name}-tls`;
}

function hostsOf({ routes }: WebServiceSpec): pulumi.Input<string>[] {
  return [...new Set(routes.map(({ host }) => host))];
}

function pathsOf({ routes }: WebServiceSpec, host: pulumi.Input<string>): string[] {
  return routes.filter((route) => route.host === host).map(({ path }) => path);
}
