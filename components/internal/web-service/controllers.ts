import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { standardPorts } from "../../ports.ts";
import { containerPorts } from "./pod.ts";
import { knownIngressClass } from "./ingress-classes.ts";
import type { WebServiceSpec } from "./spec.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;
type Annotations = Record<string, pulumi.Input<string>>;

/** The annotations by which each controller redirects HTTP to HTTPS and retries connections. */
export function controllerAnnotations(spec: WebServiceSpec, metadata: Meta, opts: pulumi.CustomResourceOptions): Annotations {
  const redirect = spec.tls !== undefined && spec.tls.redirect !== false;
  switch (knownIngressClass(spec.ingressClassName)?.controller) {
    case "traefik":
      return traefikAnnotations(spec, redirect, metadata, opts);
    case "nginx": // https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
      return {
        ...(redirect && { "nginx.ingress.kubernetes.io/ssl-redirect": "true" }),
        ...(spec.connectRetries === 0 && { "nginx.ingress.kubernetes.io/proxy-next-upstream": "off" }),
      };
    case "alb": // https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
      return {
        // Directly to the pods: a Service of type ClusterIP has no node ports.
        "alb.ingress.kubernetes.io/target-type": "ip",
        // As the readiness probe, which the controller does not look at.
        "alb.ingress.kubernetes.io/healthcheck-path": spec.probes.readiness.path,
        "alb.ingress.kubernetes.io/healthcheck-port": readinessPort(spec),
        "alb.ingress.kubernetes.io/success-codes": "200-399",
        // The default is 300 s, longer than a rollout: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay.
        "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30",
        ...(redirect && {
          "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
          "alb.ingress.kubernetes.io/ssl-redirect": "443",
          "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        }),
      };
    case "openshift": // https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/ingress_and_load_balancing/configuring-routes
      // The Route of an Ingress redirects by itself.
      return spec.tls ? { "route.openshift.io/termination": "edge" } : {};
    case "gce": // Named by ingressClassName, GKE ignores it: https://cloud.google.com/kubernetes-engine/docs/concepts/ingress
      return { "kubernetes.io/ingress.class": String(spec.ingressClassName) };
    default:
      return {};
  }
}

/** Number of the port of the readiness probe: load balancers do not know its name. */
export function readinessPort(spec: WebServiceSpec): pulumi.Output<string> {
  const port = containerPorts(spec).find(({ name }) => name === spec.probes.readiness.port)?.containerPort ?? spec.port;
  return pulumi.interpolate`${port}`;
}

/** Traefik uses Middleware objects, https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/. */
function traefikAnnotations(
  { name, tls, connectRetries }: WebServiceSpec,
  redirect: boolean,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): Annotations {
  const middlewares = {
    ...(redirect && {
      redirect: { redirectScheme: { scheme: "https", port: String(tls?.redirectPort ?? standardPorts.https), permanent: true } },
    }),
    // Only connections are retried: a request that was sent is not repeated. A retry may reach the same pod, so the default number
    // outlasts the second in which Kubernetes notices that a container ended.
    ...(connectRetries > 0 && { retry: { retry: { attempts: connectRetries + 1, initialInterval: "100ms" } } }),
  };
  const references = Object.entries(middlewares).map(([suffix, spec]) => {
    const middleware = new k8s.apiextensions.CustomResource(
      `${name}-${suffix}`,
      { apiVersion: "traefik.io/v1alpha1", kind: "Middleware", metadata: { ...metadata, name: `${name}-${suffix}` }, spec },
      opts,
    );
    return pulumi.interpolate`${middleware.metadata.namespace}-${middleware.metadata.name}@kubernetescrd`;
  });
  if (references.length === 0) return {};
  return { "traefik.ingress.kubernetes.io/router.middlewares": pulumi.all(references).apply((all) => all.join(",")) };
}
