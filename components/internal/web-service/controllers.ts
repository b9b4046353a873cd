import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { WebServiceSpec } from "./defaults.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;
type Annotations = Record<string, pulumi.Input<string>>;

/** Tells a controller, in the annotations that are its own, to send HTTP to HTTPS and to ask another pod for one that is gone. */
export function controllerAnnotations(spec: WebServiceSpec, metadata: Meta, opts: pulumi.CustomResourceOptions): Annotations {
  const redirect = spec.tls !== undefined && spec.tls.redirect !== false;
  switch (spec.ingressClassName) {
    case "traefik":
      return traefikAnnotations(spec, redirect, metadata, opts);
    case "nginx": // https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
      return {
        ...(redirect && { "nginx.ingress.kubernetes.io/ssl-redirect": "true" }),
        ...(spec.connectRetries === 0 && { "nginx.ingress.kubernetes.io/proxy-next-upstream": "off" }),
      };
    case "alb": // https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
      return {
        // Straight to the pods: a Service of type ClusterIP has no port on nodes.
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/healthcheck-path": spec.probes.readiness.path,
        // Its own default is 300 s, in which an update is not done: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay.
        "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30",
        ...(redirect && {
          "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
          "alb.ingress.kubernetes.io/ssl-redirect": "443",
          "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        }),
      };
    default:
      return {};
  }
}

/** Traefik has objects of its own for it, https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/overview/. */
function traefikAnnotations(
  { name, tls, connectRetries }: WebServiceSpec,
  redirect: boolean,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): Annotations {
  const middlewares = {
    ...(redirect && { redirect: { redirectScheme: { scheme: "https", port: String(tls?.redirectPort ?? 443), permanent: true } } }),
    // Only where no connection was had: what was sent once is not sent again. Any pod may be asked the next time, even the same;
    // the defaults outlast the second that Kubernetes takes to notice that a container ended.
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
