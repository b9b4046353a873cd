import { googleFrontEnds } from "../../google-front-ends.ts";
import type { PeerArgs } from "../../web-service-args.ts";

/** What Slipway knows of an ingress class, by the name that installations give it. */
export interface KnownIngressClass {
  /** The controller, which decides on annotations (see controllers.ts). */
  controller: "traefik" | "nginx" | "alb" | "openshift" | "gce";
  /** Where its pods usually are. @default - not known, or it forwards from outside the cluster */
  pods?: PeerArgs;
  /** Labels of the namespaces of its pods, if there may be several. @default - none */
  namespaceLabels?: Record<string, string>;
  /** Addresses outside the cluster from which it forwards requests. @default - none, or not known */
  cidrs?: string[];
  /** Whether it is known to publish addresses. @default false */
  publishesAddress?: boolean;
}

const known: Partial<Record<string, KnownIngressClass>> = {
  traefik: {
    controller: "traefik",
    pods: { namespace: "kube-system", podLabels: { "app.kubernetes.io/name": "traefik" } },
    publishesAddress: true,
  },
  nginx: {
    controller: "nginx",
    pods: { namespace: "ingress-nginx", podLabels: { "app.kubernetes.io/name": "ingress-nginx" } },
    publishesAddress: true,
  },
  alb: { controller: "alb", publishesAddress: true },
  // MicroK8s: https://github.com/canonical/microk8s-core-addons/blob/main/addons/ingress/ingress.yaml
  public: { controller: "nginx", pods: { namespace: "ingress", podLabels: { name: "nginx-ingress-microk8s" } } },
  // AKS: https://github.com/Azure/aks-app-routing-operator/blob/main/pkg/manifests/nginx.go
  "webapprouting.kubernetes.azure.com": { controller: "nginx", pods: { namespace: "app-routing-system", podLabels: { app: "nginx" } } },
  // OpenShift: https://github.com/openshift/enhancements/blob/master/enhancements/ingress/transition-ingress-from-beta-to-stable.md
  // and for the label https://docs.redhat.com/en/documentation/openshift_container_platform/4.19/html/network_security/network-policy
  "openshift-default": { controller: "openshift", namespaceLabels: { "policy-group.network.openshift.io/ingress": "" } },
  // GKE: https://cloud.google.com/kubernetes-engine/docs/concepts/ingress
  gce: { controller: "gce", cidrs: googleFrontEnds },
  // The proxies have addresses of a subnet besides.
  "gce-internal": { controller: "gce" },
};

/** Undefined for a class that Slipway does not know. */
export function knownIngressClass(name: unknown): KnownIngressClass | undefined {
  return typeof name === "string" && Object.hasOwn(known, name) ? known[name] : undefined;
}

/** Whether Slipway knows how the class redirects HTTP to HTTPS. */
export function canRedirect(name: unknown): boolean {
  const controller = knownIngressClass(name)?.controller;
  return controller !== undefined && controller !== "gce";
}
