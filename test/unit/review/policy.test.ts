import { readFileSync } from "node:fs";
import type { Properties } from "../../../lib/values.ts";
import { plain, unknown } from "../../../lib/values.ts";
import { impactsOf } from "../../../review/impact/impacts.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import { scoreOn } from "../../../review/policy/of-stack.ts";
import { policyRules } from "../../../review/policy/rules/all.ts";
import { formatScore, scoreOf } from "../../../review/policy/scorecard.ts";
import { policySettings } from "../../../config/schema/policy.ts";
import { readStack } from "../../../config/stack-file.ts";
import { stepOf } from "./preview-steps.ts";

const today = "2026-06-30";
let local: Registered[];
let prod: Registered[];
let docker: Registered[];
let swarm: Registered[];

beforeAll(async () => {
  local = await registrationsOf(readStack("local"));
  prod = await registrationsOf(readStack("prod"));
  docker = await registrationsOf(readStack("docker"));
  swarm = await registrationsOf(readStack("swarm"));
});

const score = (resources: Registered[], settings: object = {}, rules = policyRules) =>
  scoreOf(resources, policySettings.parse(settings), today, rules);
const found = (resources: Registered[], rules = policyRules) =>
  score(resources, {}, rules).findings.map(({ rule, severity, resource, message }) => `${rule}: ${severity}: ${resource} ${message}`);

test("the stacks that are there keep to every rule", async () => {
  for (const name of ["local", "docker", "swarm", "dev", "staging", "prod"])
    expect(found(await registrationsOf(readStack(name)))).toEqual([]);
});

test("what a preview does not know yet, as an image in a registry to be made, is as the program has it", async () => {
  const { urn, type, name, inputs } = prod.find((resource) => resource.type.endsWith(":Deployment"))!;
  const after = plain<Properties>(structuredClone(inputs));
  after["spec"].template.spec.containers[0].image = unknown;
  const scored = async () => {
    const impacts = impactsOf({ project: "slipway", stack: "prod", steps: [stepOf(type, "create", {}, after, { urn, name })] });
    return (await scoreOn(readStack("prod"), policySettings.parse({}), impacts, today)).score.findings.map(({ rule }) => rule);
  };
  expect(await scored()).toEqual([]);
  after["spec"].template.spec.containers[0].image = "r.example/web:1";
  expect(await scored()).toEqual(["image-by-digest"]);
});

/** The stack prod, or another, with one of its resources changed. */
const changed =
  (type: string, change: (inputs: Properties) => void, stack = () => prod) =>
  () => {
    const resources = stack().map((resource) => ({ ...resource, inputs: plain<Properties>(structuredClone(resource.inputs)) }));
    const resource = resources.find((one) => one.type.endsWith(`:${type}`) && !/slipway:index:\w+Host\$/.test(one.urn))!;
    change(resource.inputs);
    return resources;
  };
const pod = (change: (pod: Properties, container: Properties) => void) =>
  changed("Deployment", ({ spec }) => change(spec.template.spec, spec.template.spec.containers[0]));
const replica = (change: (container: Properties) => void) => changed("Container", change, () => docker);
const task = (change: (service: Properties) => void) =>
  changed(
    "Service",
    change,
    () => swarm.filter(({ type }) => type.startsWith("docker:")), // not the Service of Kubernetes
  );
const without = (type: string) => () => prod.filter((resource) => !resource.type.endsWith(`:${type}`));
const withMore = (type: string, inputs: Properties) => () => [...prod, { urn: "urn:x", type, name: "x", parent: undefined, inputs }];
const everybody = { fromPort: 22, toPort: 22, ipProtocol: "tcp", cidrIpv4: "0.0.0.0/0" };
const allow = (Action: string) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });

/** For every rule a change that breaks it and no other, and what is said then. */
const breaches: [rule: string, resources: () => Registered[], severity: string, says: string][] = [
  [
    "image-by-digest",
    pod((_, c) => (c["image"] = "r.example/web:1")),
    "error",
    "Deployment web app has an image by tag, which may be another one tomorrow",
  ],
  ["run-as-non-root", pod((p) => delete p["securityContext"].runAsNonRoot), "error", "Deployment web app may run as root"],
  [
    "no-privilege-escalation",
    pod((_, c) => delete c["securityContext"].allowPrivilegeEscalation),
    "error",
    "Deployment web app may gain more rights than it was started with",
  ],
  [
    "no-capabilities",
    pod((_, c) => delete c["securityContext"].capabilities),
    "error",
    "Deployment web app keeps capabilities of the kernel",
  ],
  [
    "seccomp-profile",
    pod((p) => (p["securityContext"].seccompProfile.type = "Unconfined")),
    "error",
    "Deployment web app may call every function of the kernel",
  ],
  [
    "no-privileged-container",
    pod((_, c) => (c["securityContext"].privileged = true)),
    "error",
    "Deployment web app is privileged: it is root on the node",
  ],
  ["no-host-namespaces", pod((p) => (p["hostPID"] = true)), "error", "Deployment web shares the network or the processes of its node"],
  [
    "no-host-path",
    pod((p) => (p["volumes"] = [{ name: "a", hostPath: { path: "/" } }])),
    "error",
    "Deployment web mounts a folder of its node",
  ],
  [
    "read-only-root",
    pod((_, c) => (c["securityContext"].readOnlyRootFilesystem = false)),
    "error",
    "Deployment web app may change its own program",
  ],
  ["readiness-probe", pod((_, c) => delete c["readinessProbe"]), "error", "Deployment web gets requests before it can answer them"],
  ["liveness-probe", pod((_, c) => delete c["livenessProbe"]), "warning", "Deployment web is not started anew when it hangs"],
  ["memory-limit", pod((_, c) => delete c["resources"].limits.memory), "error", "Deployment web app may take all memory of its node"],
  [
    "resource-requests",
    pod((_, c) => delete c["resources"].requests.cpu),
    "error",
    "Deployment web app says not how much CPU and memory it needs",
  ],
  [
    "no-account-token",
    pod((p) => delete p["automountServiceAccountToken"]),
    "warning",
    "Deployment web has a token of the Kubernetes API, and no use for it",
  ],
  ["graceful-shutdown", pod((p) => (p["terminationGracePeriodSeconds"] = 0)), "warning", "Deployment web is killed without notice"],
  [
    "several-pods",
    changed("HorizontalPodAutoscaler", ({ spec }) => (spec.minReplicas = 1)),
    "warning",
    "Deployment web has one pod; while it is away nobody answers",
  ],
  ["disruption-budget", without("PodDisruptionBudget"), "error", "Deployment web may lose all pods at once while nodes are drained"],
  ["network-policy", without("NetworkPolicy"), "error", "Deployment web is reached by every pod of the cluster"],
  ["spread-pods", pod((p) => delete p["topologySpreadConstraints"]), "warning", "Deployment web may have all pods on one node"],
  [
    "rollout-without-gap",
    changed("Deployment", ({ spec }) => (spec.strategy.rollingUpdate.maxUnavailable = 1)),
    "warning",
    "Deployment web has fewer pods than it should during an update",
  ],
  [
    "no-plain-secret",
    pod((_, c) => c["env"].push({ name: "DB_PASSWORD", value: "hunter22" })),
    "error",
    "Deployment web has DB_PASSWORD where everybody may read it",
  ],
  [
    "restricted-namespace",
    changed("Namespace", ({ metadata }) => (metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline")),
    "error",
    "Namespace services takes pods that may do harm to their node",
  ],
  [
    "no-open-service",
    changed("Service", ({ spec }) => (spec.type = "LoadBalancer")),
    "warning",
    "Service web is reached from outside, past the ingress controller (LoadBalancer)",
  ],
  [
    "ingress-by-host",
    changed("Ingress", ({ spec }) => (spec.defaultBackend = { service: { name: "web" } })),
    "error",
    "Ingress web answers to every name",
  ],
  [
    "ingress-tls",
    changed("Ingress", ({ spec, metadata }) => [delete spec.tls, delete metadata.annotations["alb.ingress.kubernetes.io/listen-ports"]]),
    "warning",
    "Ingress web is reached without HTTPS",
  ],
  [
    "no-wildcard-rights",
    withMore("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", { rules: [{ resources: ["pods"], verbs: ["*"] }] }),
    "error",
    "ClusterRole x allows whatever there is, and will be",
  ],
  [
    "no-cluster-admin",
    withMore("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", { roleRef: { name: "cluster-admin" } }),
    "error",
    "ClusterRoleBinding x hands out every right in the cluster",
  ],
  [
    "encrypted-volumes",
    changed("StorageClass", ({ parameters }) => delete parameters.encrypted),
    "error",
    "StorageClass slipway-prod-gp3 makes volumes that are not encrypted",
  ],
  [
    "private-api-endpoint",
    changed("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPublicAccess = true)),
    "error",
    "Cluster slipway-prod has an API that everybody on the internet reaches",
  ],
  [
    "encrypted-cluster-secrets",
    changed("Cluster", (inputs) => delete inputs["encryptionConfig"]),
    "error",
    "Cluster slipway-prod does not encrypt its Secrets with a key of one's own",
  ],
  [
    "cluster-logs",
    changed("Cluster", (inputs) => (inputs["enabledClusterLogTypes"] = ["api"])),
    "error",
    "Cluster slipway-prod writes no logs of audit, authenticator",
  ],
  [
    "access-by-entries",
    changed("Cluster", ({ accessConfig }) => (accessConfig.authenticationMode = "API_AND_CONFIG_MAP")),
    "error",
    "Cluster slipway-prod lets in others than its access entries name",
  ],
  [
    "immutable-tags",
    changed("Repository", (inputs) => (inputs["imageTagMutability"] = "MUTABLE")),
    "error",
    "Repository web lets a tag become another image",
  ],
  [
    "encrypted-repository",
    changed("Repository", (inputs) => delete inputs["encryptionConfigurations"]),
    "error",
    "Repository web is not encrypted with a key of one's own",
  ],
  [
    "scan-on-push",
    changed("Repository", (inputs) => delete inputs["imageScanningConfiguration"]),
    "warning",
    "Repository web does not look for vulnerabilities in images",
  ],
  ["key-rotation", changed("Key", (inputs) => delete inputs["enableKeyRotation"]), "error", "Key slipway-prod is never rotated"],
  [
    "no-wildcard-actions",
    changed("RolePolicy", (inputs) => (inputs["policy"] = allow("s3:*"))),
    "error",
    "RolePolicy slipway-prod allows every action, of a service or of all",
  ],
  [
    "no-administrator",
    changed("RolePolicyAttachment", (inputs) => (inputs["policyArn"] = "arn:aws:iam::aws:policy/AdministratorAccess")),
    "error",
    "RolePolicyAttachment x hands out every right in the account",
  ],
  [
    "closed-ports",
    withMore("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", everybody),
    "error",
    "SecurityGroupIngressRule x lets everybody in at other ports than 80 and 443",
  ],
  [
    "no-public-addresses",
    changed("Subnet", (inputs) => (inputs["mapPublicIpOnLaunch"] = true)),
    "error",
    "Subnet x hands out public addresses by itself",
  ],
  [
    "metadata-by-token",
    withMore("aws:ec2/launchTemplate:LaunchTemplate", {}),
    "error",
    "LaunchTemplate x hands out its role's credentials to whoever can send it a request",
  ],
  ["logs-end", changed("LogGroup", (inputs) => delete inputs["retentionInDays"]), "warning", "LogGroup x is kept, and paid for, for ever"],
  [
    "encrypted-logs",
    changed("LogGroup", (inputs) => delete inputs["kmsKeyId"]),
    "warning",
    "LogGroup x is not encrypted with a key of one's own",
  ],
  [
    "container-image-by-digest",
    replica((c) => (c["image"] = "r.example/web:1")),
    "error",
    "Container slipway-docker-web-1 has an image by tag, which may be another one tomorrow",
  ],
  ["container-non-root", replica((c) => (c["user"] = "0:0")), "error", "Container slipway-docker-web-1 may run as root"],
  [
    "container-read-only-root",
    task(({ taskSpec }) => delete taskSpec.containerSpec.readOnly),
    "error",
    "Service slipway-swarm-web may change its own program",
  ],
  [
    "container-no-capabilities",
    task(({ taskSpec }) => (taskSpec.containerSpec.capDrops = ["NET_RAW"])),
    "error",
    "Service slipway-swarm-web keeps capabilities of the kernel",
  ],
  [
    "container-no-new-privileges",
    replica((c) => delete c["securityOpts"]),
    "error",
    "Container slipway-docker-web-1 may gain more rights than it was started with",
  ],
  [
    "container-not-privileged",
    replica((c) => (c["pidMode"] = "host")),
    "error",
    "Container slipway-docker-web-1 is privileged, or shares namespaces of the machine",
  ],
  [
    "container-no-host-folder",
    replica((c) => c["volumes"].push({ hostPath: "/var/run/docker.sock", containerPath: "/s" })),
    "error",
    "Container slipway-docker-web-1 mounts /var/run/docker.sock of its machine",
  ],
  [
    "container-no-plain-secret",
    task(({ taskSpec }) => (taskSpec.containerSpec.env.DB_PASSWORD = "hunter22")),
    "warning",
    "Service slipway-swarm-web has DB_PASSWORD as a variable, which everybody who may use the engine reads",
  ],
  [
    "container-memory-limit",
    task(({ taskSpec }) => delete taskSpec.resources.limits),
    "error",
    "Service slipway-swarm-web may take all memory of its machine",
  ],
  [
    "container-health-check",
    replica((c) => (c["healthcheck"].tests = ["NONE"])),
    "error",
    "Container slipway-docker-web-1 is taken for healthy whatever it does",
  ],
  [
    "container-bounded-logs",
    replica((c) => delete c["logOpts"]),
    "warning",
    "Container slipway-docker-web-1 fills the disk with its logs in time",
  ],
  ["container-restart", replica((c) => delete c["restart"]), "error", "Container slipway-docker-web-1 stays away once it has ended"],
  [
    "container-behind-proxy",
    task(({ endpointSpec }) => (endpointSpec.ports = [{ publishedPort: 80, targetPort: 8080 }])),
    "warning",
    "Service slipway-swarm-web is reached from outside, past the proxy, at 80",
  ],
  [
    "swarm-rollback",
    task(({ updateConfig }) => (updateConfig.failureAction = "pause")),
    "warning",
    "Service slipway-swarm-web stays half-way where a new version does not come up",
  ],
  [
    "swarm-several-tasks",
    task(({ mode }) => (mode.replicated.replicas = 1)),
    "warning",
    "Service slipway-swarm-web has one task; while it is away nobody answers",
  ],
];

/** The first of a kind has a name that is no matter here. */
const nameless = (line: string) => line.replace(/(RolePolicy|RolePolicyAttachment|Subnet|LogGroup|Key|StorageClass) [\w-]+ /, "$1 x ");

test.each(breaches)("what breaks %s is found by it and by no other, and without it by none", (rule, resources, severity, says) => {
  expect(found(resources()).map(nameless)).toEqual([nameless(`${rule}: ${severity}: ${says}`)]);
  const others = policyRules.filter(({ id }) => id !== rule);
  expect(found(resources(), others)).toEqual([]);
});

test("every rule has a breach, and there are at least 25", () => {
  expect(breaches.map(([rule]) => rule)).toEqual(policyRules.map(({ id }) => id));
  expect(policyRules.length).toBeGreaterThanOrEqual(25);
});

test("every rule says what to do, and where it is from", () => {
  for (const { remedy, reference } of policyRules) {
    expect(remedy).toMatch(/^[A-Z].*\.$|…$/);
    expect(new URL(reference).protocol).toBe("https:");
  }
});

test("a secret that Pulumi marks is found where everybody may read it", () => {
  const resources = pod((_, container) =>
    container["env"].push({
      name: "GREETING",
      value: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" },
    }),
  )();
  expect(found(resources)).toEqual(["no-plain-secret: error: Deployment web has GREETING where everybody may read it"]);
});

describe("a score", () => {
  const byTag = pod((_, container) => (container["image"] = "r.example/web:1"));
  const exception = { rule: "image-by-digest", resource: "Deployment web", reason: "mirror has no digests", until: today };

  test("falls with what is broken, errors more than warnings, and rules about nothing do not count", () => {
    expect(score([])).toMatchObject({ points: 100, rules: 0 });
    const warned = pod((_, container) => delete container["livenessProbe"]);
    const [error, warning] = [score(byTag()), score(warned())];
    expect([score(prod).points, warning.points, error.points]).toEqual([100, 98, 96]);
    expect([error.kept, error.rules]).toEqual([39, 40]);
  });

  test("takes other severities, and rules that are off do not count", () => {
    expect(score(byTag(), { severities: { "image-by-digest": "warning" } }).findings).toMatchObject([{ severity: "warning" }]);
    expect(score(byTag(), { severities: { "image-by-digest": "off" } })).toMatchObject({ points: 100, rules: 39, findings: [] });
  });

  test("lets an exception excuse one resource of one rule until its last day", () => {
    expect(score(byTag(), { exceptions: [exception] })).toMatchObject({ points: 100, findings: [], problems: [], excused: [exception] });
    expect(score(byTag(), { exceptions: [{ ...exception, resource: "Deployment api" }] })).toMatchObject({
      findings: [{ rule: "image-by-digest" }],
      needless: ['slipway:policy.exceptions.0: the exception from image-by-digest for "Deployment api" excuses nothing; remove it'],
    });
    expect(score(byTag(), { exceptions: [{ ...exception, until: "2026-06-29" }] })).toMatchObject({
      findings: [{ rule: "image-by-digest" }],
      excused: [],
      problems: [
        'slipway:policy.exceptions.0: the exception from image-by-digest for "Deployment web" ended on 2026-06-29: mend what it excused, or set another date',
      ],
    });
  });

  test("is told of in words", () => {
    expect(formatScore(score(byTag(), { exceptions: [{ ...exception, resource: "x" }] }), "prod")).toBe(
      `policy of stack "prod": 96 of 100 points, 39 of 40 rules kept
  error  Deployment web: app has an image by tag, which may be another one tomorrow
      Name the image by digest: repository@sha256:… (image-by-digest: https://kubernetes.io/docs/concepts/containers/images/#image-names)
  slipway:policy.exceptions.0: the exception from image-by-digest for "x" excuses nothing; remove it`,
    );
  });

  test("refuses exceptions without reason or end, and rules that there are not", () => {
    const { error } = policySettings.safeParse({
      severities: { "no-such-rule": "off" },
      exceptions: [{ rule: "image-by-digest", resource: "Deployment web" }],
    });
    expect(error!.issues.map(({ path }) => path.join("."))).toEqual(["severities", "exceptions.0.reason", "exceptions.0.until"]);
  });
});

test("a local host needs no HTTPS, any other does", () => {
  const withHost = (host: string) =>
    local.map((r) => (r.type.endsWith(":Ingress") ? { ...r, inputs: { ...r.inputs, spec: { rules: [{ host }] } } } : r));
  expect(found(withHost("shop.localhost"))).toEqual([]);
  expect(found(withHost("shop.example.org"))).toEqual(["ingress-tls: warning: Ingress web is reached without HTTPS"]);
});

test("the stack files of the project say nothing against the rules", () => {
  for (const name of ["local", "docker", "swarm", "dev", "staging", "prod"])
    expect(readFileSync(`stacks/Pulumi.${name}.yaml`, "utf8")).not.toContain("slipway:policy");
});
