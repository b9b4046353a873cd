import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { EngineProject } from "../../engine-project.ts";
import { formatProblem } from "../../../lib/problem.ts";
import { problemsWithWebService } from "../../../components/rules/web-service.ts";
import {
  WebService,
  type AccessMode,
  type TolerationEffect,
  type TolerationOperator,
  type WebServiceArgs,
} from "../../../components/web-service.ts";
import { record, tree, type Recorded } from "../harness.ts";

const image = `registry.example/web@sha256:${"0".repeat(64)}`;
const outputs = {
  "kubernetes:core/v1:Secret": ({ inputs }: Recorded) => ({ metadata: { ...inputs.metadata, uid: "0b1c" } }),
};
const build = (args: Partial<WebServiceArgs> = {}) => record(() => new WebService("web", { image, ...args }), { outputs });

async function specOf(kind: string, args: Partial<WebServiceArgs> = {}, name = "web") {
  const { resources } = await build(args);
  return resources.find((r) => r.type.endsWith(`:${kind}`) && r.name === name)?.inputs.spec;
}
const podOf = async (args: Partial<WebServiceArgs> = {}) => (await specOf("Deployment", args)).template.spec;
const containerOf = async (args: Partial<WebServiceArgs> = {}) => (await podOf(args)).containers[0];

const child = "slipway:index:WebService$kubernetes";
const basic = [
  "slipway:index:WebService web",
  `${child}:apps/v1:Deployment web`,
  `${child}:core/v1:Service web`,
  `${child}:core/v1:ServiceAccount web`,
  `${child}:networking.k8s.io/v1:NetworkPolicy web`,
  `${child}:policy/v1:PodDisruptionBudget web`,
];

describe("child resources", () => {
  const listed = async (args: Partial<WebServiceArgs>) => tree((await build(args)).urns);

  test("by default: Namespace, ServiceAccount, Deployment, Service, PodDisruptionBudget and NetworkPolicy", async () => {
    expect(await listed({})).toEqual([...basic, `${child}:core/v1:Namespace web`].sort());
  });
  test("with a host: an Ingress; with an existing namespace: no Namespace", async () => {
    expect(await listed({ host: "web.example.org", namespace: "shared" })).toEqual(
      [...basic, `${child}:networking.k8s.io/v1:Ingress web`].sort(),
    );
  });
  test("with one replica: no PodDisruptionBudget, which would block node drains", async () => {
    expect(await listed({ replicas: 1, namespace: "shared" })).toEqual(basic.filter((r) => !r.includes("PodDisruptionBudget")));
  });
  test("with autoscaling: a HorizontalPodAutoscaler", async () => {
    expect(await listed({ autoscaling: { maxReplicas: 5 }, namespace: "shared" })).toEqual(
      [...basic, `${child}:autoscaling/v2:HorizontalPodAutoscaler web`].sort(),
    );
  });
  test("with files and secrets: a ConfigMap and a Secret", async () => {
    expect(await listed({ files: { "/etc/a": "b" }, secretEnv: { A: "b" }, namespace: "shared" })).toEqual(
      [...basic, `${child}:core/v1:ConfigMap web`, `${child}:core/v1:Secret web`].sort(),
    );
  });
  test("with RBAC rules: a Role and a RoleBinding", async () => {
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
    expect(await listed({ serviceAccount: { rules }, namespace: "shared" })).toEqual(
      [...basic, `${child}:rbac.authorization.k8s.io/v1:Role web`, `${child}:rbac.authorization.k8s.io/v1:RoleBinding web`].sort(),
    );
  });
  test("with kind stateful: a StatefulSet instead of a Deployment, and a headless Service", async () => {
    const volumes = { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } as const;
    expect(await listed({ kind: "stateful", volumes, namespace: "shared" })).toEqual(
      [...basic.filter((r) => !r.includes("Deployment")), `${child}:apps/v1:StatefulSet web`, `${child}:core/v1:Service web-pods`].sort(),
    );
  });
  test("with kind stateless and a persistent volume: a PersistentVolumeClaim", async () => {
    const volumes = { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } as const;
    expect(await listed({ replicas: 1, volumes, namespace: "shared" })).toEqual(
      [...basic.filter((r) => !r.includes("PodDisruptionBudget")), `${child}:core/v1:PersistentVolumeClaim web-data`].sort(),
    );
  });
  test("with a new Gateway and TLS: a Gateway, an HTTPRoute, and an HTTPRoute that redirects to HTTPS", async () => {
    const made = await listed({
      host: "web.example.org",
      expose: "gateway",
      gateway: { className: "traefik" },
      tls: {},
      namespace: "shared",
    });
    expect(made).toEqual(
      [
        ...basic,
        `${child}:gateway.networking.k8s.io/v1:Gateway web-gateway`,
        `${child}:gateway.networking.k8s.io/v1:HTTPRoute web`,
        `${child}:gateway.networking.k8s.io/v1:HTTPRoute web-redirect`,
      ].sort(),
    );
  });
});

describe("security", () => {
  test("the namespace enforces a pinned version of the restricted profile", async () => {
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

  test("pods meet the restricted profile, with a read-only root filesystem, no service account token and no service links", async () => {
    const pod = await podOf();
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
    expect([pod.automountServiceAccountToken, pod.enableServiceLinks]).toEqual([false, false]);
  });

  test("the last log lines of a container that fails are its termination message", async () => {
    expect((await containerOf()).terminationMessagePolicy).toBe("FallbackToLogsOnError");
  });

  test("pods get a service account token only if the service has RBAC rules", async () => {
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
    expect((await podOf({ serviceAccount: { rules } })).automountServiceAccountToken).toBe(true);
  });

  test("by default, the network policy denies all traffic except DNS queries", async () => {
    expect(await specOf("NetworkPolicy")).toEqual({
      podSelector: { matchLabels: { "app.kubernetes.io/name": "web" } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
      ],
    });
  });

  test("the network policy allows the ingress controller of a host, and the configured callers, peers, destinations and DNS", async () => {
    const { ingress, egress } = await specOf("NetworkPolicy", {
      host: "web.example.org",
      ports: { metrics: 9090 },
      network: {
        callers: ["front"],
        peers: [{ namespace: "monitoring" }],
        destinations: [{ service: "db", ports: [5432] }, { cidr: "10.0.0.0/8" }],
        dnsAnywhere: true,
      },
    });
    const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });
    expect(ingress).toEqual([
      {
        from: [
          { ...inNamespace("kube-system"), podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } } },
          { podSelector: { matchLabels: { "app.kubernetes.io/name": "front" } } },
          inNamespace("monitoring"),
        ],
        ports: [
          { protocol: "TCP", port: 8080 },
          { protocol: "TCP", port: 9090 },
        ],
      },
    ]);
    expect(egress.slice(1)).toEqual([
      { to: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "db" } } }], ports: [{ protocol: "TCP", port: 5432 }] },
      { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] },
    ]);
    expect(egress[0].to).toBeUndefined();
  });

  test("the network policy selects the ingress controller's pods by ingress class, and a load balancer by its CIDRs", async () => {
    const fromOf = async (args: Partial<WebServiceArgs>) =>
      (await specOf("NetworkPolicy", { host: "web.example.org", ...args })).ingress[0].from;
    const nginx = { matchLabels: { "app.kubernetes.io/name": "ingress-nginx" } };
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } };
    expect(await fromOf({ ingressClassName: "nginx" })).toEqual([{ namespaceSelector, podSelector: nginx }]);
    expect(await fromOf({ ingressClassName: "alb", network: { ingressCidrs: ["10.0.0.0/24"] } })).toEqual([
      { ipBlock: { cidr: "10.0.0.0/24" } },
    ]);
    const onGateway = (className: string) =>
      fromOf({ expose: "gateway", gateway: { className }, network: { ingressCidrs: ["10.0.0.0/24"] } });
    expect(await onGateway("eg")).toEqual([{ ipBlock: { cidr: "10.0.0.0/24" } }]);
    expect(await onGateway("traefik")).toHaveLength(2);
  });
});

describe("lifecycle", () => {
  test("a rolling update never goes below the replica count", async () => {
    const spec = await specOf("Deployment", { replicas: 3 });
    expect(spec.replicas).toBe(3);
    expect(spec.strategy).toEqual({ type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "25%" } });
    expect([spec.minReadySeconds, spec.progressDeadlineSeconds]).toEqual([5, 120]);
  });

  test("a Deployment with a ReadWriteOnce volume uses the strategy Recreate", async () => {
    const volumes = { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } as const;
    expect((await specOf("Deployment", { replicas: 1, volumes })).strategy).toEqual({ type: "Recreate" });
  });

  test("the termination grace period covers the preStop sleep and the drain time", async () => {
    const pod = await podOf({ shutdown: { sleepSeconds: 7, drainSeconds: 20 } });
    expect(pod.terminationGracePeriodSeconds).toBe(32);
    expect(pod.containers[0].lifecycle.preStop.sleep.seconds).toBe(7);
    expect((await podOf()).terminationGracePeriodSeconds).toBe(40);
  });

  test("there is no preStop hook if sleepSeconds is 0", async () => {
    expect((await containerOf({ shutdown: { sleepSeconds: 0 } })).lifecycle).toBeUndefined();
  });

  test("path, port and timing of a probe can be set, and other probes keep their defaults", async () => {
    const container = await containerOf({
      port: 9000,
      ports: { admin: 9001 },
      probes: { readiness: { path: "/ready", port: "admin", periodSeconds: 3 } },
    });
    expect(container.ports.map((p: { containerPort: number }) => p.containerPort)).toEqual([9000, 9001]);
    expect(container.startupProbe).toEqual({
      httpGet: { path: "/healthz", port: "http" },
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 60,
    });
    expect(container.readinessProbe).toEqual({
      httpGet: { path: "/ready", port: "admin" },
      periodSeconds: 3,
      timeoutSeconds: 2,
      failureThreshold: 3,
    });
    expect(container.livenessProbe).toEqual({
      httpGet: { path: "/healthz", port: "http" },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 3,
    });
  });
});

describe("published ports", () => {
  const publish: WebServiceArgs["publish"] = {
    packets: { port: 5353, targetPort: 53, protocol: "UDP", sourceRanges: ["203.0.113.0/24"] },
    lines: { port: 5353, targetPort: 53, sourceRanges: ["203.0.113.0/24"] },
    metrics: { port: 19100, sourceRanges: ["203.0.113.0/24"] },
  };
  const args = { publish, ports: { metrics: 9100 }, network: { ingressCidrs: ["10.0.0.0/20"] } };

  test("are ports of the container and of its Service, each port and protocol once", async () => {
    const { ports } = await containerOf(args);
    expect(ports).toEqual([
      { name: "http", containerPort: 8080, protocol: "TCP" },
      { name: "metrics", containerPort: 9100, protocol: "TCP" },
      { name: "packets", containerPort: 53, protocol: "UDP" },
      { name: "lines", containerPort: 53, protocol: "TCP" },
    ]);
    expect((await specOf("Service", args)).ports.slice(2)).toEqual([
      { name: "packets", port: 53, targetPort: "packets", protocol: "UDP" },
      { name: "lines", port: 53, targetPort: "lines", protocol: "TCP" },
    ]);
    expect((await podOf(args)).securityContext.sysctls).toEqual([{ name: "net.ipv4.ip_unprivileged_port_start", value: "53" }]);
  });

  test("can be named by probes, also if the container lists the port under another name", async () => {
    const probes: WebServiceArgs["probes"] = { kind: "tcp", readiness: { port: "sql" }, liveness: { port: "lines" } };
    const { readinessProbe, livenessProbe } = await containerOf({
      port: 5432,
      publish: { ...publish, sql: { ...publish.lines!, port: 5432, targetPort: 5432 } },
      probes,
    });
    expect([readinessProbe.tcpSocket, livenessProbe.tcpSocket]).toEqual([{ port: "http" }, { port: "lines" }]);
  });

  test("are those of a second Service, of type LoadBalancer by default", async () => {
    const { type, loadBalancerSourceRanges, selector, ports } = await specOf("Service", args, "web-published");
    expect({ type, loadBalancerSourceRanges, selector }).toEqual({
      type: "LoadBalancer",
      loadBalancerSourceRanges: ["203.0.113.0/24"],
      selector: { "app.kubernetes.io/name": "web" },
    });
    expect(ports).toEqual([
      { name: "packets", port: 5353, targetPort: 53, protocol: "UDP" },
      { name: "lines", port: 5353, targetPort: 53, protocol: "TCP" },
      { name: "metrics", port: 19100, targetPort: 9100, protocol: "TCP" },
    ]);
    expect(await specOf("Service", {}, "web-published")).toBeUndefined();
  });

  test("have the configured node ports", async () => {
    const publishing = { type: "NodePort", nodePorts: { a: 30001 } } as const;
    const { type, ports } = await specOf("Service", { publish: { a: { port: 1 } }, publishing }, "web-published");
    expect({ type, ports }).toEqual({ type: "NodePort", ports: [{ name: "a", port: 1, targetPort: 1, protocol: "TCP", nodePort: 30001 }] });
  });

  test("accept connections from their source ranges and the load balancer, or from anywhere", async () => {
    const from = ["203.0.113.0/24", "10.0.0.0/20"].map((cidr) => ({ ipBlock: { cidr } }));
    expect((await specOf("NetworkPolicy", args)).ingress).toEqual([
      { from, ports: [{ protocol: "UDP", port: 53 }] },
      { from, ports: [{ protocol: "TCP", port: 53 }] },
      { from, ports: [{ protocol: "TCP", port: 9100 }] },
    ]);
    expect((await specOf("NetworkPolicy", { publish: { a: { port: 1 } } })).ingress).toEqual([{ ports: [{ protocol: "TCP", port: 1 }] }]);
  });

  const prefix = "service.beta.kubernetes.io/aws-load-balancer";
  test.each([
    ["http", {}, { protocol: "http", port: "8080", path: "/readyz" }],
    ["tcp", { kind: "tcp", readiness: { port: "lines" } }, { protocol: "tcp", port: "53", path: undefined }],
    ["exec", { kind: "exec", command: ["/app"] }, { protocol: undefined, port: undefined, path: undefined }],
  ] as const)("on AWS, the load balancer checks the readiness probe of kind %s", async (_kind, probes, expected) => {
    const publishing = { loadBalancerClass: "eks.amazonaws.com/nlb", annotations: { a: "b" } };
    const { resources } = await build({ ...args, probes: probes as WebServiceArgs["probes"], publishing });
    const { metadata, spec } = resources.find(({ name, type }) => name === "web-published" && type.endsWith(":Service"))!.inputs;
    expect(spec.loadBalancerClass).toBe("eks.amazonaws.com/nlb");
    const { annotations } = metadata;
    expect(annotations).toMatchObject({ a: "b", [`${prefix}-nlb-target-type`]: "ip" });
    const { protocol, port, path } = expected;
    const checked = ["protocol", "port", "path"].map((key) => annotations[`${prefix}-healthcheck-${key}`]);
    expect(checked).toEqual([protocol, port, path]);
  });
});

describe("ports below 1024", () => {
  const unprivileged = (value: string) => [{ name: "net.ipv4.ip_unprivileged_port_start", value }];

  test.each<[string, Partial<WebServiceArgs>, object | undefined]>([
    ["are open to the program from the main port on", { port: 80 }, unprivileged("80")],
    ["are open from the lowest further port on", { port: 443, ports: { http2: 80, admin: 9000 } }, unprivileged("80")],
    ["are open if the port is only known later", { port: pulumi.output(1023) }, unprivileged("1023")],
    ["stay closed if the service has none", { port: 1024, ports: { admin: 9000 } }, undefined],
    ["stay closed if the port becomes known later and is not below 1024", { port: pulumi.output(1024) }, undefined],
  ])("%s", async (_name, args, expected) => {
    expect((await podOf(args)).securityContext.sysctls).toEqual(expected);
  });
});

describe("third-party images", () => {
  test("run with the configured command, arguments and user", async () => {
    const pod = await podOf({ command: ["redis-server"], args: ["--appendonly", "yes"], user: 999 });
    expect([pod.containers[0].command, pod.containers[0].args]).toEqual([["redis-server"], ["--appendonly", "yes"]]);
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 999,
      runAsGroup: 999,
      fsGroup: 999,
      seccompProfile: { type: "RuntimeDefault" },
    });
    const own = await podOf();
    expect([own.containers[0].command, own.containers[0].args, own.securityContext.runAsUser]).toEqual([undefined, undefined, 65532]);
  });

  test("can have TCP or exec probes", async () => {
    const tcp = await containerOf({ ports: { admin: 9001 }, probes: { kind: "tcp", liveness: { port: "admin" } } });
    const numbers = { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 };
    expect(tcp.readinessProbe).toEqual({ tcpSocket: { port: "http" }, ...numbers });
    expect(tcp.livenessProbe.tcpSocket).toEqual({ port: "admin" });
    const exec = await containerOf({ probes: { kind: "exec", command: ["redis-cli", "ping"] } });
    expect(exec.readinessProbe).toEqual({ exec: { command: ["redis-cli", "ping"] }, ...numbers });
    expect([exec.startupProbe.exec, exec.livenessProbe.exec]).toEqual(Array(2).fill({ command: ["redis-cli", "ping"] }));
  });
});

describe("scaling", () => {
  test("with autoscaling, the HorizontalPodAutoscaler sets the number of replicas", async () => {
    const args = { autoscaling: { maxReplicas: 10, memory: 80, cpu: 60 } };
    expect((await specOf("Deployment", args)).replicas).toBeUndefined();
    const utilization = (name: string, averageUtilization: number) => ({
      type: "Resource",
      resource: { name, target: { type: "Utilization", averageUtilization } },
    });
    expect(await specOf("HorizontalPodAutoscaler", args)).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 2,
      maxReplicas: 10,
      metrics: [utilization("cpu", 60), utilization("memory", 80)],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
        scaleDown: { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
      },
    });
  });

  test("autoscaling uses CPU by default, and only memory if only memory is set", async () => {
    const metrics = async (autoscaling: WebServiceArgs["autoscaling"]) =>
      (await specOf("HorizontalPodAutoscaler", { autoscaling })).metrics.map((m: { resource: { name: string } }) => m.resource.name);
    expect(await metrics({ maxReplicas: 3 })).toEqual(["cpu"]);
    expect(await metrics({ maxReplicas: 3, memory: 80 })).toEqual(["memory"]);
  });

  test("the disruption budget allows one unavailable pod, and always allows evicting unhealthy pods", async () => {
    expect(await specOf("PodDisruptionBudget")).toEqual({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: { "app.kubernetes.io/name": "web" } },
    });
  });

  test("topology spread constraints apply to zones and nodes, separately for each version", async () => {
    const constraint = (topologyKey: string, whenUnsatisfiable: string) => ({
      topologyKey,
      maxSkew: 1,
      whenUnsatisfiable,
      labelSelector: { matchLabels: { "app.kubernetes.io/name": "web" } },
      matchLabelKeys: ["pod-template-hash"],
    });
    const keys = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"];
    expect((await podOf()).topologySpreadConstraints).toEqual(keys.map((key) => constraint(key, "ScheduleAnyway")));
    expect((await podOf({ topologySpread: "required" })).topologySpreadConstraints).toEqual(
      keys.map((key) => constraint(key, "DoNotSchedule")),
    );
    expect((await podOf({ topologySpread: "none" })).topologySpreadConstraints).toBeUndefined();
  });
});

describe("resources", () => {
  test("memory is limited to its request, CPU is not limited, and GOMEMLIMIT is 90 percent of the memory limit", async () => {
    const container = await containerOf({ resources: { cpu: "100m", memory: "128Mi" } });
    expect(container.resources).toEqual({
      requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "64Mi" },
      limits: { memory: "128Mi", "ephemeral-storage": "64Mi" },
    });
    expect(container.env).toContainEqual({ name: "GOMEMLIMIT", value: `${Math.floor(128 * 1024 * 0.9)}KiB` });
  });

  test("emptyDir volumes are included in the ephemeral storage request and limit", async () => {
    const volumes = { cache: { kind: "emptyDir", mountPath: "/cache", size: "100Mi" } } as const;
    const pod = await podOf({ volumes });
    expect(pod.containers[0].resources.requests["ephemeral-storage"]).toBe("164Mi");
    expect(pod.containers[0].resources.limits["ephemeral-storage"]).toBe("164Mi");
    expect(pod.volumes).toEqual([{ name: "cache", emptyDir: { sizeLimit: "100Mi" } }]);
    expect(pod.containers[0].volumeMounts).toEqual([{ name: "cache", mountPath: "/cache" }]);
  });

  test("pods have the configured priority class, node selector and tolerations", async () => {
    const pod = await podOf({
      priorityClassName: "high",
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "spot" }, { key: "team", value: "a" }],
    });
    expect([pod.priorityClassName, pod.nodeSelector]).toEqual(["high", { disk: "ssd" }]);
    expect(pod.tolerations).toEqual([
      { key: "spot", operator: "Exists" },
      { key: "team", value: "a", operator: "Equal" },
    ]);
  });
});

describe("configuration", () => {
  const annotationsOf = async (args: Partial<WebServiceArgs>) => (await specOf("Deployment", args)).template.metadata.annotations;

  test("the container has the variable PORT and the configured variables, which can override GOMEMLIMIT", async () => {
    expect((await containerOf({ port: 9000, env: { GREETING: pulumi.output("Hi"), GOMEMLIMIT: "off" } })).env).toEqual([
      { name: "PORT", value: "9000" },
      { name: "GREETING", value: "Hi" },
      { name: "GOMEMLIMIT", value: "off" },
    ]);
  });

  test("each file is a key of the ConfigMap, and a change to a file changes the pod template", async () => {
    const files = { "/etc/web/config.yaml": "a: b\n", "/etc/web_config.yaml": "c" };
    const { resources } = await build({ files });
    const keys = ["etc_2fweb_2fconfig.yaml", "etc_2fweb_5fconfig.yaml"];
    expect(resources.find((r) => r.type.endsWith(":ConfigMap"))?.inputs.data).toEqual({ [keys[0]!]: "a: b\n", [keys[1]!]: "c" });
    const pod = await podOf({ files });
    expect(pod.volumes).toEqual([{ name: "files", configMap: { name: "web", defaultMode: 0o444 } }]);
    expect(pod.containers[0].volumeMounts).toEqual(
      Object.keys(files).map((path, i) => ({ name: "files", mountPath: path, subPath: keys[i], readOnly: true })),
    );
    const checksum = async (f: Record<string, string>) => (await annotationsOf({ files: f }))["checksum/config"];
    expect(await checksum({ "/a": "1", "/b": "2" })).toBe(await checksum({ "/b": "2", "/a": "1" }));
    expect(await checksum({ "/a": "1" })).not.toBe(await checksum({ "/a": "2" }));
    expect(await checksum({ "/a": "1" })).not.toBe(await checksum({ "/b": "1" }));
  });

  test("a secret value is in the Secret and nowhere else, and a change to it changes the pod template", async () => {
    const args = { secretEnv: { TOKEN: "s3cret-value" }, secretFiles: { "/etc/key": pulumi.secret("s3cret-key") } };
    const { resources } = await build(args);
    const secret = resources.find((r) => r.type.endsWith(":Secret"))!;
    expect(secret.inputs.stringData).toMatchObject({
      [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
      value: { TOKEN: "s3cret-value", etc_2fkey: "s3cret-key" },
    });
    expect(JSON.stringify(resources.filter((r) => r !== secret))).not.toContain("s3cret");
    expect((await containerOf(args)).env).toContainEqual({ name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } });
    expect((await podOf(args)).volumes).toEqual([{ name: "secret-files", secret: { secretName: "web", defaultMode: 0o440 } }]);
    const checksum = async (value: string) => (await annotationsOf({ secretEnv: { TOKEN: value } }))["checksum/secret"];
    expect(await checksum("a")).toMatch(/^[0-9a-f]{32}$/);
    expect(await checksum("a")).not.toBe(await checksum("b"));
  });

  test("variables and folders can reference existing Secrets", async () => {
    const pod = await podOf({ envFromSecret: { DSN: { name: "db", key: "dsn" } }, secretFolders: { "/etc/tls": "web-cert" } });
    expect(pod.containers[0].env).toContainEqual({ name: "DSN", valueFrom: { secretKeyRef: { name: "db", key: "dsn" } } });
    expect(pod.volumes).toEqual([{ name: "secret-folder-0", secret: { secretName: "web-cert", defaultMode: 0o440 } }]);
    expect(pod.containers[0].volumeMounts).toEqual([{ name: "secret-folder-0", mountPath: "/etc/tls", readOnly: true }]);
  });

  // In a separate process, because an error in an apply ends the process together with the mocks.
  test.each([
    ["variables", `env: { TOKEN: pulumi.secret("s3cret") }`, "env.TOKEN", "secretEnv"],
    ["files", `files: { "/etc/token": pulumi.secret("s3cret") }`, `files["/etc/token"]`, "secretFiles"],
  ])("a secret in plain %s is rejected", async (_what, args, message, instead) => {
    using project = new EngineProject();
    project.write(`
      const { WebService } = await import("${resolve("components/web-service.ts")}");
      const { Provider } = await import("@pulumi/kubernetes");
      const provider = new Provider("yet to come", { kubeconfig: thing("cluster").made });
      new WebService("web", { image: "${image}", namespace: "shared", ${args} }, { provider });`);
    const { code, out } = await project.run("preview");
    expect(out).toContain(`WebService "web": ${message}: is secret, but anyone who can see the object can read it. Move it to ${instead}.`);
    expect(code).toBe(1);
    expect(out).not.toContain("s3cret");
  });
});

describe("exposure", () => {
  const backend = { service: { name: "web", port: { name: "http" } } };

  test("hosts and paths become rules of the Ingress", async () => {
    const routes = [{ host: "a.example.org", path: "/api" }, { host: "a.example.org", path: "/docs" }, { host: "b.example.org" }];
    expect((await specOf("Ingress", { routes })).rules).toEqual([
      { host: "a.example.org", http: { paths: ["/api", "/docs"].map((path) => ({ path, pathType: "Prefix", backend })) } },
      { host: "b.example.org", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
    ]);
  });

  const annotationsOf = async (args: Partial<WebServiceArgs>) => {
    const { resources } = await build({ host: "web.example.org", ...args });
    return resources.find((r) => r.type.endsWith(":Ingress"))!.inputs.metadata.annotations;
  };

  test("TLS covers all hosts with a Secret or an issuer, and HTTP redirects to HTTPS on every ingress controller", async () => {
    expect((await specOf("Ingress", { host: "web.example.org", tls: { redirect: false } })).tls).toEqual([
      { hosts: ["web.example.org"], secretName: "web-tls" },
    ]);
    expect(await annotationsOf({ tls: { clusterIssuer: "letsencrypt" }, namespace: "shared", ingressClassName: "traefik" })).toEqual({
      "cert-manager.io/cluster-issuer": "letsencrypt",
      "traefik.ingress.kubernetes.io/router.middlewares": "shared-web-redirect@kubernetescrd,shared-web-retry@kubernetescrd",
    });
    expect(await annotationsOf({ tls: {}, ingressClassName: "nginx" })).toEqual({ "nginx.ingress.kubernetes.io/ssl-redirect": "true" });
    expect(await annotationsOf({ tls: {}, ingressClassName: "alb", network: { ingressCidrs: ["10.0.0.0/24"] } })).toEqual({
      "alb.ingress.kubernetes.io/target-type": "ip",
      "alb.ingress.kubernetes.io/healthcheck-path": "/readyz",
      "alb.ingress.kubernetes.io/healthcheck-port": "8080",
      "alb.ingress.kubernetes.io/success-codes": "200-399",
      "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30",
      "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
      "alb.ingress.kubernetes.io/listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
      "alb.ingress.kubernetes.io/ssl-redirect": "443",
    });
    const ofAdmin = { ports: { admin: 9000 }, probes: { readiness: { port: "admin", path: "/live" } } };
    const alb = { ingressClassName: "alb", network: { ingressCidrs: ["10.0.0.0/24"] } };
    expect(await annotationsOf({ ...alb, ...ofAdmin })).toMatchObject({
      "alb.ingress.kubernetes.io/healthcheck-path": "/live",
      "alb.ingress.kubernetes.io/healthcheck-port": "9000",
    });
    expect(await annotationsOf({ tls: { redirect: false } })).toEqual({});
  });

  test("Traefik retries failed connections to pods ten times by default, and connectRetries overrides it", async () => {
    const retryOf = async (args: Partial<WebServiceArgs>) => {
      const { resources } = await build({ host: "web.example.org", ingressClassName: "traefik", ...args });
      return resources.filter((r) => r.type.endsWith(":Middleware")).map((r) => r.inputs.spec);
    };
    expect(await retryOf({})).toEqual([{ retry: { attempts: 11, initialInterval: "100ms" } }]);
    expect(await retryOf({ connectRetries: 1 })).toEqual([{ retry: { attempts: 2, initialInterval: "100ms" } }]);
    expect(await retryOf({ connectRetries: 0 })).toEqual([]);
    expect(await annotationsOf({ connectRetries: 0, ingressClassName: "nginx" })).toEqual({
      "nginx.ingress.kubernetes.io/proxy-next-upstream": "off",
    });
  });

  test("the Ingress is not awaited if awaitAddress is false, or by default if its class is unknown", async () => {
    const skipped = { "pulumi.com/skipAwait": "true" };
    expect(await annotationsOf({ awaitAddress: false })).toEqual(skipped);
    expect(await annotationsOf({ ingressClassName: "haproxy", network: { isolated: false } })).toEqual(skipped);
    expect(await annotationsOf({ ingressClassName: "haproxy", awaitAddress: true, network: { isolated: false } })).toEqual({});
  });

  test("hosts with the same paths share an HTTPRoute, which is attached to the configured Gateway", async () => {
    const { resources } = await build({
      expose: "gateway",
      gateway: { name: "shared", namespace: "gateways" },
      routes: [{ host: "a.example.org" }, { host: "b.example.org" }, { host: "c.example.org", path: "/api" }],
    });
    const routes = resources.filter((r) => r.type.endsWith(":HTTPRoute")).sort((a, b) => a.name.localeCompare(b.name));
    expect(routes.map((r) => [r.name, r.inputs.spec.hostnames])).toEqual([
      ["web", ["a.example.org", "b.example.org"]],
      ["web-2", ["c.example.org"]],
    ]);
    expect(routes[1]!.inputs.spec).toEqual({
      parentRefs: [{ name: "shared", namespace: "gateways" }],
      hostnames: ["c.example.org"],
      rules: [{ matches: [{ path: { type: "PathPrefix", value: "/api" } }], backendRefs: [{ name: "web", port: 8080 }] }],
    });
  });
});

describe("labels", () => {
  test("all objects have the recommended labels", async () => {
    const { resources } = await build({ version: "1.2.3", partOf: "shop", host: "web.example.org", namespace: "shared" });
    for (const { inputs } of resources.filter((r) => r.type.startsWith("kubernetes:"))) {
      expect(inputs.metadata.labels).toEqual({
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/instance": "web",
        "app.kubernetes.io/version": "1.2.3",
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/managed-by": "pulumi",
      });
    }
  });

  test("an update does not change the pod selector", async () => {
    const before = await specOf("Deployment");
    const after = await specOf("Deployment", {
      image: image.replace(/0/g, "1"),
      replicas: 5,
      port: 8081,
      env: { A: "b" },
      version: "2",
      partOf: "x",
    });
    expect(before.selector).toEqual({ matchLabels: { "app.kubernetes.io/name": "web" } });
    expect(after.selector).toEqual(before.selector);
  });
});

describe("invalid arguments are rejected with path, rule, value and remedy", () => {
  const persistent = { kind: "persistent", mountPath: "/data", size: "1Gi" } as const;
  const emptyDir = { kind: "emptyDir", mountPath: "/data", size: "1Gi" } as const;
  const host = "web.example.org";
  const table: [string, Partial<WebServiceArgs>, string[]][] = [
    [
      "replicas together with autoscaling",
      { replicas: 3, autoscaling: { maxReplicas: 5 } },
      ["replicas: cannot be combined with autoscaling. Remove one of them."],
    ],
    [
      "minReplicas greater than maxReplicas",
      { autoscaling: { minReplicas: 5, maxReplicas: 4 } },
      ["autoscaling.maxReplicas: must be at least minReplicas = 5 (got 4)."],
    ],
    [
      "a memory target above the memory limit",
      { autoscaling: { maxReplicas: 5, memory: 120 }, resources: { memory: "100Mi", memoryLimit: "110Mi" } },
      [
        "autoscaling.memory: must be less than the limit, which is 110 percent of the request (got 120), or replicas are never added. Lower it, or raise resources.memoryLimit.",
      ],
    ],
    [
      "maxUnavailable equal to replicas",
      { maxUnavailable: 2 },
      ["maxUnavailable: must be less than replicas = 2 (got 2), or draining nodes may stop every replica."],
    ],
    [
      "a memory limit below the request",
      { resources: { memory: "128Mi", memoryLimit: "64Mi" } },
      ["resources.memoryLimit: must be at least memory = 128Mi (got 64Mi). Raise it, or lower memory."],
    ],
    [
      "memory without a unit",
      { resources: { memory: "64" } },
      ['resources.memory: must be at least 1Mi (got "64"). Add a unit such as Mi or Gi.'],
    ],
    ["CPU in bytes", { resources: { cpu: "100Mi" } }, ['resources.cpu: must be a number of cores such as "2" or "250m" (got "100Mi").']],
    [
      "a grace period shorter than sleep and drain",
      { shutdown: { sleepSeconds: 10, drainSeconds: 30, gracePeriodSeconds: 39 } },
      [
        "shutdown.gracePeriodSeconds: must be at least sleepSeconds + drainSeconds (got 39), or the pod is killed too early. Raise it, or remove it.",
      ],
    ],
    [
      "fractions of seconds",
      { shutdown: { sleepSeconds: 0.5, drainSeconds: 1.5 }, rollout: { minReadySeconds: 0.5, progressDeadlineSeconds: 99.5 } },
      [
        "shutdown.sleepSeconds: must be a whole number (got 0.5).",
        "shutdown.drainSeconds: must be a whole number (got 1.5).",
        "rollout.minReadySeconds: must be a whole number (got 0.5).",
        "rollout.progressDeadlineSeconds: must be a whole number (got 99.5).",
      ],
    ],
    [
      "a startup probe that allows more time than the progress deadline",
      { probes: { startup: { failureThreshold: 300 } } },
      [
        "rollout.progressDeadlineSeconds: must be more than minReadySeconds plus the time that probes.startup allows (got 120), or a starting pod counts as failed. Raise it.",
      ],
    ],
    [
      "a probe on an undeclared port",
      { ports: { admin: 9000 }, probes: { readiness: { port: "metrics" } } },
      ['probes.readiness.port: must be one of the declared ports http, admin (got "metrics"). Declare it in ports.'],
    ],
    [
      "a duplicate port number",
      { port: 9000, ports: { admin: 9000 } },
      ['ports.admin: must differ from the port "http" (got 9000). Change one of them.'],
    ],
    [
      "a port name without a letter",
      { ports: { "9000": 9000 } },
      ['ports.9000: the name must be at most 15 lower-case letters, digits and "-", with at least one letter (got "9000").'],
    ],
    [
      "a duplicate route",
      {
        routes: [
          { host, path: "/api" },
          { host, path: "/api/" },
        ],
      },
      ["routes[1]: is a duplicate of web.example.org/api/. Remove it."],
    ],
    ["TLS without a host", { tls: {} }, ["tls: requires a host for the certificate. Set host or routes."]],
    ["an IP address as host", { host: "10.0.0.1" }, ['host: must be a host name, not an IP address (got "10.0.0.1").']],
    [
      "Ingress settings without an Ingress",
      { awaitAddress: false, ingressClassName: "nginx" },
      [
        "ingressClassName: requires expose ingress (got none). Set a host, or remove it.",
        "awaitAddress: requires expose ingress (got none). Set a host, or remove it.",
      ],
    ],
    [
      "a certificate issuer for an existing Gateway",
      { host, expose: "gateway", tls: { clusterIssuer: "ca" } },
      ["tls.clusterIssuer: belongs to the existing Gateway. Remove it, or set gateway.className to create a Gateway."],
    ],
    [
      "a namespace for a new Gateway",
      { host, expose: "gateway", gateway: { className: "traefik", namespace: "b" } },
      ["gateway.namespace: is for an existing Gateway, but className creates one in the service's namespace. Remove one of them."],
    ],
    [
      "a ReadWriteOnce volume with several replicas",
      { volumes: { data: persistent } },
      [
        "volumes.data.accessMode: ReadWriteOnce allows one node to write, but the service has 2 replicas. Set kind: stateful (a volume for each replica), accessMode: ReadWriteMany with a StorageClass that supports it, or replicas: 1.",
      ],
    ],
    [
      "an unknown access mode",
      { volumes: { data: { ...persistent, accessMode: "ReadWrite" as AccessMode } } },
      ['volumes.data.accessMode: must be ReadWriteOnce or ReadWriteOncePod or ReadWriteMany or ReadOnlyMany (got "ReadWrite").'],
    ],
    ["a reserved volume name", { volumes: { files: emptyDir } }, ["volumes.files: is a reserved name. Choose another."]],
    [
      "a file below a file",
      { files: { "/etc/web": "" }, secretFiles: { "/etc/web/key": "" } },
      ['secretFiles["/etc/web/key"]: is below /etc/web, which is a file. Choose another path.'],
    ],
    [
      "a variable and a file with the same key in the Secret",
      { secretEnv: { token: "a" }, secretFiles: { "/token": "b" } },
      ['secretFiles["/token"]: has the same key in the Secret as secretEnv.token. Choose another path.'],
    ],
    [
      "invalid tolerations",
      {
        tolerations: [
          { key: "spot", operator: "Exists", value: "a" },
          { operator: "In" as TolerationOperator, effect: "Never" as TolerationEffect },
        ],
      },
      [
        "tolerations[0].value: is not used with operator Exists. Remove one of them.",
        'tolerations[1].operator: must be Exists or Equal (got "In").',
        'tolerations[1].effect: must be NoSchedule or PreferNoSchedule or NoExecute (got "Never").',
      ],
    ],
    [
      "names and labels that Kubernetes rejects",
      { namespace: "Shared", version: "1 2", partOf: "a".repeat(64), network: { callers: ["Front"] } },
      [
        'namespace: must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "Shared").',
        'version: must be a valid label value: at most 63 letters, digits and ".-_" (got "1 2").',
        `partOf: must be a valid label value: at most 63 letters, digits and ".-_" (got "${"a".repeat(64)}").`,
        'network.callers[0]: must be lower-case letters, digits and "-", starting with a letter and ending with a letter or digit (got "Front").',
      ],
    ],
    [
      "empty lists with an unintended meaning",
      {
        network: { destinations: [{ service: "db", ports: [] }] },
        serviceAccount: { rules: [{ apiGroups: [], resources: ["pods"], verbs: ["get"] }] },
      },
      [
        "network.destinations[0].ports: must not be empty. Remove it to allow all ports.",
        'serviceAccount.rules[0].apiGroups: must not be empty. "*" means all.',
      ],
    ],
  ];
  test.each(table)("%s", (_what, args, problems) => {
    expect(problemsWithWebService("web", { image, ...args }).map(formatProblem)).toEqual(problems);
  });

  test("outputs are not validated", () => {
    const later = <T>(value: T) => pulumi.output(value);
    const args = {
      image: later("nginx"),
      namespace: later("Shared"),
      port: later(80),
      replicas: later(0),
      rollout: { maxSurge: later("0") },
      probes: { startup: { path: later("healthz") } },
      priorityClassName: later("A b"),
      nodeSelector: { disk: later("a b") },
      envFromSecret: { TOKEN: { name: later("A"), key: later("/") } },
      secretFolders: { "/etc/tls": later("A") },
      files: { "/a": later("a".repeat(2 ** 21)) },
      volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } },
      host,
      ingressClassName: "traefik",
      tls: { secretName: later("A"), clusterIssuer: later("A") },
    } as const;
    expect(problemsWithWebService("web", args)).toEqual([]);
  });
});

test("the constructor reports all invalid arguments at once", async () => {
  await expect(build({ replicas: 0, port: 70000 })).rejects.toThrow(
    'WebService "web":\n  - port: must be between 1 and 65535 (got 70000).\n  - replicas: must be at least 1 (got 0).',
  );
});
