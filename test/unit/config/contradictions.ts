import fc from "fast-check";

const number = (min: number, max: number) => fc.integer({ min, max });
const tooLow = number(-1000, 0);
const tooHigh = number(65536, 2 ** 31);
const noName = fc.stringMatching(/^([A-Z_ .]|-[a-z]|[a-z]{1,3}[_!/ A-Z])$/);
const noPath = fc.constantFrom(
  "",
  "/",
  "etc/web",
  "./a",
  "/etc/",
  "/etc//a",
  "/etc/../a",
  "/etc/.",
  "/a:b",
  "/proc/1",
  "/sys",
  "/dev/null",
);
const noQuantity = fc.constantFrom("", "lots", "-1", "1 Gi", "1GB", "0x10", "1e3", ".5");
const tooSmall = fc.constantFrom("0", "0Mi", "64", "64m", "1023Ki", "0.5Mi");
const noHost = fc.constantFrom(
  "",
  "http://web",
  "web:80",
  "web/",
  "Web.org",
  "-a.b",
  "a..b",
  "*",
  "a.*.b",
  "10.0.0.1",
  `${"a".repeat(64)}.org`,
);
const noCidr = fc.constantFrom("", "10.0.0.0", "10.0.0.0/33", "300.0.0.0/8", "::1/129", ":::/8", "web/8", "10.0.0.0/08");
const noKey = fc.constantFrom("", "a b", "/a", "a/b/c", "-a", "Example.ORG/a", "a".repeat(64));
const noValue = fc.constantFrom("a b", "-a", "a/b", "a".repeat(64));
const noVariable = fc.constantFrom("", "1A", "A/B", "A B", "Ä", "A=B");
const name64 = "a".repeat(64);
const host = "contradiction.example.org";
const exposed = { expose: undefined, routes: undefined, host, tls: undefined, gateway: undefined };
const ingressless = { ...exposed, host: undefined, ingressClassName: undefined, ingressAnnotations: undefined, awaitAddress: undefined };
const internal = { ...ingressless, connectRetries: undefined };
const gateway = { ...internal, host, expose: "gateway" };
const source = {
  source: "app",
  image: undefined,
  builder: undefined,
  dockerfile: undefined,
  build: undefined,
  package: undefined,
  platforms: undefined,
};
const byDigest = { ...source, source: undefined, image: `web@sha256:${"0".repeat(64)}` };
const persistent = { kind: "persistent", mountPath: "/data", size: "1Gi" };
const emptyDir = { kind: "emptyDir", mountPath: "/data", size: "1Gi" };
/** A map with one generated key. */
const record = (key: fc.Arbitrary<string>, value: unknown) => fc.tuple(key, generated(value)).map((entry) => Object.fromEntries([entry]));

/** Replaces all arbitraries in a value with generated values. */
export function generated(value: unknown): fc.Arbitrary<unknown> {
  if (value instanceof fc.Arbitrary) return value;
  if (Array.isArray(value)) return fc.tuple(...value.map(generated));
  if (value === null || typeof value !== "object") return fc.constant(value);
  return fc.record(Object.fromEntries(Object.entries(value).map(([key, below]) => [key, generated(below)])));
}

/** The path of the expected problem, with `*` for a generated key, and the fields that cause it when they replace valid ones. */
export type Contradiction = [path: string, fields: object];

/** Fields that make a stack invalid. */
export const ofStacks: Contradiction[] = [
  ["platform", { platform: fc.constantFrom("moon", "", "Local") }],
  ["services", { services: undefined }],
  ["services", { services: {} }],
  ["services.*", { services: record(fc.constantFrom("Web", "2web", "web-", "we_b", "", name64), { source: "app" }) }],
  ["services.web", { services: { web: {} } }],
  ["services.web.calls[0]", { services: { web: { source: "app", calls: ["web"] } } }],
  [`services.${"a".repeat(53)}`, { services: { ["a".repeat(53)]: { source: "app", kind: "stateful" } } }],
  ["services.b.host", { services: { a: { source: "app", host }, b: { source: "app", host } } }],
  ["services.b.routes[0]", { services: { a: { source: "app", host }, b: { source: "app", routes: [{ host }] } } }],
  [
    "services.b.routes[0]",
    { services: { a: { source: "app", routes: [{ host, path: "/a" }] }, b: { source: "app", routes: [{ host, path: "/a/" }] } } },
  ],
  ["services.web-pods", { services: { web: { source: "app", kind: "stateful" }, "web-pods": { source: "app" } } }],
  [
    "services.a-b.volumes.c",
    {
      services: {
        a: { source: "app", replicas: 1, volumes: { "b-c": persistent } },
        "a-b": { source: "app", replicas: 1, volumes: { c: persistent } },
      },
    },
  ],
  [
    "services.b.tls.secretName",
    {
      services: {
        a: { source: "app", host: "a.org", tls: { clusterIssuer: "ca", secretName: "tls" } },
        b: { source: "app", host: "b.org", tls: { clusterIssuer: "ca", secretName: "tls" } },
      },
    },
  ],
  [
    "services.b.tls.secretName",
    {
      services: {
        a: { source: "app", secretEnv: { TOKEN: "" } },
        b: { source: "app", host: "b.org", tls: { clusterIssuer: "ca", secretName: "a" } },
      },
    },
  ],
  [
    "services.b.gateway.name",
    {
      services: {
        a: { source: "app", host: "a.org", expose: "gateway", gateway: { className: "traefik", name: "g" } },
        b: { source: "app", host: "b.org", expose: "gateway", gateway: { className: "traefik", name: "g" } },
      },
    },
  ],
  ["local.ports.api", { local: { ports: { api: fc.oneof(tooLow, tooHigh) } } }],
  ["local.ports.registry", { local: { ports: { api: 6000, registry: 6000 } } }],
  [
    "services.a.publish.b.port",
    { services: { a: { source: "app", publish: { b: { port: 6000 } } } }, local: { ports: { registry: 6000 } } },
  ],
  [
    "services.b.publish.b.port",
    { services: { a: { source: "app", publish: { a: { port: 22_000 } } }, b: { source: "app", publish: { b: { port: 22_000 } } } } },
  ],
  ["local.nodeImage", { local: { nodeImage: "" } }],
];

/** Fields that make a service invalid. */
export const ofServices: Contradiction[] = [
  // Image
  ["", { ...source, source: undefined }],
  ["", { ...byDigest, source: "app" }],
  ["image", { ...byDigest, image: fc.constantFrom("nginx", "nginx:1", "web@sha256:00", `We b@sha256:${"0".repeat(64)}`) }],
  ["package", { ...byDigest, package: "cmd" }],
  ["platforms", { ...byDigest, platforms: ["linux/arm64"] }],
  ["platforms", { ...source, platforms: ["linux/arm64", "linux/arm64"] }],
  ["platforms[0]", { ...source, platforms: [fc.constantFrom("", "linux", "windows/amd64", "linux/ARM64")] }],
  ["platforms", { ...source, platforms: [] }],
  ["platforms", { ...source, builder: "dockerfile", platforms: ["linux/arm64", "linux/amd64"] }],
  ["package", { ...source, builder: "dockerfile", package: "cmd" }],
  ["dockerfile", { ...byDigest, dockerfile: {} }],
  ["dockerfile", { ...source, dockerfile: { target: "run" } }],
  ["dockerfile", { ...source, builder: "go", dockerfile: {} }],
  [
    "dockerfile.file",
    { ...source, builder: "dockerfile", dockerfile: { file: fc.constantFrom("/Dockerfile", "../Dockerfile", "a/../../b") } },
  ],
  ["version", { version: fc.constantFrom("", "a b", "-1", "a".repeat(64)) }],
  ["files./app", { ...source, files: { "/app": "" } }],
  ["volumes.data.mountPath", { ...source, volumes: { data: { ...emptyDir, mountPath: "/app/data" } } }],

  // Ports
  ["port", { port: fc.oneof(tooLow, tooHigh) }],
  ["ports.admin", { ports: { admin: fc.oneof(tooLow, tooHigh) } }],
  ["ports.admin", { port: 9000, ports: { admin: 9000 } }],
  ["ports.b", { ports: { a: 9000, b: 9000 } }],
  ["ports.http", { ports: { http: 9000 } }],
  ["ports.*", { ports: record(fc.constantFrom("Admin", "a_b", "-a", "a--b", "123", "a".repeat(16)), 9000) }],
  ["publish.x-a.port", { publish: { "x-a": { port: fc.oneof(tooLow, tooHigh) } } }],
  ["publish.x-a.targetPort", { publish: { "x-a": { port: 22_000, targetPort: fc.oneof(tooLow, tooHigh) } } }],
  ["publish.x-b.port", { publish: { "x-a": { port: 22_000 }, "x-b": { port: 22_000 } } }],
  ["publish.*", { publish: record(fc.constantFrom("Admin", "a_b", "-a", "123", "a".repeat(16)), { port: 22_000 }) }],
  ["publish.http.targetPort", { port: 9000, ports: {}, publish: { http: { port: 22_000, targetPort: 22_000 } } }],
  ["publish.admin.protocol", { ports: { admin: 9000 }, publish: { admin: { port: 22_000, protocol: "UDP" } } }],
  ["publish.x-a.protocol", { ...exposed, port: 9000, ports: {}, publish: { "x-a": { port: 22_000, targetPort: 9000, protocol: "UDP" } } }],
  ["publish.x-a.sourceRanges[0]", { publish: { "x-a": { port: 22_000, sourceRanges: [noCidr] } } }],
  ["publish.x-b.sourceRanges", { publish: { "x-a": { port: 22_000 }, "x-b": { port: 22_001, sourceRanges: ["10.0.0.0/8"] } } }],
  ["probes.liveness.port", { publish: { "x-a": { port: 22_000, protocol: "UDP" } }, probes: { liveness: { port: "x-a" } } }],
  ["probes.kind", { ...internal, publish: { "x-a": { port: 22_000 } }, probes: { kind: "none" } }],
  ["calls[0]", { calls: ["nobody"] }],

  // Replicas and autoscaling
  ["replicas", { replicas: tooLow, autoscaling: undefined }],
  ["replicas", { replicas: 2 ** 31, autoscaling: undefined }],
  ["replicas", { replicas: number(1, 9), autoscaling: { maxReplicas: 5 } }],
  ["maxUnavailable", { maxUnavailable: tooLow }],
  ["maxUnavailable", { maxUnavailable: number(2, 9), replicas: undefined, autoscaling: undefined }],
  ["maxUnavailable", { maxUnavailable: number(3, 9), replicas: 3, autoscaling: undefined }],
  ["maxUnavailable", { maxUnavailable: number(3, 9), replicas: undefined, autoscaling: { minReplicas: 3, maxReplicas: 9 } }],
  ["autoscaling.minReplicas", { autoscaling: { minReplicas: tooLow, maxReplicas: 5 } }],
  ["autoscaling.maxReplicas", { autoscaling: { maxReplicas: number(-9, 1) } }],
  ["autoscaling.maxReplicas", { autoscaling: { minReplicas: number(5, 9), maxReplicas: number(1, 4) } }],
  ["autoscaling.maxReplicas", { autoscaling: {} }],
  ["autoscaling.cpu", { autoscaling: { maxReplicas: 5, cpu: fc.oneof(tooLow, number(1001, 9999)) } }],
  ["autoscaling.cpu", { autoscaling: { maxReplicas: 5, cpu: number(200, 999) }, resources: { cpu: "1", cpuLimit: "2" } }],
  ["autoscaling.memory", { autoscaling: { maxReplicas: 5, memory: fc.oneof(tooLow, number(1001, 9999)) } }],
  ["autoscaling.memory", { autoscaling: { maxReplicas: 5, memory: number(100, 999) }, resources: {} }],
  ["autoscaling.scaleDownSeconds", { autoscaling: { maxReplicas: 5, scaleDownSeconds: fc.oneof(number(-99, -1), number(3601, 9999)) } }],
  ["autoscaling.scaleUpSeconds", { autoscaling: { maxReplicas: 5, scaleUpSeconds: fc.oneof(number(-99, -1), number(3601, 9999)) } }],

  // Shutdown, rollout, probes and process
  ["shutdown.sleepSeconds", { shutdown: { sleepSeconds: fc.oneof(number(-99, -1), number(86_401, 99_999)) } }],
  ["shutdown.drainSeconds", { shutdown: { drainSeconds: fc.oneof(number(-99, -1), number(86_401, 99_999)) } }],
  ["shutdown.gracePeriodSeconds", { shutdown: { gracePeriodSeconds: number(0, 29) } }],
  [
    "shutdown.gracePeriodSeconds",
    { shutdown: { sleepSeconds: number(10, 20), drainSeconds: number(10, 20), gracePeriodSeconds: number(1, 19) } },
  ],
  ["shutdown.gracePeriodSeconds", { shutdown: { sleepSeconds: 0, drainSeconds: 0, gracePeriodSeconds: 0 } }],
  ["rollout.minReadySeconds", { rollout: { minReadySeconds: number(-99, -1) } }],
  ["rollout.progressDeadlineSeconds", { rollout: { progressDeadlineSeconds: number(-99, 0) } }],
  ["rollout.progressDeadlineSeconds", { rollout: { minReadySeconds: number(120, 999) } }],
  ["rollout.progressDeadlineSeconds", { rollout: {}, probes: { startup: { failureThreshold: number(120, 999) } } }],
  ["rollout.progressDeadlineSeconds", { rollout: {}, probes: { startup: { periodSeconds: number(2, 9) } } }],
  ["rollout.maxSurge", { rollout: { maxSurge: fc.constantFrom("0", "0%", 0, -1, "-1", "many", "25 %", "1.5", "", "9999999999") } }],
  ["rollout.maxSurge", { kind: "stateful", rollout: { maxSurge: fc.constantFrom(1, "25%") } }],
  ["probes.startup.port", { probes: { startup: { port: "nowhere" } } }],
  ["probes.command", { probes: { kind: "exec" } }],
  ["probes.command", { probes: { kind: "exec", command: [] } }],
  ["probes.command", { probes: { kind: fc.constantFrom("http", "tcp"), command: ["true"] } }],
  ["probes.readiness.path", { probes: { kind: "tcp", readiness: { path: "/readyz" } } }],
  ["probes.liveness.port", { probes: { kind: "exec", command: ["true"], liveness: { port: "http" } } }],
  ["user", { user: fc.oneof(fc.constant(0), tooLow), security: undefined }],
  ["user", { user: fc.constantFrom("postgres", "1000:1000", "", " "), ...source }],
  ["build", { ...byDigest, build: { tags: ["a"] } }],
  ["build", { ...source, builder: "dockerfile", build: { tags: ["a"] } }],
  ["build.ldflags", { ...source, build: { ldflags: fc.constantFrom("-X a={{now}}", "-X a=$(date)", "-X a=`date`", "-X a=${A}") } }],
  ["build.env.A", { ...source, build: { env: { A: "b" } } }],
  ["build.env.GOOS", { ...source, build: { env: { GOOS: "windows" } } }],
  ["build.env.CGO_ENABLED", { ...source, build: { env: { CGO_ENABLED: "1" } } }],
  ["build.base", { ...source, build: { base: fc.constantFrom("We b", "sha256:00", `sha256:${"0".repeat(64)}`) } }],
  ["build.assets[0]", { ...source, build: { assets: fc.constantFrom(["/etc"], ["../a"], ["."], ["app"], ["etc/a"], ["tmp/"]) } }],
  ["group", { group: number(-9, -1) }],
  ["group", { user: undefined, group: 1, security: { level: "baseline", reason: "why" } }],
  ["security.reason", { security: { level: "baseline", reason: fc.constantFrom(undefined, " ") } }],
  ["security.reason", { security: { reason: "why" } }],
  ["security.readOnlyRootFilesystem", { security: { readOnlyRootFilesystem: false } }],
  ["security.capabilities", { security: { capabilities: ["CHOWN"] } }],
  [
    "security.capabilities[0]",
    { security: { level: "baseline", reason: "why", capabilities: fc.constantFrom(["SYS_ADMIN"], ["CAP_CHOWN"], ["chown"]) } },
  ],
  ["security.capabilities[1]", { security: { level: "baseline", reason: "why", capabilities: ["CHOWN", "CHOWN"] } }],
  ["command", { command: [] }],
  ["args", { args: [] }],
  ["probes.readiness.port", { ports: { admin: 9000 }, probes: { readiness: { port: "metrics" } } }],
  ["probes.liveness.port", { probes: { liveness: { port: "8080" } } }],
  ["probes.startup.path", { probes: { startup: { path: fc.constantFrom("", "healthz", "/a b", "/a#b", "http://web/") } } }],
  ["probes.readiness.periodSeconds", { probes: { readiness: { periodSeconds: fc.oneof(tooLow, number(86_401, 99_999)) } } }],
  ["probes.liveness.timeoutSeconds", { probes: { liveness: { timeoutSeconds: fc.oneof(tooLow, number(86_401, 99_999)) } } }],
  ["probes.startup.failureThreshold", { probes: { startup: { failureThreshold: fc.oneof(tooLow, number(86_401, 99_999)) } } }],

  // Resources
  ["resources.cpu", { resources: { cpu: fc.oneof(noQuantity, fc.constantFrom("0", "0m", "100Mi", "1k", "0.0001")) } }],
  ["resources.cpuLimit", { resources: { cpuLimit: fc.oneof(noQuantity, fc.constantFrom("0", "10Mi")) } }],
  ["resources.cpuLimit", { resources: { cpu: "500m", cpuLimit: fc.constantFrom("499m", "0.4", "1m") } }],
  ["resources.cpuLimit", { resources: { cpuLimit: "49m" } }],
  ["resources.memory", { resources: { memory: fc.oneof(noQuantity, tooSmall) } }],
  ["resources.memoryLimit", { resources: { memoryLimit: fc.oneof(noQuantity, tooSmall) } }],
  ["resources.memoryLimit", { resources: { memory: "1Gi", memoryLimit: fc.constantFrom("1G", "1023Mi", "64Mi") } }],
  ["resources.memoryLimit", { resources: { memoryLimit: "63Mi" } }],
  ["resources.ephemeralStorage", { resources: { ephemeralStorage: fc.oneof(noQuantity, tooSmall) } }],
  ["resources.ephemeralStorageLimit", { resources: { ephemeralStorageLimit: fc.oneof(noQuantity, tooSmall) } }],
  ["resources.ephemeralStorageLimit", { resources: { ephemeralStorageLimit: "63Mi" }, volumes: {} }],
  [
    "resources.ephemeralStorageLimit",
    { resources: { ephemeralStorage: "1Mi", ephemeralStorageLimit: "1023Mi" }, volumes: { cache: emptyDir } },
  ],

  // Scheduling
  ["priorityClassName", { priorityClassName: noName }],
  ["nodeSelector.*", { nodeSelector: record(noKey, "a") }],
  ["nodeSelector.disk", { nodeSelector: { disk: noValue } }],
  ["tolerations[0].key", { tolerations: [{ key: noKey }] }],
  ["tolerations[0].key", { tolerations: [{ value: "a" }] }],
  ["tolerations[0].key", { tolerations: [{ operator: "Equal" }] }],
  ["tolerations[1].value", { tolerations: [{ key: "a" }, { key: "a", operator: "Exists", value: "b" }] }],
  ["tolerations[0].value", { tolerations: [{ key: "a", value: noValue }] }],
  ["tolerations[0].operator", { tolerations: [{ operator: "In" }] }],
  ["tolerations[0].effect", { tolerations: [{ key: "a", effect: "Never" }] }],
  ["affinity.nodeAfinity", { affinity: { nodeAfinity: {} } }],

  // Configuration
  ["env.*", { env: record(noVariable, "a") }],
  ["secretEnv.*", { secretEnv: record(noVariable, "a") }],
  ["envFromSecret.*", { envFromSecret: record(noVariable, { name: "a", key: "b" }) }],
  ["env.PORT", { env: { PORT: "80" } }],
  ["secretEnv.TOKEN", { env: { TOKEN: "a" }, secretEnv: { TOKEN: "b" } }],
  ["envFromSecret.TOKEN", { env: { TOKEN: "a" }, envFromSecret: { TOKEN: { name: "a", key: "b" } } }],
  ["envFromSecret.TOKEN.name", { envFromSecret: { TOKEN: { name: noName, key: "b" } } }],
  [
    "envFromSecret.TOKEN.key",
    { envFromSecret: { TOKEN: { name: "a", key: fc.constantFrom("", "a b", "a/b", "..", ".", "a".repeat(254)) } } },
  ],
  ["files.*", { files: record(noPath, "") }],
  ["secretFiles.*", { secretFiles: record(noPath, "") }],
  ["secretFolders.*", { secretFolders: record(noPath, "a") }],
  ["secretFolders./etc/tls", { secretFolders: { "/etc/tls": noName } }],
  ["files.*", { files: record(fc.constant(`/${"a/".repeat(90)}a`), "") }],
  ["files", { files: { "/a": "a".repeat(2 ** 20 + 1) } }],
  ["secretFiles", { secretFiles: { "/a": "ä".repeat(2 ** 19), "/b": "b" } }],
  ["secretFiles./token", { secretFiles: { "/token": "" }, secretEnv: { token: "" } }],
  ["secretFiles./etc/a", { files: { "/etc/a": "" }, secretFiles: { "/etc/a": "" } }],
  ["secretFolders./etc/a", { files: { "/etc/a": "" }, secretFolders: { "/etc/a": "b" } }],
  ["files./etc/a/b", { files: { "/etc/a": "", "/etc/a/b": "" } }],
  ["files./etc/a/b", { files: { "/etc/a/b": "" }, secretFolders: { "/etc/a": "b" } }],
  ["volumes.data.mountPath", { files: { "/data": "" }, volumes: { data: emptyDir } }],
  ["volumes.data.mountPath", { files: { "/a": "" }, volumes: { data: { ...emptyDir, mountPath: "/a/b" } } }],

  // Volumes
  ["volumes.*", { volumes: record(fc.oneof(noName, fc.constantFrom("files", "secret-files", "secret-folder-0", name64)), emptyDir) }],
  ["volumes.data.size", { volumes: { data: { ...emptyDir, size: fc.oneof(noQuantity, tooSmall) } } }],
  ["volumes.data.size", { volumes: { data: { ...emptyDir, size: undefined } } }],
  ["volumes.data.mountPath", { volumes: { data: { ...emptyDir, mountPath: noPath } } }],
  ["volumes.b.mountPath", { volumes: { a: emptyDir, b: emptyDir } }],
  ["volumes.data.storageClass", { volumes: { data: { ...emptyDir, storageClass: "fast" } } }],
  ["volumes.data.accessMode", { volumes: { data: { ...emptyDir, accessMode: "ReadOnlyMany" } } }],
  ["volumes.data.accessMode", { volumes: { data: { ...persistent, accessMode: "ReadWrite" } } }],
  ["volumes.data.storageClass", { volumes: { data: { ...persistent, storageClass: noName } } }],
  ["volumes.data.accessMode", { kind: "stateless", volumes: { data: persistent }, replicas: number(2, 9), autoscaling: undefined }],
  ["volumes.data.accessMode", { kind: "stateless", volumes: { data: persistent }, replicas: undefined, autoscaling: { maxReplicas: 3 } }],

  // Network and RBAC
  ["network.destinations[0]", { network: { destinations: [{}] } }],
  ["network.destinations[0]", { network: { destinations: [{ service: "db", cidr: "10.0.0.0/8" }] } }],
  ["network.destinations[0].service", { network: { destinations: [{ service: noName }] } }],
  ["network.destinations[1].cidr", { network: { destinations: [{ service: "db" }, { cidr: noCidr }] } }],
  ["network.destinations[0].ports", { network: { destinations: [{ service: "db", ports: [] }] } }],
  ["network.destinations[0].ports[1]", { network: { destinations: [{ service: "db", ports: [1, fc.oneof(tooLow, tooHigh)] }] } }],
  ["network", { ...exposed, tls: undefined, ingressClassName: fc.constantFrom("alb", "haproxy"), network: { ingressCidrs: [] } }],
  ["network.ingressCidrs[0]", { network: { ingressCidrs: [noCidr] } }],
  ["network.peers[0].namespace", { network: { peers: [{ namespace: noName }] } }],
  ["network.peers[0].namespace", { network: { peers: [{}] } }],
  ["network.peers[0].podLabels.*", { network: { peers: [{ namespace: "a", podLabels: record(noKey, "a") }] } }],
  ["network.ingressController.podLabels.app", { network: { ingressController: { namespace: "a", podLabels: { app: noValue } } } }],
  ["serviceAccount.annotations.*", { serviceAccount: { annotations: record(noKey, "a") } }],
  ["serviceAccount.rules[0].apiGroups", { serviceAccount: { rules: [{ apiGroups: [], resources: ["a"], verbs: ["b"] }] } }],
  ["serviceAccount.rules[0].verbs", { serviceAccount: { rules: [{ apiGroups: [""], resources: ["a"], verbs: [] }] } }],
  ["serviceAccount.rules[0].resources", { serviceAccount: { rules: [{ apiGroups: [""], verbs: ["a"] }] } }],

  // Exposure
  ["host", { ...exposed, host: noHost }],
  ["routes[0].host", { ...exposed, routes: [{ host: noHost }] }],
  [
    "routes[0].path",
    { ...exposed, routes: [{ host, path: fc.constantFrom("", "api", "/a?b", "/a#b", "/a b", "/a//b", "/a/../b", "/a/.", "/%2F") }] },
  ],
  ["routes[0]", { ...exposed, routes: [{ host, path: fc.constantFrom(undefined, "/") }] }],
  [
    "routes[1]",
    {
      ...exposed,
      host: undefined,
      routes: [
        { host, path: "/api" },
        { host, path: fc.constantFrom("/api", "/api/") },
      ],
    },
  ],
  ["expose", { ...exposed, expose: "none" }],
  ["expose", { ...internal, expose: fc.constantFrom("ingress", "gateway") }],
  ["tls", { ...internal, tls: {} }],
  ["tls.redirect", { ...exposed, tls: {}, ingressClassName: "haproxy", network: { isolated: false } }],
  ["tls.secretName", { ...exposed, tls: { secretName: noName } }],
  ["tls.clusterIssuer", { ...exposed, tls: { clusterIssuer: noName } }],
  ["tls.secretName", { ...gateway, tls: { secretName: "a" } }],
  ["tls.clusterIssuer", { ...gateway, tls: { clusterIssuer: "a" } }],
  ["ingressClassName", { ...exposed, ingressClassName: noName }],
  ["ingressClassName", { ...internal, ingressClassName: "traefik" }],
  ["ingressAnnotations", { ...gateway, ingressAnnotations: { a: "b" } }],
  ["ingressAnnotations.*", { ...exposed, ingressAnnotations: record(noKey, "a") }],
  ["awaitAddress", { ...internal, awaitAddress: fc.boolean() }],
  ["connectRetries", { ...exposed, connectRetries: number(-99, -1) }],
  ["connectRetries", { ...gateway, connectRetries: 1 }],
  ["gateway", { ...exposed, gateway: {} }],
  ["gateway.name", { ...gateway, gateway: { name: noName } }],
  ["gateway.namespace", { ...gateway, gateway: { namespace: noName } }],
  ["gateway.className", { ...gateway, gateway: { className: noName }, network: { isolated: false } }],
  ["gateway.namespace", { ...gateway, gateway: { className: "traefik", namespace: "b" } }],
  ["gateway.httpPort", { ...gateway, gateway: { className: "a", httpPort: fc.oneof(tooLow, tooHigh) } }],
  ["gateway.httpsPort", { ...gateway, gateway: { httpsPort: 443 } }],
  ["gateway.httpsPort", { ...gateway, tls: {}, gateway: { className: "a", httpPort: 443 } }],
  ["routes", { ...gateway, host: undefined, routes: Array.from({ length: 17 }, (_, i) => ({ host: `h${i}.${host}` })) }],
];
