import * as pulumi from "@pulumi/pulumi";
import { validateWebService, WebService, type WebServiceArgs } from "../../components/web-service.ts";
import { record, tree } from "./harness.ts";

const image = `registry.example/web@sha256:${"0".repeat(64)}`;
const build = (args: Partial<WebServiceArgs> = {}) => record(() => new WebService("web", { image, ...args }));

async function deploymentOf(args: Partial<WebServiceArgs> = {}) {
  const { resources } = await build(args);
  return resources.find((r) => r.type === "kubernetes:apps/v1:Deployment")!.inputs;
}

const child = "slipway:index:WebService$kubernetes";

test("a WebService without host is a namespace, an account, a Deployment and a Service, all its children", async () => {
  const { urns } = await build();
  expect(tree(urns)).toEqual([
    "slipway:index:WebService web",
    `${child}:apps/v1:Deployment web`,
    `${child}:core/v1:Namespace web`,
    `${child}:core/v1:Service web`,
    `${child}:core/v1:ServiceAccount web`,
  ]);
});

test("with a host it has an Ingress too, and with a given namespace none of its own", async () => {
  const { urns, resources } = await build({ host: "web.example.org", namespace: "shared" });
  expect(tree(urns)).toEqual([
    "slipway:index:WebService web",
    `${child}:apps/v1:Deployment web`,
    `${child}:core/v1:Service web`,
    `${child}:core/v1:ServiceAccount web`,
    `${child}:networking.k8s.io/v1:Ingress web`,
  ]);
  const objects = resources.filter((r) => r.type.startsWith("kubernetes:"));
  expect(objects.map((o) => o.inputs.metadata.namespace)).toEqual(["shared", "shared", "shared", "shared"]);
  expect(objects.find((o) => o.type.endsWith(":Ingress"))?.inputs.spec.rules).toEqual([
    {
      host: "web.example.org",
      http: { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "web", port: { name: "http" } } } }] },
    },
  ]);
});

test("its namespace enforces the restricted profile, of a fixed version", async () => {
  const { resources } = await build();
  expect(resources.find((r) => r.type.endsWith(":Namespace"))?.inputs.metadata).toEqual({
    name: "web",
    labels: {
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/enforce-version": "v1.36",
      "pod-security.kubernetes.io/warn": "restricted",
      "pod-security.kubernetes.io/warn-version": "v1.36",
    },
  });
});

test("pods keep to the restricted profile and more", async () => {
  const { spec } = await deploymentOf();
  const pod = spec.template.spec;
  expect(pod.securityContext).toEqual({
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(pod.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(pod.enableServiceLinks).toBe(false);
});

test("its account has no token", async () => {
  const { resources } = await build();
  const { inputs } = resources.find((r) => r.type.endsWith(":ServiceAccount"))!;
  expect(inputs.automountServiceAccountToken).toBe(false);
});

test("a rolling update never goes below the replica count", async () => {
  const { spec } = await deploymentOf({ replicas: 3, maxSurge: "100%" });
  expect(spec.replicas).toBe(3);
  expect(spec.strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" } });
});

test("the grace period covers the drain and the shutdown", async () => {
  const { spec } = await deploymentOf();
  const pod = spec.template.spec;
  expect(pod.terminationGracePeriodSeconds).toBe(30);
  expect(pod.containers[0].lifecycle.preStop.sleep.seconds).toBe(5);
});

test("the program is told its port and its environment, and is probed at that port", async () => {
  const { spec } = await deploymentOf({ port: 9000, env: { GREETING: pulumi.output("Hi") }, readinessPath: "/ready" });
  const [container] = spec.template.spec.containers;
  expect(container.env).toEqual([
    { name: "PORT", value: "9000" },
    { name: "GREETING", value: "Hi" },
  ]);
  expect(container.ports).toEqual([{ name: "http", containerPort: 9000, protocol: "TCP" }]);
  expect(container.readinessProbe.httpGet).toEqual({ path: "/ready", port: "http" });
  expect(container.livenessProbe.httpGet).toEqual({ path: "/healthz", port: "http" });
  expect(container.startupProbe.httpGet).toEqual({ path: "/healthz", port: "http" });
});

test("memory is limited to what was asked for, and CPU is not limited", async () => {
  const { spec } = await deploymentOf({ resources: { cpu: "100m", memory: "128Mi" } });
  expect(spec.template.spec.containers[0].resources).toEqual({
    requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "16Mi" },
    limits: { memory: "128Mi", "ephemeral-storage": "64Mi" },
  });
});

test("what selects the pods has nothing that an update could change", async () => {
  const before = await deploymentOf();
  const after = await deploymentOf({ image: `registry.example/web@sha256:${"1".repeat(64)}`, replicas: 5, port: 81, env: { A: "b" } });
  expect(before.spec.selector).toEqual({ matchLabels: { "app.kubernetes.io/name": "web" } });
  expect(after.spec.selector).toEqual(before.spec.selector);
});

test("arguments that cannot work are refused, all at once", () => {
  expect(validateWebService("Web", { image: "web:latest", host: "http://x", replicas: 0, port: 70000 })).toEqual([
    'the name must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit, got "Web"',
    'host must be a host name in lower case such as web.localhost, without scheme, port or path, got "http://x"',
    "replicas must be at least 1, got 0",
    "port must be from 1 to 65535, got 70000",
    'image must be named by digest (repository@sha256:…), got "web:latest"',
  ]);
});

test("the constructor refuses them too", async () => {
  await expect(build({ replicas: 0 })).rejects.toThrow('WebService "web":\n  - replicas must be at least 1, got 0');
});
