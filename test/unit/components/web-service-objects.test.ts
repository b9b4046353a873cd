import { createHash, createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { recommendedLabels } from "../../../components/internal/labels.ts";
import { WebService, type WebServiceArgs } from "../../../components/web-service.ts";
import { secret } from "../../../lib/values.ts";
import { record, register, settle, watch, type Outputs, type Recorded } from "../harness.ts";

const image = `registry.example/web@sha256:${"0".repeat(64)}`;
const host = "web.example.org";
const uid = "0b1c";
const outputs: Outputs = {
  "kubernetes:core/v1:Secret": ({ inputs }) => ({ metadata: { ...inputs["metadata"], uid } }),
};

type Args = Partial<WebServiceArgs>;
const create = (args: Args) => new WebService("web", { image, namespace: "shared", ...args });

/** The inputs of the objects of a service, by type and name, without what their type says. */
async function objectsOf(args: Args): Promise<Record<string, Recorded["inputs"]>> {
  const { resources } = await record(() => create(args), { outputs });
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  return Object.fromEntries(
    objects.map(({ type, name, inputs: { apiVersion: _version, kind: _kind, ...inputs } }) => [
      `${type.replace("kubernetes:", "")} ${name}`,
      inputs,
    ]),
  );
}

/** The timeouts of the objects that have any, as `create update`. */
async function timeoutsOf(args: Args): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const program = watch(
    () => create(args),
    (request) => {
      const { create, update } = (request as unknown as { getCustomtimeouts(): { toObject(): Record<string, string> } })
        .getCustomtimeouts()
        .toObject();
      if (create !== "" || update !== "") found[`${request.getType().split(":").at(-1)} ${request.getName()}`] = `${create} ${update}`;
    },
  );
  await record(program, { outputs });
  return found;
}

/** A new way to compute a checksum would restart the pods of all services. The one of secrets has a key that only readers of the Secret know. */
const configChecksum = (sorted: [key: string, value: string][]) =>
  createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
const secretChecksum = (sorted: [key: string, value: string][]) =>
  createHmac("sha256", uid).update(JSON.stringify(sorted)).digest("hex").slice(0, 32);

const matchLabels = (name = "web") => ({ "app.kubernetes.io/name": name });
const labels = {
  "app.kubernetes.io/name": "web",
  "app.kubernetes.io/instance": "web",
  "app.kubernetes.io/managed-by": "pulumi",
};
const meta = (name = "web", annotations?: Record<string, string>) => ({
  name,
  namespace: "shared",
  labels,
  ...(annotations && { annotations }),
});
const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });
const dnsPorts = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];
const dnsPods = { to: [{ ...inNamespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }], ports: dnsPorts };
const httpProbe = (path: string, port: string, periodSeconds: number, timeoutSeconds: number, failureThreshold: number) => ({
  httpGet: { path, port },
  periodSeconds,
  timeoutSeconds,
  failureThreshold,
});
const restricted = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
const spread = (more: object) =>
  ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    topologyKey,
    maxSkew: 1,
    labelSelector: { matchLabels: matchLabels() },
    ...more,
  }));
const backend = { service: { name: "web", port: { name: "http" } } };

const stateful: Args = {
  kind: "stateful",
  host,
  routes: [{ host, path: "/api" }, { host: "api.example.org" }],
  ports: { admin: 9001 },
  tls: { redirectPort: 8443, clusterIssuer: "letsencrypt", secretName: "cert" },
  ingressClassName: "traefik",
  ingressAnnotations: { "example.org/team": "a" },
  connectRetries: 3,
  env: { GREETING: "Hi" },
  secretEnv: { TOKEN: "s3cret" },
  envFromSecret: { DSN: { name: "db", key: "dsn" } },
  files: { "/etc/b": "2", "/etc/a": "1" },
  secretFiles: { "/etc/key": "k3y" },
  secretFolders: { "/etc/tls": "cert", "/etc/ca": "ca" },
  volumes: {
    data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
    logs: { kind: "persistent", mountPath: "/logs", size: "2Gi", storageClass: "slow", accessMode: "ReadWriteMany" },
    tmp: { kind: "emptyDir", mountPath: "/tmp", size: "1Mi" },
  },
  resources: { cpu: "100m", cpuLimit: "1", memory: "100Mi", memoryLimit: "200Mi" },
  serviceAccount: { annotations: { "example.org/role": "web" }, rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }] },
  autoscaling: { minReplicas: 3, maxReplicas: 9, cpu: 60, scaleUpSeconds: 10, scaleDownSeconds: 20 },
  maxUnavailable: 2,
  network: {
    callers: ["front"],
    peers: [{ namespace: "monitoring", podLabels: { app: "prometheus" } }],
    destinations: [{ service: "db", ports: [5432, 5433] }, { cidr: "10.0.0.0/8" }],
    ingressController: { namespace: "edge" },
    ingressCidrs: ["192.0.2.0/24"],
    dnsAnywhere: true,
  },
  priorityClassName: "high",
  nodeSelector: { disk: "ssd" },
  tolerations: [{ key: "spot", effect: "NoSchedule" }],
  topologySpread: "required",
};

test("the objects of a stateful service with many settings have exactly these inputs", async () => {
  const ports = [
    { name: "http", port: 8080, targetPort: "http", protocol: "TCP" },
    { name: "admin", port: 9001, targetPort: "admin", protocol: "TCP" },
  ];
  const claim = (name: string, storage: string, more: object) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, labels: matchLabels() },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } }, ...more },
  });
  const doubled = [{ type: "Percent", value: 100, periodSeconds: 15 }];
  expect(await objectsOf(stateful)).toEqual({
    "apps/v1:StatefulSet web": {
      metadata: meta(),
      spec: {
        revisionHistoryLimit: 5,
        minReadySeconds: 5,
        selector: { matchLabels: matchLabels() },
        serviceName: "web-pods",
        podManagementPolicy: "Parallel",
        updateStrategy: { type: "RollingUpdate" },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        volumeClaimTemplates: [
          claim("data", "1Gi", {}),
          claim("logs", "2Gi", { accessModes: ["ReadWriteMany"], storageClassName: "slow" }),
        ],
        template: {
          metadata: {
            labels,
            annotations: {
              "checksum/config": configChecksum([
                ["etc_2fa", "1"],
                ["etc_2fb", "2"],
              ]),
              "checksum/secret": secretChecksum([
                ["TOKEN", "s3cret"],
                ["etc_2fkey", "k3y"],
              ]),
            },
          },
          spec: {
            serviceAccountName: "web",
            automountServiceAccountToken: true,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 40,
            priorityClassName: "high",
            nodeSelector: { disk: "ssd" },
            tolerations: [{ key: "spot", effect: "NoSchedule", operator: "Exists" }],
            topologySpreadConstraints: spread({ whenUnsatisfiable: "DoNotSchedule" }),
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              fsGroup: 65532,
              fsGroupChangePolicy: "OnRootMismatch",
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: "app",
                image,
                imagePullPolicy: "IfNotPresent",
                ports: [
                  { name: "http", containerPort: 8080, protocol: "TCP" },
                  { name: "admin", containerPort: 9001, protocol: "TCP" },
                ],
                env: [
                  { name: "PORT", value: "8080" },
                  { name: "GOMEMLIMIT", value: "184320KiB" },
                  { name: "GREETING", value: "Hi" },
                  { name: "DSN", valueFrom: { secretKeyRef: { name: "db", key: "dsn" } } },
                  { name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } },
                ],
                resources: {
                  requests: { cpu: "100m", memory: "100Mi", "ephemeral-storage": "65Mi" },
                  limits: { cpu: "1", memory: "200Mi", "ephemeral-storage": "65Mi" },
                },
                startupProbe: httpProbe("/healthz", "http", 1, 2, 60),
                readinessProbe: httpProbe("/readyz", "http", 2, 2, 3),
                livenessProbe: httpProbe("/healthz", "http", 10, 5, 3),
                lifecycle: { preStop: { sleep: { seconds: 10 } } },
                securityContext: restricted,
                terminationMessagePolicy: "FallbackToLogsOnError",
                volumeMounts: [
                  { name: "data", mountPath: "/data" },
                  { name: "logs", mountPath: "/logs" },
                  { name: "tmp", mountPath: "/tmp" },
                  { name: "files", mountPath: "/etc/b", subPath: "etc_2fb", readOnly: true },
                  { name: "files", mountPath: "/etc/a", subPath: "etc_2fa", readOnly: true },
                  { name: "secret-files", mountPath: "/etc/key", subPath: "etc_2fkey", readOnly: true },
                  { name: "secret-folder-0", mountPath: "/etc/tls", readOnly: true },
                  { name: "secret-folder-1", mountPath: "/etc/ca", readOnly: true },
                ],
              },
            ],
            volumes: [
              { name: "tmp", emptyDir: { sizeLimit: "1Mi" } },
              { name: "files", configMap: { name: "web", defaultMode: 0o444 } },
              { name: "secret-files", secret: { secretName: "web", defaultMode: 0o440 } },
              { name: "secret-folder-0", secret: { secretName: "cert", defaultMode: 0o440 } },
              { name: "secret-folder-1", secret: { secretName: "ca", defaultMode: 0o440 } },
            ],
          },
        },
      },
    },
    "autoscaling/v2:HorizontalPodAutoscaler web": {
      metadata: meta(),
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: "web" },
        minReplicas: 3,
        maxReplicas: 9,
        metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } }],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: 10, policies: doubled },
          scaleDown: { stabilizationWindowSeconds: 20, policies: doubled },
        },
      },
    },
    "core/v1:ConfigMap web": { metadata: meta(), data: { etc_2fb: "2", etc_2fa: "1" } },
    "core/v1:Secret web": { metadata: meta(), type: "Opaque", stringData: secret({ value: { TOKEN: "s3cret", etc_2fkey: "k3y" } }) },
    "core/v1:Service web": { metadata: meta(), spec: { type: "ClusterIP", selector: matchLabels(), ports } },
    "core/v1:Service web-pods": {
      metadata: meta("web-pods"),
      spec: { clusterIP: "None", publishNotReadyAddresses: true, selector: matchLabels(), ports },
    },
    "core/v1:ServiceAccount web": { metadata: meta("web", { "example.org/role": "web" }), automountServiceAccountToken: false },
    "networking.k8s.io/v1:Ingress web": {
      metadata: meta("web", {
        "cert-manager.io/cluster-issuer": "letsencrypt",
        "traefik.ingress.kubernetes.io/router.middlewares": "shared-web-redirect@kubernetescrd,shared-web-retry@kubernetescrd",
        "example.org/team": "a",
      }),
      spec: {
        ingressClassName: "traefik",
        tls: [{ hosts: [host, "api.example.org"], secretName: "cert" }],
        rules: [
          {
            host,
            http: {
              paths: [
                { path: "/", pathType: "Prefix", backend },
                { path: "/api", pathType: "Prefix", backend },
              ],
            },
          },
          { host: "api.example.org", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } },
        ],
      },
    },
    "networking.k8s.io/v1:NetworkPolicy web": {
      metadata: meta(),
      spec: {
        podSelector: { matchLabels: matchLabels() },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [
              inNamespace("edge"),
              { ipBlock: { cidr: "192.0.2.0/24" } },
              { podSelector: { matchLabels: matchLabels("front") } },
              { ...inNamespace("monitoring"), podSelector: { matchLabels: { app: "prometheus" } } },
            ],
            ports: [
              { protocol: "TCP", port: 8080 },
              { protocol: "TCP", port: 9001 },
            ],
          },
        ],
        egress: [
          { ports: dnsPorts },
          {
            to: [{ podSelector: { matchLabels: matchLabels("db") } }],
            ports: [
              { protocol: "TCP", port: 5432 },
              { protocol: "TCP", port: 5433 },
            ],
          },
          { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] },
        ],
      },
    },
    "policy/v1:PodDisruptionBudget web": {
      metadata: meta(),
      spec: { maxUnavailable: 2, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: matchLabels() } },
    },
    "rbac.authorization.k8s.io/v1:Role web": {
      metadata: meta(),
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
    },
    "rbac.authorization.k8s.io/v1:RoleBinding web": {
      metadata: meta(),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "web" },
      subjects: [{ kind: "ServiceAccount", name: "web", namespace: "shared" }],
    },
    "traefik.io/v1alpha1:Middleware web-redirect": {
      metadata: meta("web-redirect"),
      spec: { redirectScheme: { scheme: "https", port: "8443", permanent: true } },
    },
    "traefik.io/v1alpha1:Middleware web-retry": {
      metadata: meta("web-retry"),
      spec: { retry: { attempts: 4, initialInterval: "100ms" } },
    },
  });
});

const stateless: Args = {
  host,
  replicas: 1,
  port: 9000,
  expose: "gateway",
  gateway: { className: "traefik" },
  tls: { clusterIssuer: "letsencrypt" },
  secretEnv: { TOKEN: "s3cret" },
  volumes: {
    data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
    tmp: { kind: "emptyDir", mountPath: "/tmp", size: "1Mi" },
  },
  rollout: { minReadySeconds: 7, progressDeadlineSeconds: 300 },
  shutdown: { sleepSeconds: 0, drainSeconds: 1 },
};

test("the objects of a stateless service with a volume and a new Gateway have exactly these inputs", async () => {
  const parentRefs = (sectionName: string) => [{ name: "web", namespace: "shared", sectionName }];
  expect(await objectsOf(stateless)).toEqual({
    "apps/v1:Deployment web": {
      metadata: meta(),
      spec: {
        replicas: 1,
        revisionHistoryLimit: 5,
        minReadySeconds: 7,
        progressDeadlineSeconds: 300,
        strategy: { type: "Recreate" },
        selector: { matchLabels: matchLabels() },
        template: {
          metadata: { labels, annotations: { "checksum/secret": secretChecksum([["TOKEN", "s3cret"]]) } },
          spec: {
            serviceAccountName: "web",
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 6,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              fsGroup: 65532,
              fsGroupChangePolicy: "OnRootMismatch",
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: "app",
                image,
                imagePullPolicy: "IfNotPresent",
                ports: [{ name: "http", containerPort: 9000, protocol: "TCP" }],
                env: [
                  { name: "PORT", value: "9000" },
                  { name: "GOMEMLIMIT", value: "58982KiB" },
                  { name: "TOKEN", valueFrom: { secretKeyRef: { name: "web", key: "TOKEN" } } },
                ],
                resources: {
                  requests: { cpu: "50m", memory: "64Mi", "ephemeral-storage": "65Mi" },
                  limits: { memory: "64Mi", "ephemeral-storage": "65Mi" },
                },
                startupProbe: httpProbe("/healthz", "http", 1, 2, 60),
                readinessProbe: httpProbe("/readyz", "http", 2, 2, 3),
                livenessProbe: httpProbe("/healthz", "http", 10, 5, 3),
                securityContext: restricted,
                terminationMessagePolicy: "FallbackToLogsOnError",
                volumeMounts: [
                  { name: "data", mountPath: "/data" },
                  { name: "tmp", mountPath: "/tmp" },
                ],
              },
            ],
            volumes: [
              { name: "data", persistentVolumeClaim: { claimName: "web-data" } },
              { name: "tmp", emptyDir: { sizeLimit: "1Mi" } },
            ],
          },
        },
      },
    },
    "core/v1:PersistentVolumeClaim web-data": {
      metadata: meta("web-data", { "pulumi.com/skipAwait": "true" }),
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    },
    "core/v1:Secret web": { metadata: meta(), type: "Opaque", stringData: secret({ value: { TOKEN: "s3cret" } }) },
    "core/v1:Service web": {
      metadata: meta(),
      spec: {
        type: "ClusterIP",
        selector: matchLabels(),
        ports: [{ name: "http", port: 9000, targetPort: "http", protocol: "TCP" }],
      },
    },
    "core/v1:ServiceAccount web": { metadata: meta(), automountServiceAccountToken: false },
    "gateway.networking.k8s.io/v1:Gateway web-gateway": {
      metadata: meta("web", { "pulumi.com/waitFor": "condition=Programmed", "cert-manager.io/cluster-issuer": "letsencrypt" }),
      spec: {
        gatewayClassName: "traefik",
        listeners: [
          { name: "http", port: 80, protocol: "HTTP" },
          { name: "https", port: 443, protocol: "HTTPS", tls: { mode: "Terminate", certificateRefs: [{ name: "web-tls" }] } },
        ],
      },
    },
    "gateway.networking.k8s.io/v1:HTTPRoute web": {
      metadata: meta(),
      spec: {
        parentRefs: parentRefs("https"),
        hostnames: [host],
        rules: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs: [{ name: "web", port: 9000 }] }],
      },
    },
    "gateway.networking.k8s.io/v1:HTTPRoute web-redirect": {
      metadata: meta("web-redirect"),
      spec: {
        parentRefs: parentRefs("http"),
        hostnames: [host],
        rules: [{ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", port: 443, statusCode: 301 } }] }],
      },
    },
    "networking.k8s.io/v1:NetworkPolicy web": {
      metadata: meta(),
      spec: {
        podSelector: { matchLabels: matchLabels() },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [{ ...inNamespace("kube-system"), podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } } }],
            ports: [{ protocol: "TCP", port: 9000 }],
          },
        ],
        egress: [dnsPods],
      },
    },
  });
});

describe("Gateway", () => {
  const gatewayOf = async (args: Args) =>
    (await objectsOf({ host, expose: "gateway", ...args }))["gateway.networking.k8s.io/v1:Gateway web-gateway"]!;
  /** The Gateway, if one is created, and the routes. */
  const routesOf = async (args: Args) => {
    const objects = Object.entries(await objectsOf({ host, expose: "gateway", ...args }));
    const found = objects.filter(([name]) => name.startsWith("gateway.networking.k8s.io/"));
    return Object.fromEntries(found.map(([name, { spec }]) => [name.split(" ")[1]!, spec]));
  };

  test("without TLS, a new Gateway has only HTTP, and its name and port can be set", async () => {
    expect(await gatewayOf({ gateway: { className: "traefik", name: "edge", httpPort: 8000 } })).toEqual({
      metadata: meta("edge", { "pulumi.com/waitFor": "condition=Programmed" }),
      spec: { gatewayClassName: "traefik", listeners: [{ name: "http", port: 8000, protocol: "HTTP" }] },
    });
  });

  test("port and certificate of HTTPS can be set, without a certificate issuer", async () => {
    const { metadata, spec } = await gatewayOf({ tls: { secretName: "cert" }, gateway: { className: "traefik", httpsPort: 8443 } });
    expect(metadata.annotations).toEqual({ "pulumi.com/waitFor": "condition=Programmed" });
    expect(spec.listeners).toEqual([
      { name: "http", port: 80, protocol: "HTTP" },
      { name: "https", port: 8443, protocol: "HTTPS", tls: { mode: "Terminate", certificateRefs: [{ name: "cert" }] } },
    ]);
  });

  const rules = [{ matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs: [{ name: "web", port: 8080 }] }];
  test("without TLS, a route is attached to all listeners of an existing Gateway, by default one of the same name and namespace", async () => {
    expect(await routesOf({})).toEqual({ web: { parentRefs: [{ name: "web", namespace: "shared" }], hostnames: [host], rules } });
  });

  test("with TLS, an existing Gateway redirects all hosts to HTTPS on the configured port", async () => {
    const parent = (sectionName: string) => [{ name: "edge", namespace: "gateways", sectionName }];
    const routes = await routesOf({
      routes: [{ host: "b.example.org", path: "/b" }],
      tls: { redirectPort: 8443 },
      gateway: { name: "edge", namespace: "gateways" },
    });
    expect(routes).toEqual({
      web: { parentRefs: parent("https"), hostnames: [host], rules },
      "web-2": {
        parentRefs: parent("https"),
        hostnames: ["b.example.org"],
        rules: [{ matches: [{ path: { type: "PathPrefix", value: "/b" } }], backendRefs: [{ name: "web", port: 8080 }] }],
      },
      "web-redirect": {
        parentRefs: parent("http"),
        hostnames: [host, "b.example.org"],
        rules: [{ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", port: 8443, statusCode: 301 } }] }],
      },
    });
  });

  test("the redirect can be left out", async () => {
    expect(Object.keys(await routesOf({ tls: { redirect: false } }))).toEqual(["web"]);
  });
});

describe("Ingress", () => {
  const ingressOf = async (args: Args) => (await objectsOf({ host, ...args }))["networking.k8s.io/v1:Ingress web"]!;
  const redirectsOf = async (ingressClassName: string, tls: WebServiceArgs["tls"]) => {
    const { metadata } = await ingressOf({ ingressClassName, network: { isolated: false }, ...(tls && { tls }) });
    return Object.entries(metadata.annotations ?? {}).filter(([key, value]) => /redirect/.test(`${key} ${String(value)}`));
  };

  test("the certificate of a load balancer does not come from a Secret", async () => {
    const { spec } = await ingressOf({ ingressClassName: "alb", tls: {}, network: { isolated: false } });
    expect(spec.tls).toEqual([{ hosts: [host] }]);
  });

  test("without TLS, there is no certificate and no redirect, but a load balancer reaches the pods", async () => {
    const { metadata, spec } = await ingressOf({ ingressClassName: "alb", network: { isolated: false } });
    expect(spec.tls).toBeUndefined();
    expect(metadata.annotations).toEqual({
      "alb.ingress.kubernetes.io/target-type": "ip",
      "alb.ingress.kubernetes.io/healthcheck-path": "/readyz",
      "alb.ingress.kubernetes.io/healthcheck-port": "8080",
      "alb.ingress.kubernetes.io/success-codes": "200-399",
      "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=30",
    });
  });

  test.each(["traefik", "nginx", "alb"])("with class %s, only TLS redirects HTTP to HTTPS, unless redirect is false", async (name) => {
    expect(await redirectsOf(name, {})).not.toEqual([]);
    expect(await redirectsOf(name, { redirect: true })).not.toEqual([]);
    expect(await redirectsOf(name, { redirect: false })).toEqual([]);
    expect(await redirectsOf(name, undefined)).toEqual([]);
  });

  test("Traefik redirects to the standard port of HTTPS by default", async () => {
    const objects = await objectsOf({ host, ingressClassName: "traefik", tls: {} });
    expect(objects["traefik.io/v1alpha1:Middleware web-redirect"]!.spec).toEqual({
      redirectScheme: { scheme: "https", port: "443", permanent: true },
    });
  });

  test("Traefik without a redirect and retries has no middlewares", async () => {
    expect((await ingressOf({ ingressClassName: "traefik", connectRetries: 0 })).metadata.annotations).toEqual({});
  });

  test("annotations override those of Slipway", async () => {
    const key = "nginx.ingress.kubernetes.io/ssl-redirect";
    const { metadata } = await ingressOf({ ingressClassName: "nginx", tls: {}, ingressAnnotations: { [key]: "false" } });
    expect(metadata.annotations).toEqual({ [key]: "false" });
  });
});

describe("rollout", () => {
  const surgeOf = async (maxSurge: pulumi.Input<string>) =>
    (await objectsOf({ rollout: { maxSurge } }))["apps/v1:Deployment web"]!.spec.strategy.rollingUpdate.maxSurge;

  test("a surge becomes a number if it is one, also if it is known later", async () => {
    expect(await surgeOf("10")).toBe(10);
    expect(await surgeOf("10%")).toBe("10%");
    expect(await surgeOf(pulumi.output("10"))).toBe(10);
    expect(await surgeOf(pulumi.output("10%"))).toBe("10%");
  });

  test.each([
    ["ReadWriteOnce", "Recreate"],
    ["ReadWriteOncePod", "Recreate"],
    ["ReadWriteMany", "RollingUpdate"],
    ["ReadOnlyMany", "RollingUpdate"],
  ] as const)("with a volume of mode %s, the strategy is %s", async (accessMode, type) => {
    const volumes = { data: { kind: "persistent", mountPath: "/data", size: "1Gi", accessMode, storageClass: "fast" } } as const;
    const objects = await objectsOf({ replicas: 1, volumes });
    expect(objects["apps/v1:Deployment web"]!.spec.strategy.type).toBe(type);
    expect(objects["core/v1:PersistentVolumeClaim web-data"]!.spec).toEqual({
      accessModes: [accessMode],
      storageClassName: "fast",
      resources: { requests: { storage: "1Gi" } },
    });
  });

  test("Pulumi waits for pods as long as Kubernetes may for each step, and for addresses as long as they take", async () => {
    expect(await timeoutsOf({ ...stateful, autoscaling: undefined, replicas: 3, rollout: { progressDeadlineSeconds: 300 } })).toEqual({
      "StatefulSet web": "930s 930s",
      "Ingress web": "2m 2m",
    });
    expect(await timeoutsOf({ host, ingressClassName: "alb", network: { isolated: false } })).toEqual({
      "Deployment web": "270s 270s",
      "Ingress web": "10m 10m",
    });
  });

  test.each<[string, Args, number]>([
    ["12 pods, 3 at a time", { replicas: 12 }, 4 * 120 + 30],
    ["up to 10 pods, 4 at a time", { autoscaling: { maxReplicas: 10 }, rollout: { maxSurge: "4" } }, 3 * 120 + 30],
    ["all pods at once", { replicas: 5, rollout: { maxSurge: "100%" } }, 120 + 30],
    ["at least as long as the cluster needs", { replicas: 12, awaitAtLeastSeconds: 600 }, 600],
    [
      "longer than the cluster needs, for many steps",
      { replicas: 12, rollout: { maxSurge: "1" }, awaitAtLeastSeconds: 600 },
      12 * 120 + 30,
    ],
  ])("Pulumi waits for %s", async (_what, args, seconds) => {
    expect(await timeoutsOf(args)).toEqual({ "Deployment web": `${seconds}s ${seconds}s` });
  });

  test("a simulated rollout whose steps each end in time is over before Pulumi gives up", async () => {
    for (const [replicas, maxSurge] of [
      [3, "25%"],
      [12, "25%"],
      [20, "1"],
    ] as const) {
      const { "Deployment web": timeouts } = await timeoutsOf({ replicas, rollout: { maxSurge } });
      const surge = maxSurge.endsWith("%") ? Math.ceil((replicas * parseInt(maxSurge)) / 100) : Number(maxSurge);
      let seconds = 0;
      // A node that starts (60 s) and a gate of the load balancer (45 s): slow, but each step within the deadline of 120 s.
      for (let ready = 0; ready < replicas; ready += surge) seconds += 60 + 45 + 5;
      expect(parseInt(timeouts!)).toBeGreaterThan(seconds);
    }
  });

  test("pods wait for the network policy that isolates them, and routes for the Gateway", async () => {
    const waits = await register(() => create(stateless), { outputs });
    expect(waits["Deployment web"]!.waitsFor).toEqual(["NetworkPolicy web", "Secret web", "ServiceAccount web"]);
    expect(waits["HTTPRoute web"]!.waitsFor).toEqual(["Gateway web-gateway", "Service web"]);
    expect(waits["HTTPRoute web-redirect"]!.waitsFor).toEqual(["Gateway web-gateway"]);
    expect((await register(() => create(stateful), { outputs }))["StatefulSet web"]!.waitsFor).toContain("NetworkPolicy web");
  });

  test("without isolation, there is no network policy, and pods do not wait for it", async () => {
    const waits = await register(() => create({ network: { isolated: false } }), { outputs });
    expect(Object.keys(waits)).not.toContain("NetworkPolicy web");
    expect(waits["Deployment web"]!.waitsFor).toEqual(["ServiceAccount web"]);
  });
});

describe("one replica or several", () => {
  const severalWith = async (args: Args) => {
    const objects = await objectsOf(args);
    const { topologySpreadConstraints } = objects["apps/v1:Deployment web"]!.spec.template.spec;
    return ["policy/v1:PodDisruptionBudget web" in objects, topologySpreadConstraints !== undefined];
  };

  test.each<[string, Args]>([
    ["one replica", { replicas: 1 }],
    ["autoscaling to one replica at most", { autoscaling: { minReplicas: 1, maxReplicas: 1 } }],
  ])("%s has no disruption budget and is not spread", async (_what, args) => {
    expect(await severalWith(args)).toEqual([false, false]);
  });

  test.each<[string, Args]>([
    ["two replicas", { replicas: 2 }],
    ["autoscaling to two replicas at most", { autoscaling: { minReplicas: 1, maxReplicas: 2 } }],
    ["a number of replicas that is known later", { replicas: pulumi.output(1) }],
  ])("%s: a disruption budget, and pods are spread", async (_what, args) => {
    expect(await severalWith(args)).toEqual([true, true]);
  });
});

describe("checksums", () => {
  test("do not depend on the order of files and variables", async () => {
    const annotationsOf = async (args: Args) => (await objectsOf(args))["apps/v1:Deployment web"]!.spec.template.metadata.annotations;
    const files = { "/b": "2", "/c": "3", "/a": "1" };
    const secretEnv = { B: "2", A: "1" };
    const expected = await annotationsOf({ files, secretEnv });
    expect(await annotationsOf({ files: { "/c": "3", "/a": "1", "/b": "2" }, secretEnv: { A: "1", B: "2" } })).toEqual(expected);
  });
});

describe("outputs", () => {
  const addressFor = async (status: object | undefined) => {
    const { result } = await record(() => create({ host }), { outputs: { "kubernetes:networking.k8s.io/v1:Ingress": () => ({ status }) } });
    return (await settle(result.address!)).value;
  };

  test("the address is the host name or the IP address that the ingress controller published", async () => {
    expect(await addressFor({ loadBalancer: { ingress: [{ hostname: "lb.example.org", ip: "192.0.2.1" }] } })).toBe("lb.example.org");
    expect(await addressFor({ loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } })).toBe("192.0.2.1");
  });

  test.each([undefined, {}, { loadBalancer: {} }, { loadBalancer: { ingress: [] } }, { loadBalancer: { ingress: [{}] } }])(
    "the address is empty if nothing was published: %j",
    async (status) => {
      expect(await addressFor(status)).toBe("");
    },
  );

  test("are recorded in the state of the stack", async () => {
    type Monitor = { getRegisteredResources(): Map<string, { state: { toJavaScript(): unknown } }> };
    const status = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } };
    const { urns } = await record(() => create({ host }), { outputs: { "kubernetes:networking.k8s.io/v1:Ingress": () => ({ status }) } });
    const registered = (pulumi.runtime as unknown as { getMonitor(): Monitor }).getMonitor().getRegisteredResources();
    const urn = urns.find((one) => one.endsWith("::slipway:index:WebService::web"))!;
    expect(registered.get(urn)!.state.toJavaScript()).toEqual({ namespace: "shared", serviceName: "web", address: "192.0.2.1" });
  });

  test("a service without an Ingress has no address, but a name and a namespace", async () => {
    const { result } = await record(() => create({ namespace: pulumi.output("later") }));
    expect(result.address).toBeUndefined();
    expect((await settle(result.serviceName)).value).toBe("web");
    expect((await settle(result.namespace)).value).toBe("later");
  });
});

describe("labels", () => {
  test("contain version and application only if they are given", () => {
    expect(recommendedLabels({ name: "web" })).toStrictEqual(labels);
    expect(recommendedLabels({ name: "web", version: "1" })).toStrictEqual({ ...labels, "app.kubernetes.io/version": "1" });
    expect(recommendedLabels({ name: "web", partOf: "shop" })).toStrictEqual({ ...labels, "app.kubernetes.io/part-of": "shop" });
  });
});
