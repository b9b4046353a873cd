import { readFileSync } from "node:fs";
import type { Properties } from "../../../lib/values.ts";
import { plain, unknown } from "../../../lib/values.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import { policyRules } from "../../../review/policy/rules/all.ts";
import { formatScore, scoreOf } from "../../../review/policy/scorecard.ts";
import { scoreOfStack } from "../../../review/policy/stack-score.ts";
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
  prod = (await registrationsOf(readStack("prod"))).map(signed);
  docker = await registrationsOf(readStack("docker"));
  swarm = await registrationsOf(readStack("swarm"));
});

/** The stacks of the project have no key of their own: whoever uses them decides on one. */
const signed = (resource: Registered): Registered =>
  resource.type.endsWith(":RegistryPush")
    ? { ...resource, inputs: { ...resource.inputs, attestations: `${resource.inputs["attestations"]} signature x` } }
    : resource;

const score = (resources: Registered[], settings: object = {}, rules = policyRules) =>
  scoreOf(resources, policySettings.parse(settings), today, rules);
const found = (resources: Registered[], rules = policyRules) =>
  score(resources, {}, rules).findings.map(({ rule, severity, resource, message }) => `${rule}: ${severity}: ${resource} ${message}`);

test("all stacks of the project pass every rule, except that images for AWS are not signed", async () => {
  for (const name of ["local", "docker", "swarm"]) expect(found(await registrationsOf(readStack(name)))).toEqual([]);
  for (const name of ["dev", "staging", "prod"]) {
    const resources = await registrationsOf(readStack(name));
    expect(found(resources)).toEqual(["image-signed: warning: RegistryPush web pushes an image that is not signed"]);
    expect(found(resources.map(signed))).toEqual([]);
  }
});

test("an unknown value in a preview, such as an image in a new registry, is taken from the program", async () => {
  const { urn, type, name, inputs } = prod.find((resource) => resource.type.endsWith(":Deployment"))!;
  const after = plain<Properties>(structuredClone(inputs));
  after["spec"].template.spec.containers[0].image = unknown;
  const scored = async () => {
    const impacts = impactsOf({ project: "slipway", stack: "prod", steps: [stepOf(type, "create", {}, after, { urn, name })] });
    const settings = policySettings.parse({ severities: { "image-signed": "off" } });
    return (await scoreOfStack(readStack("prod"), settings, impacts, today)).score.findings.map(({ rule }) => rule);
  };
  expect(await scored()).toEqual([]);
  after["spec"].template.spec.containers[0].image = "r.example/web:1";
  expect(await scored()).toEqual(["image-by-digest"]);
});

/** A stack with one changed resource. */
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
    () => swarm.filter(({ type }) => type.startsWith("docker:")), // without the Services of Kubernetes
  );
const without = (type: string) => () => prod.filter((resource) => !resource.type.endsWith(`:${type}`));
const withMore = (type: string, inputs: Properties) => () => [...prod, { urn: "urn:x", type, name: "x", parent: undefined, inputs }];
const openToAll = { fromPort: 22, toPort: 22, ipProtocol: "tcp", cidrIpv4: "0.0.0.0/0" };
const allow = (Action: string) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*" }] });

/** For each rule, a change that violates it and no other rule, with the finding. */
const violations: [rule: string, resources: () => Registered[], severity: string, finding: string][] = [
  [
    "image-by-digest",
    pod((_, c) => (c["image"] = "r.example/web:1")),
    "error",
    "Deployment web uses an image by tag, which can be overwritten (container app)",
  ],
  ["run-as-non-root", pod((p) => delete p["securityContext"].runAsNonRoot), "error", "Deployment web may run as root (container app)"],
  [
    "no-privilege-escalation",
    pod((_, c) => delete c["securityContext"].allowPrivilegeEscalation),
    "error",
    "Deployment web allows privilege escalation (container app)",
  ],
  [
    "no-capabilities",
    pod((_, c) => delete c["securityContext"].capabilities),
    "error",
    "Deployment web keeps Linux capabilities (container app)",
  ],
  [
    "seccomp-profile",
    pod((p) => (p["securityContext"].seccompProfile.type = "Unconfined")),
    "error",
    "Deployment web runs without a seccomp profile (container app)",
  ],
  [
    "no-privileged-container",
    pod((_, c) => (c["securityContext"].privileged = true)),
    "error",
    "Deployment web runs privileged, which is root access to the node (container app)",
  ],
  [
    "no-host-namespaces",
    pod((p) => (p["hostPID"] = true)),
    "error",
    "Deployment web shares the network, process or IPC namespace of its node",
  ],
  [
    "no-host-path",
    pod((p) => (p["volumes"] = [{ name: "a", hostPath: { path: "/" } }])),
    "error",
    "Deployment web mounts a directory of its node (hostPath)",
  ],
  [
    "read-only-root",
    pod((_, c) => (c["securityContext"].readOnlyRootFilesystem = false)),
    "error",
    "Deployment web has a writable root filesystem (container app)",
  ],
  [
    "readiness-probe",
    pod((_, c) => delete c["readinessProbe"]),
    "error",
    "Deployment web has no readiness probe, so it gets requests before it is ready",
  ],
  [
    "liveness-probe",
    pod((_, c) => delete c["livenessProbe"]),
    "warning",
    "Deployment web has no liveness probe, so it is not restarted when it hangs",
  ],
  ["memory-limit", pod((_, c) => delete c["resources"].limits.memory), "error", "Deployment web has no memory limit (container app)"],
  [
    "resource-requests",
    pod((_, c) => delete c["resources"].requests.cpu),
    "error",
    "Deployment web has no CPU request or no memory request (container app)",
  ],
  [
    "no-account-token",
    pod((p) => delete p["automountServiceAccountToken"]),
    "warning",
    "Deployment web mounts a token for the Kubernetes API, but its service account has no permissions",
  ],
  [
    "graceful-shutdown",
    pod((p) => (p["terminationGracePeriodSeconds"] = 0)),
    "warning",
    "Deployment web has a grace period of 0 s, so its pods are killed during requests",
  ],
  [
    "several-pods",
    changed("HorizontalPodAutoscaler", ({ spec }) => (spec.minReplicas = 1)),
    "warning",
    "Deployment web has one replica, so requests fail while its pod restarts",
  ],
  [
    "disruption-budget",
    without("PodDisruptionBudget"),
    "error",
    "Deployment web has no PodDisruptionBudget, so draining nodes can stop all its pods at once",
  ],
  ["network-policy", without("NetworkPolicy"), "error", "Deployment web has no NetworkPolicy, so every pod in the cluster can reach it"],
  ["spread-pods", pod((p) => delete p["topologySpreadConstraints"]), "warning", "Deployment web can have all its pods on one node"],
  [
    "rollout-without-gap",
    changed("Deployment", ({ spec }) => (spec.strategy.rollingUpdate.maxUnavailable = 1)),
    "warning",
    "Deployment web runs fewer pods than replicas during a rollout",
  ],
  [
    "no-plain-secret",
    pod((_, c) => c["env"].push({ name: "DB_PASSWORD", value: "hunter22" })),
    "error",
    "Deployment web has DB_PASSWORD in plain text",
  ],
  [
    "restricted-namespace",
    changed("Namespace", ({ metadata }) => (metadata.labels["pod-security.kubernetes.io/enforce"] = "baseline")),
    "error",
    'Namespace services does not enforce the Pod Security Standard "restricted"',
  ],
  [
    "no-open-service",
    changed("Service", ({ spec }) => (spec.type = "LoadBalancer")),
    "warning",
    "Service web is open to every address (type LoadBalancer without source ranges)",
  ],
  [
    "ingress-by-host",
    changed("Ingress", ({ spec }) => (spec.defaultBackend = { service: { name: "web" } })),
    "error",
    "Ingress web accepts requests for any host",
  ],
  [
    "ingress-tls",
    changed("Ingress", ({ spec, metadata }) => [delete spec.tls, delete metadata.annotations["alb.ingress.kubernetes.io/listen-ports"]]),
    "warning",
    "Ingress web has no TLS",
  ],
  [
    "no-wildcard-rights",
    withMore("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", { rules: [{ resources: ["pods"], verbs: ["*"] }] }),
    "error",
    "ClusterRole x allows all verbs or all resources (*)",
  ],
  [
    "no-cluster-admin",
    withMore("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", { roleRef: { name: "cluster-admin" } }),
    "error",
    "ClusterRoleBinding x grants all permissions in the cluster",
  ],
  [
    "encrypted-volumes",
    changed("StorageClass", ({ parameters }) => delete parameters.encrypted),
    "error",
    "StorageClass slipway-prod-gp3 creates unencrypted volumes",
  ],
  [
    "private-api-endpoint",
    changed("Cluster", ({ vpcConfig }) => (vpcConfig.endpointPublicAccess = true)),
    "error",
    "Cluster slipway-prod exposes the Kubernetes API to the internet",
  ],
  [
    "encrypted-cluster-secrets",
    changed("Cluster", (inputs) => delete inputs["encryptionConfig"]),
    "error",
    "Cluster slipway-prod does not encrypt Secrets with a customer managed key",
  ],
  [
    "cluster-logs",
    changed("Cluster", (inputs) => (inputs["enabledClusterLogTypes"] = ["api"])),
    "error",
    "Cluster slipway-prod does not write logs of the type audit, authenticator",
  ],
  [
    "access-by-entries",
    changed("Cluster", ({ accessConfig }) => (accessConfig.authenticationMode = "API_AND_CONFIG_MAP")),
    "error",
    "Cluster slipway-prod grants access by other means than access entries",
  ],
  [
    "immutable-tags",
    changed("Repository", (inputs) => (inputs["imageTagMutability"] = "MUTABLE")),
    "error",
    "Repository web allows tags to be overwritten",
  ],
  [
    "encrypted-repository",
    changed("Repository", (inputs) => delete inputs["encryptionConfigurations"]),
    "error",
    "Repository web is not encrypted with a customer managed key",
  ],
  [
    "scan-on-push",
    changed("Repository", (inputs) => delete inputs["imageScanningConfiguration"]),
    "warning",
    "Repository web does not scan images for vulnerabilities",
  ],
  ["key-rotation", changed("Key", (inputs) => delete inputs["enableKeyRotation"]), "error", "Key slipway-prod is not rotated"],
  [
    "no-wildcard-actions",
    changed("RolePolicy", (inputs) => (inputs["policy"] = allow("s3:*"))),
    "error",
    "RolePolicy slipway-prod allows all actions of a service (*)",
  ],
  [
    "no-administrator",
    changed("RolePolicyAttachment", (inputs) => (inputs["policyArn"] = "arn:aws:iam::aws:policy/AdministratorAccess")),
    "error",
    "RolePolicyAttachment x grants administrator permissions",
  ],
  [
    "closed-ports",
    withMore("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", openToAll),
    "error",
    "SecurityGroupIngressRule x allows inbound traffic from anywhere to ports other than 80 and 443",
  ],
  [
    "no-public-addresses",
    changed("Subnet", (inputs) => (inputs["mapPublicIpOnLaunch"] = true)),
    "error",
    "Subnet x assigns public IP addresses by default",
  ],
  [
    "metadata-by-token",
    withMore("aws:ec2/launchTemplate:LaunchTemplate", {}),
    "error",
    "LaunchTemplate x does not require IMDSv2, so a forged request can read the credentials of its role",
  ],
  ["logs-end", changed("LogGroup", (inputs) => delete inputs["retentionInDays"]), "warning", "LogGroup x keeps logs forever"],
  [
    "encrypted-logs",
    changed("LogGroup", (inputs) => delete inputs["kmsKeyId"]),
    "warning",
    "LogGroup x is not encrypted with a customer managed key",
  ],
  [
    "container-image-by-digest",
    replica((c) => (c["image"] = "r.example/web:1")),
    "error",
    "Container slipway-docker-web-1 uses an image by tag, which can be overwritten",
  ],
  ["container-non-root", replica((c) => (c["user"] = "0:0")), "error", "Container slipway-docker-web-1 may run as root"],
  [
    "container-read-only-root",
    task(({ taskSpec }) => delete taskSpec.containerSpec.readOnly),
    "error",
    "Service slipway-swarm-web has a writable root filesystem",
  ],
  [
    "container-no-capabilities",
    task(({ taskSpec }) => (taskSpec.containerSpec.capDrops = ["NET_RAW"])),
    "error",
    "Service slipway-swarm-web keeps Linux capabilities",
  ],
  [
    "container-no-new-privileges",
    replica((c) => delete c["securityOpts"]),
    "error",
    "Container slipway-docker-web-1 allows privilege escalation",
  ],
  [
    "container-not-privileged",
    replica((c) => (c["pidMode"] = "host")),
    "error",
    "Container slipway-docker-web-1 runs privileged, or shares a namespace of the host",
  ],
  [
    "container-no-host-folder",
    replica((c) => c["volumes"].push({ hostPath: "/var/run/docker.sock", containerPath: "/s" })),
    "error",
    "Container slipway-docker-web-1 mounts /var/run/docker.sock of the host",
  ],
  [
    "container-no-plain-secret",
    task(({ taskSpec }) => (taskSpec.containerSpec.env.DB_PASSWORD = "hunter22")),
    "warning",
    "Service slipway-swarm-web has DB_PASSWORD as an environment variable, which every user of Docker can read",
  ],
  [
    "container-memory-limit",
    task(({ taskSpec }) => delete taskSpec.resources.limits),
    "error",
    "Service slipway-swarm-web has no memory limit",
  ],
  [
    "container-health-check",
    replica((c) => (c["healthcheck"].tests = ["NONE"])),
    "error",
    "Container slipway-docker-web-1 has no health check",
  ],
  [
    "container-bounded-logs",
    replica((c) => delete c["logOpts"]),
    "warning",
    "Container slipway-docker-web-1 has no limit on the size of its logs",
  ],
  ["container-restart", replica((c) => delete c["restart"]), "error", "Container slipway-docker-web-1 is not restarted after it exits"],
  [
    "container-behind-proxy",
    task(({ endpointSpec }) => (endpointSpec.ports = [{ publishedPort: 80, targetPort: 8080 }])),
    "warning",
    "Service slipway-swarm-web publishes ports that bypass the proxy (80)",
  ],
  [
    "swarm-rollback",
    task(({ updateConfig }) => (updateConfig.failureAction = "pause")),
    "warning",
    "Service slipway-swarm-web does not roll back a failed update",
  ],
  [
    "swarm-several-tasks",
    task(({ mode }) => (mode.replicated.replicas = 1)),
    "warning",
    "Service slipway-swarm-web has one task, so requests fail while it restarts",
  ],
  [
    "image-attested",
    changed("RegistryPush", (push) => (push["attestations"] = "provenance signature kms:alias/slipway")),
    "warning",
    "RegistryPush web pushes an image without bill of materials",
  ],
  [
    "image-signed",
    changed("RegistryPush", (push) => (push["attestations"] = "sbom provenance")),
    "warning",
    "RegistryPush web pushes an image that is not signed",
  ],
];

/** Removes the names of resources, which do not matter here. */
const nameless = (line: string) => line.replace(/(RolePolicy|RolePolicyAttachment|Subnet|LogGroup|Key|StorageClass) [\w-]+ /, "$1 x ");

test.each(violations)("only the rule %s finds its violation", (rule, resources, severity, finding) => {
  expect(found(resources()).map(nameless)).toEqual([nameless(`${rule}: ${severity}: ${finding}`)]);
  const others = policyRules.filter(({ id }) => id !== rule);
  expect(found(resources(), others)).toEqual([]);
});

test("an image that Docker builds has its attestations from another resource, and nobody else pulls one in a registry on this machine", () => {
  const [urn, image] = ["urn", { type: "docker:index/image:Image", name: "web", parent: undefined }];
  const built = (imageName: string) => ({ urn, ...image, inputs: { imageName } });
  const attested = { urn, ...image, type: "pulumi-nodejs:dynamic/slipway:ImageAttestations", inputs: { attestations: "sbom provenance" } };
  expect(found([built("registry.example/web:1")])).toEqual([
    "image-attested: warning: Image web pushes an image without bill of materials and provenance",
    "image-signed: warning: Image web pushes an image that is not signed",
  ]);
  expect(found([built("registry.example/web:1"), attested])).toEqual([
    "image-signed: warning: Image web pushes an image that is not signed",
  ]);
  expect(found([built("127.0.0.1:5001/web:1")])).toEqual([]);
});

test("every rule has a violation, and there are at least 25 rules", () => {
  expect(violations.map(([rule]) => rule)).toEqual(policyRules.map(({ id }) => id));
  expect(policyRules.length).toBeGreaterThanOrEqual(25);
});

test("every rule has a remedy and a reference", () => {
  for (const { remedy, reference } of policyRules) {
    expect(remedy).toMatch(/^[A-Z].*\.$|…$/);
    expect(new URL(reference).protocol).toBe("https:");
  }
});

test("a value that Pulumi marks as secret is reported if it is in plain text", () => {
  const resources = pod((_, container) =>
    container["env"].push({
      name: "GREETING",
      value: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" },
    }),
  )();
  expect(found(resources)).toEqual(["no-plain-secret: error: Deployment web has GREETING in plain text"]);
});

describe("a score", () => {
  const byTag = pod((_, container) => (container["image"] = "r.example/web:1"));
  const exception = { rule: "image-by-digest", resource: "Deployment web", reason: "mirror has no digests", until: today };

  test("falls with each violated rule, more for errors than for warnings; rules without resources do not count", () => {
    expect(score([])).toMatchObject({ points: 100, rules: 0 });
    const warned = pod((_, container) => delete container["livenessProbe"]);
    const [error, warning] = [score(byTag()), score(warned())];
    expect([score(prod).points, warning.points, error.points]).toEqual([100, 99, 97]);
    expect([error.passed, error.rules]).toEqual([41, 42]);
  });

  test("uses the severities of the settings; rules that are off do not count", () => {
    expect(score(byTag(), { severities: { "image-by-digest": "warning" } }).findings).toMatchObject([{ severity: "warning" }]);
    expect(score(byTag(), { severities: { "image-by-digest": "off" } })).toMatchObject({ points: 100, rules: 41, findings: [] });
  });

  test("accepts an exception for one resource and one rule until its last day", () => {
    expect(score(byTag(), { exceptions: [exception] })).toMatchObject({ points: 100, findings: [], problems: [], exceptions: [exception] });
    expect(score(byTag(), { exceptions: [{ ...exception, resource: "Deployment api" }] })).toMatchObject({
      findings: [{ rule: "image-by-digest" }],
      unusedExceptions: ["slipway:policy.exceptions[0]: matches no finding (image-by-digest, Deployment api). Remove it."],
    });
    expect(score(byTag(), { exceptions: [{ ...exception, until: "2026-06-29" }] })).toMatchObject({
      findings: [{ rule: "image-by-digest" }],
      exceptions: [],
      problems: [
        "slipway:policy.exceptions[0]: expired on 2026-06-29 (image-by-digest, Deployment web). Fix the finding, or extend the exception.",
      ],
    });
  });

  test("is printed with its findings and unused exceptions", () => {
    expect(formatScore(score(byTag(), { exceptions: [{ ...exception, resource: "x" }] }), "prod")).toBe(
      `policy of stack "prod": 97 of 100 points, 41 of 42 rules passed
  error  Deployment web uses an image by tag, which can be overwritten (container app)
      Use the image by digest: repository@sha256:… (image-by-digest: https://kubernetes.io/docs/concepts/containers/images/#image-names)
  slipway:policy.exceptions[0]: matches no finding (image-by-digest, x). Remove it.`,
    );
  });

  test("rejects exceptions without a reason or an end, and unknown rules", () => {
    const { error } = policySettings.safeParse({
      severities: { "no-such-rule": "off" },
      exceptions: [{ rule: "image-by-digest", resource: "Deployment web" }],
    });
    expect(error!.issues.map(({ path }) => path.join("."))).toEqual(["severities", "exceptions.0.reason", "exceptions.0.until"]);
  });
});

test("an Ingress needs TLS, except for localhost", () => {
  const withHost = (host: string) =>
    local.map((r) => (r.type.endsWith(":Ingress") ? { ...r, inputs: { ...r.inputs, spec: { rules: [{ host }] } } } : r));
  expect(found(withHost("shop.localhost"))).toEqual([]);
  expect(found(withHost("shop.example.org"))).toEqual(["ingress-tls: warning: Ingress web has no TLS"]);
});

test("the stack files of the project change no policy settings", () => {
  for (const name of ["local", "docker", "swarm", "dev", "staging", "prod"])
    expect(readFileSync(`stacks/Pulumi.${name}.yaml`, "utf8")).not.toContain("slipway:policy");
});
