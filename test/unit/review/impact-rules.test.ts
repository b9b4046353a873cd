import { unknown } from "../../../lib/values.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { stepOf } from "./preview-steps.ts";

const found = (step: Step) =>
  impactsOf({ project: "slipway", stack: "test", steps: [step] }).flatMap(({ findings }) =>
    findings.map(({ impact, reason }) => `${impact}: ${reason}`),
  );

const updated = (type: string) => (before: object, after: object) => stepOf(type, "update", before, after);
const deployment = updated("kubernetes:apps/v1:Deployment");
const statefulSet = updated("kubernetes:apps/v1:StatefulSet");
/** A change of the template with these further properties. */
const rollOf = (update: typeof deployment) => (spec: object) =>
  update({ spec: { ...spec, template: { a: 1 } } }, { spec: { ...spec, template: { a: 2 } } });
const roll = (maxUnavailable: unknown, replicas?: number) =>
  rollOf(deployment)({ replicas, strategy: { rollingUpdate: { maxUnavailable } } });
const rollSet = rollOf(statefulSet);
const retention = (before: object | undefined, after: object | undefined) =>
  statefulSet({ spec: { persistentVolumeClaimRetentionPolicy: before } }, { spec: { persistentVolumeClaimRetentionPolicy: after } });

const replaced = "rolling update: spec.template.a changed: pods are replaced";
const noPods = "restart with downtime: spec.template.a changed: maxUnavailable allows all pods to be unavailable during the rollout";
const onlyPod = "restart with downtime: spec.template.a changed: a StatefulSet stops its only pod before it starts the new one";
const later = "metadata: spec.template.a changed: each pod keeps the old template until it is deleted (update strategy OnDelete)";
const retains = (property: string) =>
  `data loss: spec.persistentVolumeClaimRetentionPolicy.${property} changed: from now on, volumes are deleted when the StatefulSet scales down or is deleted`;

const scaled = (type: typeof deployment, before: unknown, after: unknown, policy?: object) =>
  type(
    { spec: { replicas: before, persistentVolumeClaimRetentionPolicy: policy } },
    { spec: { replicas: after, persistentVolumeClaimRetentionPolicy: policy } },
  );
const deletesScaled = { whenScaled: "Delete" };
const keptLater = (property: string) =>
  `metadata: spec.persistentVolumeClaimRetentionPolicy.${property} changed: applies from the next rollout`;
const deletesVolumes = (change: string) =>
  `data loss: ${change} replicas: the volumes of the removed pods are deleted (whenScaled: Delete)`;

const namespaceLabels = (before: unknown, after: unknown) =>
  updated("kubernetes:core/v1:Namespace")({ metadata: { labels: before } }, { metadata: { labels: after } });
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };

const kubernetes: [situation: string, step: Step, expected: string][] = [
  ["a rollout of one pod by default", roll(undefined), replaced],
  ["a rollout that may stop all pods", roll(3, 3), noPods],
  ["a rollout that may stop all pods but one", roll(2, 3), replaced],
  ["a rollout that may stop the only pod", roll(1), noPods],
  ["a rollout that may stop 100 % of the pods", roll("100%", 2), noPods],
  ["a rollout that may stop 99 % of the pods, rounded down", roll("99%", 2), replaced],
  ["a rollout that may stop a number of pods, written as a text", roll("2", 2), noPods],
  ["a rollout of several pods of a StatefulSet", rollSet({ replicas: 2 }), replaced],
  ["a rollout of the only pod of a StatefulSet, by default", rollSet({}), onlyPod],
  ["a rollout of a StatefulSet that waits until pods are deleted", rollSet({ updateStrategy: { type: "OnDelete" } }), later],
  ["volumes that are deleted from now on", retention({ whenScaled: "Retain" }, { whenScaled: "Delete" }), retains("whenScaled")],
  ["volumes that are deleted with the StatefulSet from now on", retention(undefined, { whenDeleted: "Delete" }), retains("whenDeleted")],
  ["volumes that are kept from now on", retention({ whenDeleted: "Delete" }, { whenDeleted: "Retain" }), keptLater("whenDeleted")],
  ["volumes that are kept because the policy is removed", retention({ whenDeleted: "Delete" }, undefined), keptLater("whenDeleted")],
  [
    "volumes that are kept when the StatefulSet is deleted, and deleted as before when it scales down",
    retention({ whenDeleted: "Delete", whenScaled: "Delete" }, { whenDeleted: "Retain", whenScaled: "Delete" }),
    keptLater("whenDeleted"),
  ],
  [
    "volumes that are kept when the StatefulSet scales down, and deleted as before when it is deleted",
    retention({ whenDeleted: "Delete", whenScaled: "Delete" }, { whenDeleted: "Delete" }),
    keptLater("whenScaled"),
  ],
  ["fewer replicas, whose volumes are deleted", scaled(statefulSet, 3, 2, deletesScaled), deletesVolumes("3 → 2")],
  ["no replicas, whose volumes are deleted", scaled(statefulSet, 3, 0, deletesScaled), deletesVolumes("3 → 0")],
  [
    "one replica by default, and the volumes of the others are deleted",
    scaled(statefulSet, 3, undefined, deletesScaled),
    deletesVolumes("3 → not set"),
  ],
  ["none instead of one replica by default", scaled(statefulSet, undefined, 0, deletesScaled), deletesVolumes("not set → 0")],
  ["a number of replicas that is not known yet", scaled(statefulSet, 3, unknown, deletesScaled), deletesVolumes("3 → (not known yet)")],
  ["more replicas", scaled(statefulSet, 2, 3, deletesScaled), "cost change: 2 → 3 replicas"],
  ["as many replicas", scaled(statefulSet, undefined, 1, deletesScaled), "cost change: not set → 1 replicas"],
  ["fewer replicas that keep their volumes", scaled(statefulSet, 3, 2, { whenDeleted: "Delete" }), "cost change: 3 → 2 replicas"],
  ["fewer replicas that keep their volumes by default", scaled(statefulSet, 3, 2), "cost change: 3 → 2 replicas"],
  ["fewer replicas of a Deployment", scaled(deployment, 3, 2, deletesScaled), "cost change: 3 → 2 replicas"],
  [
    "the deletion of a StatefulSet whose inputs are not known",
    stepOf("kubernetes:apps/v1:StatefulSet", "delete", {}, {}),
    "restart with downtime: the StatefulSet and its pods are deleted, and no longer serve requests",
  ],
  [
    "the deletion of a StatefulSet that keeps its volumes",
    stepOf("kubernetes:apps/v1:StatefulSet", "delete", { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain" } } }, {}),
    "restart with downtime: the StatefulSet and its pods are deleted, and no longer serve requests",
  ],
  [
    "a Service with a port of each node",
    stepOf("kubernetes:core/v1:Service", "create", {}, { spec: { type: "NodePort" } }),
    "access change: the Service can be reached from outside the cluster",
  ],
  [
    "labels of a Namespace that are not known yet",
    namespaceLabels(restricted, unknown),
    'access change: metadata.labels changed ({"pod-security.kubernetes.io/enforce":"restricted"} → (not known yet)): affects which pods may run in the Namespace',
  ],
  [
    "the security label of a Namespace",
    namespaceLabels(restricted, {}),
    'access change: metadata.labels["pod-security.kubernetes.io/enforce"] changed (restricted → not set): affects which pods may run in the Namespace',
  ],
  ["another label of a Namespace", namespaceLabels({ team: "a" }, { team: "b" }), "metadata: metadata.labels.team changed"],
  [
    "an Ingress without rules",
    stepOf("kubernetes:networking.k8s.io/v1:Ingress", "create", {}, { spec: { rules: [] } }),
    "access change: exposes any host",
  ],
];

const replicaUrn = "urn:pulumi:test::slipway::slipway:index:ContainerService$docker:index/container:Container::";
const container = (operation: "create" | "delete", name: string, urn = `${replicaUrn}${name}`) =>
  stepOf("docker:index/container:Container", operation, {}, {}, { name, urn });
const swarmTask = (mode: object | undefined, updateConfig: object = {}) => {
  const service = (image: string) => ({ mode, updateConfig, taskSpec: { image } });
  return updated("docker:index/service:Service")(service("a"), service("b"));
};
const route = (before: string, after: string) =>
  updated("pulumi-nodejs:dynamic/slipway:ProxyRoute")({ content: before }, { content: after });
const swarmJobUrn = "urn:pulumi:test::slipway::slipway:index:SwarmJob$docker:index/service:Service::migrate";
const swarmJob = { ...swarmTask({ replicatedJob: {} }), urn: swarmJobUrn };
const gone = "restart with downtime: deleted: the container stops; its replacement, if any, starts afterwards";
const stopsFirst = "restart with downtime: taskSpec.image changed: a node's only task stops before its replacement starts";
const rolling = "rolling update: taskSpec.image changed: tasks are replaced as configured in updateConfig";
const reroutes = "rolling update: content changed: the proxy changes its routes without a restart";

const docker: [situation: string, step: Step, expected: string][] = [
  ["the first replica of a service", container("create", "web-1"), "nothing: new: nothing depends on it yet"],
  ["the first replica of a service without a name", container("create", "1"), "nothing: new: nothing depends on it yet"],
  ["the tenth replica of a service", container("create", "web-10"), "cost change: one more container"],
  ["the eleventh replica of a service", container("create", "web-11"), "cost change: one more container"],
  ["a container of its own", container("create", "web-2", "urn:x"), "nothing: new: nothing depends on it yet"],
  ["the deletion of the first replica", container("delete", "web-1"), gone],
  ["the deletion of a container of its own", container("delete", "web-2", "urn:x"), gone],
  ["the deletion of the tenth replica", container("delete", "web-10"), "cost change: one container fewer"],
  ["an update of a job in Swarm", swarmJob, "nothing: taskSpec.image changed: a job serves no requests"],
  ["an update of one task by default", swarmTask(undefined), stopsFirst],
  ["an update of one task", swarmTask({ replicated: { replicas: 1 } }), stopsFirst],
  ["an update of several tasks", swarmTask({ replicated: { replicas: 2 } }), rolling],
  ["an update of a task on each node", swarmTask({ global: true, replicated: { replicas: 2 } }), stopsFirst],
  ["an update of tasks that are not on each node", swarmTask({ global: false, replicated: { replicas: 2 } }), rolling],
  ["an update of one task that starts its replacement first", swarmTask(undefined, { order: "start-first" }), rolling],
  ["an update of one task that stops first", swarmTask(undefined, { order: "stop-first" }), stopsFirst],
  [
    "routes to another host",
    route("Host(`a.example`) || Host(`b.example`)", "Host(`a.example`) || Host(`c.example`)"),
    "access change: the service is exposed as a.example, c.example",
  ],
  ["routes with the same hosts", route("Host(`a.example`) a", "Host(`a.example`) b"), reroutes],
  ["routes whose hosts are not known yet", route("Host(`a.example`)", unknown), reroutes],
  ["routes whose hosts were not known before", route("", "Host(`a.example`)"), reroutes],
];

const cluster = (after: object, before: object = {}) => updated("aws:eks/cluster:Cluster")({ vpcConfig: before }, { vpcConfig: after });
const retentionOfLogs = (before: unknown, after: unknown) =>
  updated("aws:cloudwatch/logGroup:LogGroup")({ retentionInDays: before }, { retentionInDays: after });
const toAll = (property: string) => `access change: vpcConfig.${property} changed: everyone on the internet can reach the Kubernetes API`;

const aws: [situation: string, step: Step, expected: string][] = [
  ["a public API, by default for all addresses", cluster({ endpointPublicAccess: true }), toAll("endpointPublicAccess")],
  [
    "a public API for all addresses among others",
    cluster({ endpointPublicAccess: true, publicAccessCidrs: ["192.0.2.0/24", "0.0.0.0/0"] }),
    toAll("endpointPublicAccess and 1 more"),
  ],
  [
    "a public API for all addresses of IPv6",
    cluster({ endpointPublicAccess: true, publicAccessCidrs: ["::/0"] }),
    toAll("endpointPublicAccess and 1 more"),
  ],
  [
    "a public API for some addresses",
    cluster({ endpointPublicAccess: true, publicAccessCidrs: ["192.0.2.0/24"] }),
    "access change: vpcConfig.endpointPublicAccess and 1 more changed (not set → true): affects who can reach the Kubernetes API",
  ],
  ["a public API by default", cluster({}, { endpointPublicAccess: false }), toAll("endpointPublicAccess")],
  [
    "all addresses of an API that is public by default",
    cluster({ publicAccessCidrs: ["0.0.0.0/0"] }, { publicAccessCidrs: ["192.0.2.0/24"] }),
    toAll("publicAccessCidrs[0]"),
  ],
  [
    "all addresses by default of an API that is public by default",
    cluster({}, { publicAccessCidrs: ["192.0.2.0/24"] }),
    toAll("publicAccessCidrs"),
  ],
  [
    "a public API for addresses that are not known yet",
    cluster({ endpointPublicAccess: true, publicAccessCidrs: unknown }),
    "access change: vpcConfig.endpointPublicAccess and 1 more changed (not set → true): affects who can reach the Kubernetes API",
  ],
  [
    "a private API",
    cluster({ endpointPublicAccess: false }),
    "access change: vpcConfig.endpointPublicAccess changed (not set → false): affects who can reach the Kubernetes API",
  ],
  ["logs that are kept shorter", retentionOfLogs(30, 7), "data loss: retentionInDays changed (30 → 7): older logs are deleted"],
  ["logs that were kept forever", retentionOfLogs(0, 7), "data loss: retentionInDays changed (0 → 7): older logs are deleted"],
  [
    "logs that were kept forever by default",
    retentionOfLogs(undefined, 7),
    "data loss: retentionInDays changed (not set → 7): older logs are deleted",
  ],
  [
    "logs that are kept for a time that is not known yet",
    retentionOfLogs(30, unknown),
    "data loss: retentionInDays changed (30 → (not known yet)): older logs are deleted",
  ],
  ["logs that are kept longer", retentionOfLogs(7, 30), "cost change: retentionInDays changed (7 → 30): more logs are stored"],
  ["logs that are kept as long", retentionOfLogs("30", 30), "cost change: retentionInDays changed (30 → 30): more logs are stored"],
  ["logs that are kept forever", retentionOfLogs(30, 0), "cost change: retentionInDays changed (30 → 0): more logs are stored"],
  [
    "logs that are kept forever by default",
    retentionOfLogs(7, undefined),
    "cost change: retentionInDays changed (7 → not set): more logs are stored",
  ],
  [
    "logs that are kept forever as before",
    retentionOfLogs(undefined, 0),
    "cost change: retentionInDays changed (not set → 0): more logs are stored",
  ],
];

test.each([...kubernetes, ...docker, ...aws])("%s", (_, step, expected) => {
  expect(found(step)).toEqual([expected]);
});
