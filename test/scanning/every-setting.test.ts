import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Platform, settingsBelow, type Located } from "../../config/schema/setting.ts";
import { settings } from "../../config/settings.ts";
import { supportedSettings } from "../../config/support.ts";
import { isBelow, type Path } from "../../lib/property-path.ts";
import { serviceSettings } from "../../config/schema/service.ts";
import { registrationsOf } from "../../review/render/registrations.ts";
import { goArchitecture } from "../../lib/go-architecture.ts";
import { image as oneImage, layer } from "../../lib/oci.ts";
import { check } from "../unit/check.ts";
import { serveImage } from "../unit/image-server.ts";

// On every platform, every setting is rejected, changes a registered resource, or has the value that always applies. None is ignored.

const image = `registry.example/web@sha256:${"0".repeat(64)}`;
const host = "web.example.org";
const eks = {
  region: "eu-central-1",
  domain: { name: "example.org", zoneId: "Z0123456789ABC" },
  access: [{ principalArn: "arn:aws:iam::111122223333:role/deploy", policy: "ClusterAdmin" }],
};

/** A source with a Dockerfile and a second package, in the project, because sources are relative to it. */
let source: string;
beforeAll(() => {
  process.env["SLIPWAY_PLANNED_IMAGES"] = "{}";
  source = relative(process.cwd(), mkdtempSync(join(process.cwd(), ".slipway", "every-setting-")));
  cpSync("test/fixtures/caller", source, { recursive: true });
  cpSync(join(source, "main.go"), join(source, "cmd", "main.go"));
  for (const file of ["Dockerfile", "other.Dockerfile"]) writeFileSync(join(source, file), "FROM scratch\n");
});
afterAll(() => {
  delete process.env["SLIPWAY_PLANNED_IMAGES"];
  rmSync(source, { recursive: true });
});

/** Other settings that a setting requires, by its path or a parent of it. The first match applies. */
const contexts: [pattern: string, service: (platform: Platform) => object][] = [
  ["source", () => ({ image: undefined })],
  ["image", () => ({})],
  ["builder", () => ({ image: undefined, source })],
  ["dockerfile", () => ({ image: undefined, source, builder: "dockerfile" })],
  ["build", () => ({ image: undefined, source })],
  ["security", () => ({ security: { level: "baseline", reason: "it needs root" } })],
  ["package", () => ({ image: undefined, source })],
  ["platforms", () => ({ image: undefined, source, platforms: ["linux/amd64"] })],
  ["network.destinations.*.service", () => ({ network: { destinations: [{ service: "third" }] } })],
  ["network.destinations", () => ({ network: { destinations: [{ cidr: "0.0.0.0/0" }] } })],
  ["network.peers", () => ({ network: { peers: [{ namespace: "b", podLabels: { a: "b" } }] } })],
  ["network.ingressController", () => ({ network: { ingressController: { namespace: "b", podLabels: { a: "b" } } } })],
  ["serviceAccount.rules", () => ({ serviceAccount: { rules: [{ apiGroups: ["apps"], resources: ["pods"], verbs: ["list"] }] } })],
  ["expose", () => ({})],
  ["routes", () => ({ host: undefined, routes: [{ host: "other.example.org", path: "/b" }] })],
  ["gateway.namespace", () => ({ expose: "gateway" })],
  ["gateway", () => ({ expose: "gateway", tls: {}, gateway: { className: "b" }, network: { ingressController: { namespace: "b" } } })],
  ["tls.secretName", () => ({ tls: { redirect: false } })],
  ["tls", (platform) => ({ tls: {}, ...(platform === "kubernetes" && { ingressClassName: "nginx" }) })],
  ["maxUnavailable", () => ({ replicas: 5 })],
  ["replicas", () => ({ replicas: undefined })],
  ["autoscaling", () => ({ replicas: undefined, autoscaling: { maxReplicas: 7 } })],
  // The load balancer of eks needs HTTP.
  ["probes.command", (platform) => ({ probes: { kind: "exec", command: ["/check"] }, ...(platform === "eks" && { host: undefined }) })],
  [
    "publish",
    (platform) => ({ publish: { a: { port: 5000, ...(["eks", "kubernetes"].includes(platform) && { sourceRanges: ["10.0.0.0/8"] }) } } }),
  ],
  ["probes.*.port", () => ({ ports: { metrics: 9100 } })],
  ["probes.startup.periodSeconds", () => ({ rollout: { progressDeadlineSeconds: 600 } })],
  ["tolerations.*.operator", () => ({ tolerations: [{ key: "a" }] })],
  ["tolerations", () => ({ tolerations: [{ key: "a", value: "b", effect: "NoExecute" }] })],
  ["envFromSecret", () => ({ envFromSecret: { TOKEN: { name: "b", key: "b" } } })],
  ["volumes.*.kind", () => ({ volumes: { data: { kind: "emptyDir", mountPath: "/b", size: "32Mi" } }, replicas: 1 })],
  ["volumes.*.size", () => ({ volumes: { data: { kind: "emptyDir", mountPath: "/b", size: "32Mi" } } })],
  ["volumes", () => ({ volumes: { data: { kind: "persistent", mountPath: "/b", size: "32Mi" } }, replicas: 1 })],
  ["resources.memory", () => ({ resources: { memoryLimit: "512Mi" } })],
];

/** An image that the program can be added to. */
const base = oneImage({ os: "linux", architecture: goArchitecture }, [await layer([{ path: "etc/", mode: 0o755 }], "none")], {});
const registry = await serveImage(base);
afterAll(() => registry[Symbol.dispose]());

/** Values of settings that have no example, or whose example does not fit the context. */
const values: Record<string, unknown> = {
  source: "app",
  image: `registry.example/web@sha256:${"1".repeat(64)}`,
  "rollout.maxSurge": "2",
  "eks:network.dnsAnywhere": false,
  builder: "dockerfile",
  "dockerfile.file": "other.Dockerfile",
  package: "cmd",
  "build.ldflags": "-buildid=other",
  "build.env": { GOFLAGS: "-gcflags=-N" },
  "build.assets": ["main.go"],
  "build.base": `${registry.host}/base@${base.descriptor.digest}`,
  after: ["third"],
  calls: ["third"],
  expose: "gateway",
  host: "new.example.org",
  "network.destinations.*.service": "fourth",
  "network.peers.*.namespace": "a",
  "network.peers.*.podLabels": { a: "c" },
  "network.ingressController.namespace": "a",
  "network.ingressController.podLabels": { a: "c" },
  "serviceAccount.rules.*.resourceNames": ["a"],
  "aws.policyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
  "aws.policyDocument": { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::a/*" }] },
  "probes.startup.port": "metrics",
  "probes.readiness.port": "metrics",
  "probes.liveness.port": "metrics",
  "tolerations.*.key": "c",
  "tolerations.*.operator": "Equal",
  "tolerations.*.value": "c",
  "tolerations.*.effect": "NoSchedule",
  "envFromSecret.*.name": "a",
  "envFromSecret.*.key": "a",
  "volumes.*.kind": "persistent",
  "volumes.*.mountPath": "/a",
  "volumes.*.size": "16Mi",
};

/** Groups of settings. Each setting in a group is tested separately. */
const isGroup = ({ path, schema }: Located) =>
  path.at(-1) === "*" || settingsBelow(schema).some(({ definition }) => definition !== undefined);

/** It can only be set together with a reason: unit/platforms/security.test.ts. */
const isLevel = ({ path }: Located) => path.join(".") === "security.level";

const serviceCases = settingsBelow(serviceSettings).filter((one) => one.definition !== undefined && !isGroup(one) && !isLevel(one));

function put(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  const below = put((value as Record<PropertyKey, unknown> | undefined)?.[key], rest, other);
  return Array.isArray(value) ? value.with(Number(key), below) : { ...(value as object), [key]: below };
}

/** Replaces each `*` of a pattern with the first name or index in the context. */
function concrete(pattern: string[], value: unknown): Path {
  const [key, ...rest] = pattern;
  if (key === undefined) return [];
  const at = key === "*" ? (Array.isArray(value) ? 0 : (Object.keys(value ?? {})[0] ?? "a")) : key;
  return [at, ...concrete(rest, (value as Record<PropertyKey, unknown> | undefined)?.[at])];
}

/** The other services that settings name. A stack without them is rendered faster. */
const othersIn = (...settings: object[]) =>
  Object.fromEntries(["third", "fourth"].filter((name) => JSON.stringify(settings).includes(`"${name}"`)).map((name) => [name, { image }]));

async function render(
  platform: Platform,
  input: Record<string, unknown>,
): Promise<[urn: string, inputs: unknown, dependencies: unknown][]> {
  const config = Object.fromEntries(
    Object.entries({ platform, ...input }).map(([key, value]) => [
      `slipway:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const stack = { project: "slipway", name: "every-setting", main: "index.ts", folder: ".slipway/every-setting", secretKeys: [], config };
  const registered = await registrationsOf(stack);
  return registered.map(({ urn, inputs, dependencies }) => [urn, inputs, dependencies]);
}

const rendered = new Map<string, Promise<string>>();
/** Renders each input once, because many settings have the same context. */
function renderOnce(platform: Platform, input: Record<string, unknown>): Promise<string> {
  const key = JSON.stringify([platform, input]);
  if (!rendered.has(key))
    rendered.set(
      key,
      render(platform, input).then((registered) => JSON.stringify(registered)),
    );
  return rendered.get(key)!;
}

/** A setting that a stack has once without and once with. */
interface Change {
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  path: Path;
}

/** Whether a change is rejected. Undefined if both variants are valid. */
async function rejection(platform: Platform, { before, after, path }: Change): Promise<string | undefined> {
  const { problems } = await check({ platform, ...after });
  const paths = problems.map((problem) => problem.slice(0, problem.indexOf(": ")));
  if (problems.length > 0) return paths.some((at) => isRejectedAt(at, path)) ? "rejected" : `invalid: ${problems.join(" ")}`;
  const invalid = (await check({ platform, ...before })).problems;
  return invalid.length > 0 ? `the context is invalid: ${invalid.join(" ")}` : undefined;
}

async function outcome(platform: Platform, change: Change): Promise<string> {
  const rejected = await rejection(platform, change);
  if (rejected !== undefined) return rejected;
  return (await renderOnce(platform, change.before)) === (await renderOnce(platform, change.after)) ? "ignored" : "changes";
}

/** Whether a problem is at the path or at one of its parents. */
function isRejectedAt(at: string, path: Path): boolean {
  const keys = at.split(/[.[\]"]+/).filter(Boolean);
  return keys.every((key, i) => key === String(path[i]));
}

interface Services {
  web: object;
}

/** A service setting and the services of the stack before and after it is changed. */
function caseOf(platform: Platform, { path, definition }: Located): Change & { value: unknown } {
  const key = path.join(".");
  const [, context] =
    contexts.find(([pattern]) => isBelow(path, pattern) || pattern.split(".").every((part, i) => part === "*" || part === path[i])) ?? [];
  const base = { image, host, ports: undefined, ...context?.(platform) };
  const value = values[`${platform}:${key}`] ?? values[key] ?? definition!.example;
  const at = concrete(path, base);
  const after = put(base, at, value) as object;
  if (key === "source") delete (after as { image?: string }).image;
  const before = key === "source" ? { ...base, image } : base;
  const others = othersIn(before, after);
  const wrap = (service: unknown) => ({ services: { web: service, ...others }, ...ownOf(platform) });
  return { before: wrap(before), after: wrap(after), path: ["services", "web", ...at], value };
}

/**
 * Which changes change a resource of their service, from one stack that has a service for each. That is faster than two stacks for each
 * change. A change is left out if already two services with the same settings differ, for example in the digest of their image.
 */
async function changesInOneStack(platform: Platform, changes: Change[]): Promise<Set<Change>> {
  const names: Record<string, string> = {};
  const services: Record<string, unknown> = othersIn({ names: ["third", "fourth"] });
  /** Adds a service, which is the same for the same settings and role. */
  const add = (settings: Record<string, unknown>, role = "") => {
    const service = JSON.stringify((settings["services"] as Services).web);
    const name = (names[role + service] ??= `s${String(Object.keys(names).length).padStart(3, "0")}x`);
    // No two services may publish the same port.
    const port = String(30_000 + Object.keys(services).length);
    services[name] ??= JSON.parse(
      service
        .replaceAll(/(?<=")\w+(?=\.example\.org")/g, (label) => `${label}-${name}`)
        .replace(/(?<="publish":\{"\w+":\{"port":)\d+/, port),
    );
    return name;
  };
  const added = changes.map((change) => ({
    change,
    before: add(change.before),
    control: add(change.before, "control"),
    after: add(change.after),
  }));
  const registered = await render(platform, { services, ...ownOf(platform) });
  const resourcesOf = (name: string) => JSON.stringify(registered.filter(([urn]) => urn.includes(name))).replaceAll(name, "");
  const differ = (one: string, other: string) => resourcesOf(one) !== resourcesOf(other);
  return new Set(
    added.filter(({ before, control, after }) => !differ(before, control) && differ(before, after)).map(({ change }) => change),
  );
}

describe.each(Object.values(Platform))("on %s", (platform) => {
  const outcomes = new Map<string, string>();
  beforeAll(async () => {
    const valid = new Map<string, Change>();
    for (const one of serviceCases) {
      const change = caseOf(platform, one);
      const rejected = await rejection(platform, change);
      if (rejected === undefined) valid.set(one.path.join("."), change);
      else outcomes.set(one.path.join("."), rejected);
    }
    const changes = await changesInOneStack(platform, [...valid.values()]);
    // What changes nothing of the service may change something else in its stack.
    for (const [key, change] of valid) outcomes.set(key, changes.has(change) ? "changes" : await outcome(platform, change));
  });

  test.each(serviceCases.map((one) => [one.path.join("."), one] as const))(
    "services.*.%s is rejected or changes a resource",
    (key, one) => {
      const { value } = caseOf(platform, one);
      expect(value).toBeDefined();
      const { on } = supportedSettings.find((setting) => setting.path.join(".") === key)!;
      const isAlways = on[platform].always === true || (on[platform].always?.includes(value) ?? false);
      const found = outcomes.get(key);
      expect(found).toBe(isAlways ? "ignored" : found === "rejected" ? "rejected" : "changes");
    },
  );
});

const kubernetes = { context: "kind-shop", registry: "registry.example/shop", namespace: "team" };
const own = { local: { cluster: "own" }, docker: {}, swarm: {}, kubernetes, eks };

/** Settings without which a stack on the platform is invalid. */
function ownOf(platform: Platform): object {
  return platform === "eks" || platform === "kubernetes" ? { [platform]: own[platform] } : {};
}

/** Other settings that platform settings require, by the prefix of their path. */
const platformContexts: Record<string, object> = {
  "docker.host": { registry: { repository: "registry.example/team" } },
  "docker.registry": { registry: { repository: "registry.example/other", username: "a", password: "a" } },
  "docker.certificates": { certificates: [{ certificate: "a", key: "a" }] },
  "docker.networks": { networks: { a: { driver: "bridge", subnet: "10.9.0.0/16", services: ["third"] } } },
  "docker.volumes": { volumes: { "web.data": { driver: "a" } } },
  "swarm.host": { registry: { repository: "registry.example/team" } },
  "swarm.registry": { registry: { repository: "registry.example/other", username: "a", password: "a" } },
  "swarm.certificates": { certificates: [{ certificate: "a", key: "a" }] },
  "swarm.networks": { networks: { a: { driver: "bridge", subnet: "10.9.0.0/16", services: ["third"] } } },
  "swarm.volumes": { volumes: { "web.data": { driver: "a" } } },
  "swarm.proxies": { publish: "mesh" },
  "eks.access": {
    access: ["deploy", "other"].map((name) => ({ principalArn: `arn:aws:iam::111122223333:role/${name}`, policy: "ClusterAdmin" })),
  },
  "eks.loadBalancer.accessLogs": { loadBalancer: { accessLogs: { bucket: "other" } } },
  "eks.nodeGroups": {
    nodeGroups: {
      system: { instanceTypes: ["m8g.large"], minSize: 2, maxSize: 4 },
      batch: { instanceTypes: ["m8g.xlarge"], minSize: 1, maxSize: 5, taints: [{ key: "a", effect: "NO_EXECUTE" }] },
    },
  },
};

const platformValues: Record<string, unknown> = {
  "local.cluster": "shared",
  "eks.region": "eu-west-1",
  "eks.nodeGroups.*.instanceTypes": ["m8g.2xlarge"],
  "eks.nodeGroups.*.minSize": 3,
  "eks.nodeGroups.*.maxSize": 9,
  "kubernetes.userIds": "assigned",
  "docker.networks.*.services": ["fourth"],
  "swarm.networks.*.services": ["fourth"],
  "eks.domain.zoneId": "Z00000000000A",
  "eks.access.*.principalArn": "arn:aws:iam::111122223333:role/third",
  "eks.access.*.policy": "View",
};

/** Settings that are tested in other files, because they require settings that conflict with the ones in this file. */
const elsewhere: Record<string, string> = {
  "kubernetes.context": "platforms/kubernetes-stack.test.ts",
  "kubernetes.kubeconfig": "platforms/kubernetes-stack.test.ts",
  "kubernetes.registry": "platforms/kubernetes-stack.test.ts",
  "kubernetes.cluster": "platforms/kubernetes-stack.test.ts",
  "kubernetes.loadImages": "platforms/kubernetes-registries.test.ts",
  "kubernetes.registryAccess.username": "platforms/kubernetes-registries.test.ts",
  "kubernetes.registryAccess.password": "platforms/kubernetes-registries.test.ts",
  "kubernetes.registryAccess.ca": "platforms/kubernetes-registries.test.ts",
  "kubernetes.registryAccess.plainHttp": "platforms/kubernetes-registries.test.ts",
  "kubernetes.pullCredentials.username": "platforms/kubernetes-registries.test.ts",
  "kubernetes.pullCredentials.password": "platforms/kubernetes-registries.test.ts",
  "kubernetes.pullCredentials.fromDocker": "platforms/kubernetes-registries.test.ts",
  "kubernetes.state": "cli/state-stores.test.ts",
  "kubernetes.ports.http": "platforms/kubernetes-stack.test.ts",
  "kubernetes.ports.https": "platforms/kubernetes-stack.test.ts",
  "eks.domain.name": "platforms/eks-config.test.ts",
  "eks.network.connectedCidrs": "platforms/eks-config.test.ts",
  "eks.stack": "platforms/eks-stacks.test.ts",
  "eks.network.vpcId": "platforms/eks-stacks.test.ts",
};

describe.each(Object.values(Platform))("on %s", (platform) => {
  const cases = settingsBelow(settings.shape[platform])
    .filter((one) => !isGroup(one))
    .filter(({ path }) => !(`${platform}.${path.join(".")}` in elsewhere));
  test.each(cases.map((one) => [`${platform}.${one.path.join(".")}`, one] as const))(
    "%s is rejected or changes a resource",
    async (key, { path, definition }) => {
      const [, context] = Object.entries(platformContexts).find(([prefix]) => `${key}.`.startsWith(`${prefix}.`)) ?? [];
      const base = { ...own[platform], ...context };
      const at = concrete(path, base);
      // Without EKS Auto Mode, a host needs an ingress class.
      const exposed = key.startsWith("eks.nodeGroups") ? {} : { host };
      const changed = put(base, at, platformValues[key] ?? definition!.example) as object;
      const services = {
        web: { image, ...exposed, volumes: { data: { kind: "persistent", mountPath: "/b", size: "32Mi" } }, replicas: 1 },
        ...othersIn(base, changed),
      };
      const before = { services, [platform]: base };
      const after = { services, [platform]: changed };
      const found = await outcome(platform, { before, after, path: [platform, ...at] });
      expect(found).toBe(found === "rejected" ? "rejected" : "changes");
    },
  );
});
