import { readdirSync, readFileSync } from "node:fs";
import { resources } from "../../../components/plugin/resources.ts";
import { worst } from "../../../lib/impact.ts";
import { impactRules, impactsOf } from "../../../review/impact/step-impact.ts";
import { readPreview } from "../../../review/preview/read.ts";
import type { Operation, Step } from "../../../review/preview/step.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import { EngineProject } from "../../engine-project.ts";
import { readStack } from "../../../config/stack-file.ts";
import { samples } from "./impact-samples.ts";
import { stepOf } from "./preview-steps.ts";

const local = { project: "slipway", stack: "local" };

/** The findings of steps: operation, name, impact, reason. */
function found(steps: Step[], rules = impactRules): string[] {
  return impactsOf({ project: "slipway", stack: "test", steps }, rules).flatMap(({ step, findings }) =>
    findings.map(({ impact, reason }) => `${step.operation} ${step.name}: ${impact}: ${reason}`),
  );
}

/** Previews of a deployed stack with the Pulumi CLI: test/fixtures/previews/README.md. */
const previews: Record<string, string[]> = {
  annotation: ["update web: metadata: metadata.annotations.team changed"],
  base: [],
  config: [
    "replace web-config: rolling update: data.GREETING changed: the ConfigMap is replaced; running pods keep the old value, and a pod that starts while it is missing waits for it",
  ],
  "drop-docker-volume": ["delete cache: data loss: deleted: the volume's data is lost"],
  "drop-volume": ["delete web-data: data loss: deleted: the volume is deleted with the claim, unless its reclaim policy is Retain"],
  host: [
    "update web: access change: spec.rules[0].host changed (web.localhost → www.localhost): affects which hosts and paths are exposed",
  ],
  image: ["update web: rolling update: new image: 127.0.0.1:5000/app@sha256:77ac433c… → 127.0.0.1:5000/app@sha256:ea8cafb0…"],
  scale: ["update web: cost change: 2 → 4 replicas"],
  secret: [
    "replace web-secret: rolling update: data.TOKEN changed: the Secret is replaced; running pods keep the old value, and a pod that starts while it is missing waits for it",
  ],
  selector: [
    'replace web: restart with downtime: spec.selector.matchLabels["app.kubernetes.io/name"] changed: the Deployment is replaced; its pods stop before new ones start',
    'update web: restart with downtime: spec.selector["app.kubernetes.io/name"] changed: requests go to other pods, and fail until those are ready',
  ],
  "volume-class": [
    "replace web-data: data loss: spec.storageClassName changed: the volume is deleted with the claim, unless its reclaim policy is Retain",
  ],
};
const files = readdirSync("test/fixtures/previews").filter((file) => /\.jsonl?$/.test(file));

test.each(files)("the impact of the preview %s", (file) => {
  const { steps } = readPreview(readFileSync(`test/fixtures/previews/${file}`, "utf8"), file, local);
  expect(found(steps)).toEqual(previews[file.replace(/(\.events)?\.jsonl?$/, "")]);
});

/** Previews of the stacks docker and swarm with the embedded engine: test/fixtures/docker-previews/README.md. */
const dockerPreviews: Record<string, string[]> = {
  "docker-image": [
    ...[1, 2, 3].map(
      (i) => `replace slipway-docker-web-${i}: rolling update: image changed: the container stops once its replacement is ready`,
    ),
    "update slipway-docker-web: rolling update: content changed: the proxy changes its routes without a restart",
  ],
  "docker-scale": [
    "delete slipway-docker-web-3: cost change: one container fewer",
    "update slipway-docker-web: rolling update: content changed: the proxy changes its routes without a restart",
  ],
  "docker-host": ["update slipway-docker-web: access change: the service is exposed as www.localhost"],
  "swarm-image": [
    "update slipway-swarm-web: rolling update: taskSpec.containerSpec.image changed: tasks are replaced as configured in updateConfig",
  ],
  "swarm-scale": ["update slipway-swarm-web: cost change: 3 → 2 tasks"],
  "swarm-host": [
    "update slipway-swarm-proxy: restart with downtime: taskSpec.containerSpec.configs[0].configId and 1 more changed: a node's only task stops before its replacement starts",
    "replace slipway-swarm-routes-web: access change: the service is exposed as www.localhost",
  ],
};

test.each(Object.entries(dockerPreviews))("the impact of the embedded engine's preview %s", (name, expected) => {
  const text = readFileSync(`test/fixtures/docker-previews/${name}.json`, "utf8");
  const { steps } = readPreview(text, name, { project: "slipway", stack: name.split("-")[0]! });
  expect(found(steps).filter((line) => !line.includes(": nothing: "))).toEqual(expected);
});

test("every preview in the folder is tested", () => {
  expect([...new Set(files.map((file) => file.replace(/(\.events)?\.jsonl?$/, "")))].sort()).toEqual(Object.keys(previews));
});

test.each(samples)("only the rule $rule matches its sample", ({ rule, step, impact, reason }) => {
  expect(found([step])).toEqual([`${step.operation} ${step.name}: ${impact}: ${reason}`]);
  expect(impactsOf({ ...local, steps: [step] })[0]!.findings.map((finding) => finding.rule)).toEqual([rule]);
  const others = impactRules.filter(({ id }) => id !== rule);
  expect(found([step], others)).not.toEqual([`${step.operation} ${step.name}: ${impact}: ${reason}`]);
});

test("every rule has a sample", () => {
  expect(samples.map(({ rule }) => rule)).toEqual(impactRules.map(({ id }) => id));
});

const own = ["ClusterIdentity", ...Object.keys(resources)];

test.each(own)("every change of a %s is covered", (kind) => {
  const of = (operation: Operation) => stepOf(`pulumi-nodejs:dynamic/slipway:${kind}`, operation, { a: 1 }, { a: 2 });
  const steps = (["create", "import", "update", "replace", "delete"] as const).map(of);
  expect(found(steps).filter((line) => line.includes("unclassified"))).toEqual([]);
});

describe("a change that no rule covers is unclassified:", () => {
  const table: [string, Step, string][] = [
    [
      "the creation of an unknown kind",
      stepOf("random:index/randomPassword:RandomPassword", "create", {}, { length: 8 }),
      "create it: unclassified: no rule covers the creation of a RandomPassword (random:index/randomPassword:RandomPassword)",
    ],
    [
      "the deletion of an unknown kind",
      stepOf("gcp:storage/bucket:Bucket", "delete", { name: "a" }, {}),
      "delete it: unclassified: no rule covers the deletion of a Bucket (gcp:storage/bucket:Bucket)",
    ],
    [
      "an unknown property of a known kind",
      stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { future: 1 } }, { spec: { future: 2 } }),
      "update it: unclassified: no rule covers spec.future of a Deployment: 1 → 2",
    ],
    [
      "an unknown operation",
      stepOf("kubernetes:apps/v1:Deployment", "unknown", {}, {}, { rawOperation: "transmogrify" }),
      'unknown it: unclassified: no rule covers the operation "transmogrify" (kubernetes:apps/v1:Deployment)',
    ],
  ];
  test.each(table)("%s", (_, step, expected) => expect(found([step])).toEqual([expected]));
});

test("properties with the same rule are one finding, and the worst finding is the impact of the step", () => {
  const before = { metadata: { labels: { a: "1", b: "1" } }, spec: { replicas: 2, template: { spec: { priorityClassName: "low" } } } };
  const after = { metadata: { labels: { a: "2", b: "2" } }, spec: { replicas: 3, template: { spec: { priorityClassName: "high" } } } };
  const step = stepOf("kubernetes:apps/v1:Deployment", "update", before, after);
  expect(found([step])).toEqual([
    "update it: metadata: metadata.labels.a and 1 more changed",
    "update it: cost change: 2 → 3 replicas",
    "update it: rolling update: spec.template.spec.priorityClassName changed: pods are replaced",
  ]);
  expect(impactsOf({ ...local, steps: [step] })[0]!.impact).toBe("cost change");
});

test("a new map is classified property by property", () => {
  const step = stepOf("kubernetes:core/v1:Service", "update", {}, { spec: { sessionAffinity: "ClientIP", type: "NodePort" } });
  expect(found([step])).toEqual([
    "update it: rolling update: spec.sessionAffinity changed: requests are distributed differently",
    "update it: access change: spec.type changed (not set → NodePort): affects where the Service can be reached from",
  ]);
});

test("a route of a Gateway is reported with its host names", () => {
  const spec = { hostnames: ["web.example"], rules: [{ matches: [] }] };
  expect(found([stepOf("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "create", {}, { spec })])).toEqual([
    "create it: access change: exposes web.example",
  ]);
});

test("the worst impact comes first, whatever the order of the steps", () => {
  const label = stepOf("kubernetes:core/v1:Service", "update", { metadata: { labels: { a: "1" } } }, { metadata: { labels: { a: "2" } } });
  const steps = [label, stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", {}, {}), stepOf("x:y:Z", "create", {}, {})];
  expect(impactsOf({ ...local, steps }).map(({ impact }) => impact)).toEqual(["data loss", "unclassified", "metadata"]);
  expect(worst([])).toBe("nothing");
});

test("components, unchanged resources, and those that are only removed from the state have no impact", () => {
  const claim = "kubernetes:core/v1:PersistentVolumeClaim";
  expect(found([stepOf("slipway:index:WebService", "create", {}, {}, { custom: false }), stepOf(claim, "same", {}, {})])).toEqual([]);
  expect(found([stepOf(claim, "delete", {}, {}, { retained: true })])).toEqual([
    "delete it: nothing: only removed from the state; the resource remains (retainOnDelete)",
  ]);
});

test("the deletion of a protected resource is reported as rejected", () => {
  expect(found([stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", {}, {}, { protected: true })])).toEqual([
    "delete it: data loss: deleted: the volume is deleted with the claim, unless its reclaim policy is Retain. The resource is protected, so Pulumi rejects this",
  ]);
});

test("an update of an immutable property is a replacement", () => {
  const immutable = (type: string, before: object, after: object) => found([stepOf(`kubernetes:${type}`, "update", before, after)])[0];
  expect(immutable("apps/v1:StatefulSet", { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } })).toBe(
    "update it: restart with downtime: spec.serviceName changed: the StatefulSet is replaced; its pods stop before new ones start",
  );
  expect(immutable("core/v1:ConfigMap", { immutable: true, data: { a: "1" } }, { immutable: true, data: { a: "2" } })).toContain(
    "the ConfigMap is replaced",
  );
  expect(immutable("core/v1:ConfigMap", { data: { a: "1" } }, { data: { a: "2" } })).toContain("after they restart");
});

test("rules cover the creation, replacement and deletion of every resource of the stacks", async () => {
  const resources: Registered[] = [];
  for (const stack of ["local", "docker", "swarm", "dev", "prod"]) resources.push(...(await registrationsOf(readStack(stack))));
  const types = [...new Set(resources.map(({ type }) => type))].filter(
    (type) => !type.startsWith("slipway:") && !type.startsWith("pulumi:pulumi"),
  );
  const steps = types.flatMap((type) => (["create", "replace", "delete"] as const).map((operation) => stepOf(type, operation, {}, {})));
  expect(found(steps).filter((line) => line.includes("unclassified"))).toEqual([]);
});

test("a preview of the embedded engine is read like one of the Pulumi CLI", async () => {
  using project = new EngineProject();
  const preview = async () => {
    const { code, out } = await project.run("plan");
    expect(code).toBe(0);
    return readPreview(out, "it", { project: "project", stack: "test" });
  };
  project.write('thing("a", { value: 1 }); thing("b", { kind: "x" }); thing("c"); thing("d"); thing("f", { kind: "x" });');
  await project.run("up");
  const first = "{ deleteBeforeReplace: true }";
  project.write(`thing("a", { value: 2 }); thing("b", { kind: "y" }); thing("d"); thing("e"); thing("f", { kind: "y" }, ${first});`);
  const { steps } = await preview();
  const shown = steps.map(({ operation, name, changes, deletesFirst }) => ({ operation, name, deletesFirst, changes }));
  const byName = shown.filter(({ name }) => name.length === 1).sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(byName).toEqual([
    { operation: "update", name: "a", deletesFirst: false, changes: [{ path: ["value"], replaces: false, before: 1, after: 2 }] },
    { operation: "replace", name: "b", deletesFirst: false, changes: [{ path: ["kind"], replaces: true, before: "x", after: "y" }] },
    { operation: "delete", name: "c", deletesFirst: false, changes: [] },
    { operation: "same", name: "d", deletesFirst: false, changes: [] },
    { operation: "create", name: "e", deletesFirst: false, changes: [] },
    { operation: "replace", name: "f", deletesFirst: true, changes: [{ path: ["kind"], replaces: true, before: "x", after: "y" }] },
  ]);
  project.write('throw new Error("no such thing")');
  const [json = ""] = (await project.run("plan")).out.split("\n"); // the SDK then warns about unhandled promises
  expect(() => readPreview(json, "it", { project: "project", stack: "test" })).toThrow(
    "it: the preview failed, so its impact is unknown:\n  - program: no such thing",
  );
});
