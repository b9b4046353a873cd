import * as pulumi from "@pulumi/pulumi";
import type { ServiceSettings } from "../../../config/schema/service.ts";
import { KubernetesError, type KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import { missingClasses } from "../../../platforms/kubernetes-shared/classes.ts";

beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "slipway", "test", false));

/** A cluster with these classes, by kind; other kinds are unknown to it. */
function cluster(classes: Record<string, { name: string; annotations?: Record<string, string> }[]>): KubernetesCluster {
  const list = async (_apiVersion: string, kind: string) => {
    if (!classes[kind]) throw new KubernetesError(404, `the cluster does not know the kind ${kind}`, true);
    return { items: classes[kind].map((metadata) => ({ metadata })) };
  };
  return { list } as unknown as KubernetesCluster;
}

const service: ServiceSettings = {
  builder: "go",
  host: "web.localhost",
  ingressClassName: "nginx",
  priorityClassName: "gold",
  gateway: { className: "cilium" },
  volumes: {
    fast: { kind: "persistent", mountPath: "/fast", size: "1Gi", storageClass: "fast" },
    data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
  },
};

test("missing classes are reported with their path and the existing classes", async () => {
  const known = cluster({ StorageClass: [{ name: "local-path" }], IngressClass: [{ name: "traefik" }], PriorityClass: [] });
  expect(await missingClasses({ web: service }, known)).toEqual([
    'slipway:services.web.volumes.fast.storageClass: must be an existing StorageClass (got "fast"). Known classes: local-path.',
    "slipway:services.web.volumes.data.storageClass: must be set, because the cluster has no default StorageClass. Known classes: local-path.",
    'slipway:services.web.ingressClassName: must be an existing IngressClass (got "nginx"). Known classes: traefik.',
    'slipway:services.web.priorityClassName: must be an existing PriorityClass (got "gold"). Known classes: none.',
    "slipway:services.web.gateway.className: needs the Gateway API, which the cluster does not have: the CustomResourceDefinitions gatewayclasses.gateway.networking.k8s.io, gateways.gateway.networking.k8s.io, httproutes.gateway.networking.k8s.io. Let an administrator install the Gateway API and a controller, or set services.web.expose to ingress.",
  ]);
});

test("existing classes and the default class are accepted", async () => {
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  const known = cluster({
    StorageClass: [{ name: "fast" }, { name: "local-path", annotations }],
    IngressClass: [{ name: "nginx" }],
    PriorityClass: [{ name: "gold" }],
    GatewayClass: [{ name: "cilium" }],
  });
  expect(await missingClasses({ web: service }, known)).toEqual([]);
});

test("classes that the deployer may not read are not checked, and those that a cluster has without an object are known", async () => {
  const hidden = { list: () => Promise.reject(new KubernetesError(403, "forbidden")) } as unknown as KubernetesCluster;
  expect(await missingClasses({ web: service }, hidden)).toEqual([]);
  const ingress = { host: "a", ingressClassName: "gce" };
  const known = cluster({ IngressClass: [{ name: "nginx" }] });
  expect(await missingClasses({ web: ingress }, known, ["gce"])).toEqual([]);
  expect(await missingClasses({ web: { ...ingress, ingressClassName: "other" } }, known, ["gce"])).toEqual([
    'slipway:services.web.ingressClassName: must be an existing IngressClass (got "other"). Known classes: nginx, gce.',
  ]);
});

test("a service with an existing Gateway needs the Gateway API, but no class", async () => {
  const exposed: Record<string, ServiceSettings> = { web: { host: "a", expose: "gateway" } };
  expect(await missingClasses(exposed, cluster({}))).toEqual([
    "slipway:services.web.expose: needs the Gateway API, which the cluster does not have: the CustomResourceDefinitions gatewayclasses.gateway.networking.k8s.io, gateways.gateway.networking.k8s.io, httproutes.gateway.networking.k8s.io. Let an administrator install the Gateway API and a controller, or set services.web.expose to ingress.",
  ]);
  expect(await missingClasses(exposed, cluster({ GatewayClass: [] }))).toEqual([]);
});
