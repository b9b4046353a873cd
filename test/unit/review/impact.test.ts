import { readdirSync, readFileSync } from "node:fs";
import { impactRules, impactsOf, worst } from "../../../review/impact/impacts.ts";
import { readPreview } from "../../../review/preview/read.ts";
import type { Step } from "../../../review/preview/step.ts";
import { registrationsOf, type Registered } from "../../../review/render/registrations.ts";
import { EngineProject } from "../../engine-project.ts";
import { readStack } from "../../../config/stack-file.ts";
import { samples } from "./impact-samples.ts";
import { stepOf } from "./preview-steps.ts";

const local = { project: "slipway", stack: "local" };

/** What is found about steps: operation, name, impact, reason. */
function found(steps: Step[], rules = impactRules): string[] {
  return impactsOf({ project: "slipway", stack: "test", steps }, rules).flatMap(({ step, findings }) =>
    findings.map(({ impact, reason }) => `${step.operation} ${step.name}: ${impact}: ${reason}`),
  );
}

/** Changes of a stack that is deployed, as the Pulumi CLI 3.260 sees them: test/fixtures/previews/README.md. */
const previews: Record<string, string[]> = {
  annotation: ["update web: metadata: metadata.annotations.team changed"],
  base: [],
  config: [
    "replace web-config: rolling update: data.GREETING changed: ConfigMap is made anew; running pods keep the old value, and one that starts while it is missing waits for it",
  ],
  "drop-docker-volume": ["delete cache: data loss: it is deleted: the volume goes, with what is stored in it"],
  "drop-volume": ["delete web-data: data loss: it is deleted: the claim goes, and with it the volume, unless its class retains it"],
  host: [
    "update web: access change: spec.rules[0].host changed: web.localhost → www.localhost: what is reached from outside, and by which name",
  ],
  image: ["update web: rolling update: another image: 127.0.0.1:5000/app@sha256:77ac433c… → 127.0.0.1:5000/app@sha256:ea8cafb0…"],
  scale: ["update web: cost change: 2 → 4 pods"],
  secret: [
    "replace web-secret: rolling update: data.TOKEN changed: Secret is made anew; running pods keep the old value, and one that starts while it is missing waits for it",
  ],
  selector: [
    'replace web: restart with downtime: spec.selector.matchLabels["app.kubernetes.io/name"] changed: Deployment is replaced; its pods are gone before new ones start',
    'update web: restart with downtime: spec.selector["app.kubernetes.io/name"] changed: requests go to other pods; until such are ready nobody answers',
  ],
  "volume-class": [
    "replace web-data: data loss: spec.storageClassName changed: the claim goes, and with it the volume, unless its class retains it",
  ],
};
const files = readdirSync("test/fixtures/previews").filter((file) => /\.jsonl?$/.test(file));

test.each(files)("of the preview %s is told what it does", (file) => {
  const { steps } = readPreview(readFileSync(`test/fixtures/previews/${file}`, "utf8"), file, local);
  expect(found(steps)).toEqual(previews[file.replace(/(\.events)?\.jsonl?$/, "")]);
});

/** Changes of the stacks without Kubernetes, as the embedded engine sees them: test/fixtures/docker-previews/README.md. */
const ofEngine: Record<string, string[]> = {
  "docker-image": [
    ...[1, 2, 3].map(
      (i) => `replace slipway-docker-web-${i}: rolling update: image changed: the container ends once its successor is ready`,
    ),
    "update slipway-docker-web: rolling update: content changed: the proxy leads requests elsewhere, while it runs",
  ],
  "docker-scale": [
    "delete slipway-docker-web-3: cost change: one container less",
    "update slipway-docker-web: rolling update: content changed: the proxy leads requests elsewhere, while it runs",
  ],
  "docker-host": ["update slipway-docker-web: access change: it is reached by the name www.localhost"],
  "swarm-image": [
    "update slipway-swarm-web: rolling update: taskSpec.containerSpec.image changed: tasks are exchanged as updateConfig says",
  ],
  "swarm-scale": ["update slipway-swarm-web: cost change: 3 → 2 tasks"],
  "swarm-host": [
    "update slipway-swarm-proxy: restart with downtime: taskSpec.containerSpec.configs[0].configId and 1 more changed: a node's one task ends before its successor starts",
    "replace slipway-swarm-routes-web: access change: it is reached by the name www.localhost",
  ],
};

test.each(Object.entries(ofEngine))("of the engine's preview %s is told what it does", (name, expected) => {
  const text = readFileSync(`test/fixtures/docker-previews/${name}.json`, "utf8");
  const { steps } = readPreview(text, name, { project: "slipway", stack: name.split("-")[0]! });
  expect(found(steps).filter((line) => !line.includes(": nothing: "))).toEqual(expected);
});

test("every preview that is there is looked at", () => {
  expect([...new Set(files.map((file) => file.replace(/(\.events)?\.jsonl?$/, "")))].sort()).toEqual(Object.keys(previews));
});

test.each(samples)("the rule $rule says what it says, and without it nobody does", ({ rule, step, impact, reason }) => {
  expect(found([step])).toEqual([`${step.operation} ${step.name}: ${impact}: ${reason}`]);
  expect(impactsOf({ ...local, steps: [step] })[0]!.findings.map((finding) => finding.rule)).toEqual([rule]);
  const others = impactRules.filter(({ id }) => id !== rule);
  expect(found([step], others)).not.toEqual([`${step.operation} ${step.name}: ${impact}: ${reason}`]);
});

test("every rule has a sample of its own", () => {
  expect(samples.map(({ rule }) => rule)).toEqual(impactRules.map(({ id }) => id));
});

describe("what no rule knows is unclassified:", () => {
  const table: [string, Step, string][] = [
    [
      "a kind that is created",
      stepOf("random:index/randomPassword:RandomPassword", "create", {}, { length: 8 }),
      "create it: unclassified: no rule says what it does that a RandomPassword is created (random:index/randomPassword:RandomPassword)",
    ],
    [
      "a kind that is deleted",
      stepOf("gcp:storage/bucket:Bucket", "delete", { name: "a" }, {}),
      "delete it: unclassified: no rule says what it does that a Bucket is deleted (gcp:storage/bucket:Bucket)",
    ],
    [
      "a property of a kind that is known",
      stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { future: 1 } }, { spec: { future: 2 } }),
      "update it: unclassified: no rule says what spec.future of a Deployment does: 1 → 2",
    ],
    [
      "an operation",
      stepOf("kubernetes:apps/v1:Deployment", "unknown", {}, {}, { said: "transmogrify" }),
      'unknown it: unclassified: no rule says what it does: the operation "transmogrify" (kubernetes:apps/v1:Deployment)',
    ],
  ];
  test.each(table)("%s", (_, step, expected) => expect(found([step])).toEqual([expected]));
});

test("of several properties each is told of, those of one rule together, and the worst is the step's", () => {
  const before = { metadata: { labels: { a: "1", b: "1" } }, spec: { replicas: 2, template: { spec: { priorityClassName: "low" } } } };
  const after = { metadata: { labels: { a: "2", b: "2" } }, spec: { replicas: 3, template: { spec: { priorityClassName: "high" } } } };
  const step = stepOf("kubernetes:apps/v1:Deployment", "update", before, after);
  expect(found([step])).toEqual([
    "update it: metadata: metadata.labels.a and 1 more changed",
    "update it: cost change: 2 → 3 pods",
    "update it: rolling update: spec.template.spec.priorityClassName changed: new pods take over from old ones",
  ]);
  expect(impactsOf({ ...local, steps: [step] })[0]!.impact).toBe("cost change");
});

test("a map that comes whole is looked at property by property", () => {
  const step = stepOf("kubernetes:core/v1:Service", "update", {}, { spec: { sessionAffinity: "ClientIP", type: "NodePort" } });
  expect(found([step])).toEqual([
    "update it: rolling update: spec.sessionAffinity changed: requests are spread in another way",
    "update it: access change: spec.type changed: nothing → NodePort: from where it is reached",
  ]);
});

test("a route of a Gateway is told of by its host names, and not by its rules", () => {
  const spec = { hostnames: ["web.example"], rules: [{ matches: [] }] };
  expect(found([stepOf("kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "create", {}, { spec })])).toEqual([
    "create it: access change: a way in from outside: web.example",
  ]);
});

test("the worst comes first, whatever the order of the steps", () => {
  const label = stepOf("kubernetes:core/v1:Service", "update", { metadata: { labels: { a: "1" } } }, { metadata: { labels: { a: "2" } } });
  const steps = [label, stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", {}, {}), stepOf("x:y:Z", "create", {}, {})];
  expect(impactsOf({ ...local, steps }).map(({ impact }) => impact)).toEqual(["data loss", "unclassified", "metadata"]);
  expect(worst([])).toBe("nothing");
});

test("components, what stays the same, and what is only forgotten do nothing", () => {
  const claim = "kubernetes:core/v1:PersistentVolumeClaim";
  expect(found([stepOf("slipway:index:WebService", "create", {}, {}, { custom: false }), stepOf(claim, "same", {}, {})])).toEqual([]);
  expect(found([stepOf(claim, "delete", {}, {}, { retained: true })])).toEqual(["delete it: nothing: Pulumi only forgets it; it stays"]);
});

test("what is protected is told of with that", () => {
  expect(found([stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", {}, {}, { protected: true })])).toEqual([
    "delete it: data loss: it is deleted: the claim goes, and with it the volume, unless its class retains it. It is protected: Pulumi will refuse this",
  ]);
});

test("an update of what Kubernetes does not change in place is a replacement", () => {
  const immutable = (type: string, before: object, after: object) => found([stepOf(`kubernetes:${type}`, "update", before, after)])[0];
  expect(immutable("apps/v1:StatefulSet", { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } })).toBe(
    "update it: restart with downtime: spec.serviceName changed: StatefulSet is replaced; its pods are gone before new ones start",
  );
  expect(immutable("core/v1:ConfigMap", { immutable: true, data: { a: "1" } }, { immutable: true, data: { a: "2" } })).toContain(
    "is made anew",
  );
  expect(immutable("core/v1:ConfigMap", { data: { a: "1" } }, { data: { a: "2" } })).toContain("once they start anew");
});

test("what the stacks consist of is known, whether it comes or goes", async () => {
  const resources: Registered[] = [];
  for (const stack of ["local", "docker", "swarm", "dev", "prod"]) resources.push(...(await registrationsOf(readStack(stack))));
  const types = [...new Set(resources.map(({ type }) => type))].filter(
    (type) => !type.startsWith("slipway:") && !type.startsWith("pulumi:pulumi"),
  );
  const steps = types.flatMap((type) => (["create", "replace", "delete"] as const).map((operation) => stepOf(type, operation, {}, {})));
  expect(found(steps).filter((line) => line.includes("unclassified"))).toEqual([]);
});

test("a preview of the embedded engine is read as one of the CLI is", async () => {
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
  const [json = ""] = (await project.run("plan")).out.split("\n"); // then the SDK tells of promises that nobody waits for
  expect(() => readPreview(json, "it", { project: "project", stack: "test" })).toThrow(
    "it: the preview failed, so it does not say what would happen:\n  - program: no such thing",
  );
});
