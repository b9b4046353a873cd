import { randomUUID } from "node:crypto";
import { unknown } from "../../../lib/values.ts";
import { findingOf, formatValue, hostsIn, isOfType, matches, type ImpactRule } from "../../../review/impact/rule.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import type { Change, Step } from "../../../review/preview/step.ts";
import { stepOf } from "./preview-steps.ts";

const findings = (step: Step) => impactsOf({ project: "slipway", stack: "test", steps: [step] })[0]!.findings;
const found = (step: Step) => findings(step).map(({ impact, reason }) => `${impact}: ${reason}`);

const deployment = "kubernetes:apps/v1:Deployment";
const claim = "kubernetes:core/v1:PersistentVolumeClaim";
const lost = "the volume is deleted with the claim, unless its reclaim policy is Retain";
const change = (path: string, replaces = false): Change => ({ path: path.split("."), replaces, before: 1, after: 2 });

describe("the reason of a replacement", () => {
  const causes = (...changes: Change[]) => {
    const [finding] = findings(stepOf(claim, "replace", {}, {}, { changes }));
    expect(finding!.reason).toMatch(`changed: ${lost}`);
    return finding!.changes.map(({ path }) => path.join("."));
  };

  test("names the properties that the provider reports as its cause", () => {
    expect(causes(change("metadata.labels.a"), change("metadata.future", true), change("spec.volumeMode"))).toEqual(["metadata.future"]);
  });

  test("prefers those of them that Kubernetes cannot update", () => {
    expect(causes(change("metadata.future", true), change("spec.volumeMode", true), change("spec.storageClassName"))).toEqual([
      "spec.volumeMode",
    ]);
  });

  test("names all that Kubernetes cannot update, if the provider reports none", () => {
    expect(causes(change("metadata.labels.a"), change("spec.volumeMode"), change("spec.storageClassName"))).toEqual([
      "spec.volumeMode",
      "spec.storageClassName",
    ]);
  });

  test("names all changed properties, if none of them is known to be the cause", () => {
    expect(causes(change("metadata.labels.a"), change("metadata.annotations.b"))).toEqual(["metadata.labels.a", "metadata.annotations.b"]);
  });

  test("is the operation, if no property changes", () => {
    expect(found(stepOf(claim, "replace", {}, {}))).toEqual([`data loss: replaced: ${lost}`]);
  });
});

test("an update that Kubernetes cannot make in place is a replacement because of these properties alone", () => {
  const changes = [change("metadata.labels.a"), change("spec.volumeMode")];
  expect(findings(stepOf(claim, "update", {}, {}, { changes }))).toEqual([
    { impact: "data loss", reason: `spec.volumeMode changed: ${lost}`, changes: [changes[1]], rule: "volume-claim-gone" },
  ]);
});

test("an update without known changes is classified as a whole, never as harmless", () => {
  expect(findings(stepOf(deployment, "update", {}, {}))).toEqual([
    { impact: "unclassified", reason: `no rule covers the update of a Deployment (${deployment})`, changes: [] },
  ]);
  expect(findings(stepOf("aws:ec2/launchTemplate:LaunchTemplate", "update", {}, {}))).toEqual([
    { impact: "rolling update", reason: "updated: nodes are drained and replaced one by one", changes: [], rule: "launch-template" },
  ]);
});

test("each property that no rule covers is a finding of its own, with the change", () => {
  const changes = [change("spec.future"), change("spec.other")];
  expect(findings(stepOf(deployment, "update", {}, {}, { changes }))).toEqual([
    { impact: "unclassified", reason: "no rule covers spec.future of a Deployment: 1 → 2", changes: [changes[0]] },
    { impact: "unclassified", reason: "no rule covers spec.other of a Deployment: 1 → 2", changes: [changes[1]] },
  ]);
});

test("the unclassified replacement of a resource has its changes", () => {
  const changes = [change("length", true)];
  expect(findings(stepOf("x:y:Z", "replace", {}, {}, { changes }))).toEqual([
    { impact: "unclassified", reason: "no rule covers the replacement of a Z (x:y:Z)", changes },
  ]);
  expect(found(stepOf("x:y:Z", "import", {}, {}))).toEqual(["unclassified: no rule covers the import of a Z (x:y:Z)"]);
});

test("an unknown operation is unclassified for a component too", () => {
  const step = stepOf("slipway:index:WebService", "unknown", {}, {}, { custom: false, rawOperation: "transmogrify" });
  expect(found(step)).toEqual(['unclassified: no rule covers the operation "transmogrify" (slipway:index:WebService)']);
});

test("a resource that outlives its deletion is not lost; its replacement is classified like any other", () => {
  const retained = { retained: true };
  expect(findings(stepOf(claim, "delete", {}, {}, retained))).toEqual([
    { impact: "nothing", reason: "only removed from the state; the resource remains (retainOnDelete)", changes: [] },
  ]);
  expect(found(stepOf(claim, "replace", {}, {}, retained))).toEqual([`data loss: replaced: ${lost}`]);
  expect(found(stepOf(claim, "update", {}, {}, { ...retained, changes: [change("spec.volumeMode")] }))).toEqual([
    `data loss: spec.volumeMode changed: ${lost}`,
  ]);
});

test("only what deletes a protected resource is reported as rejected", () => {
  const rejected = ". The resource is protected, so Pulumi rejects this";
  const whole = (operation: Step["operation"], changes: Change[] = []) =>
    found(stepOf(claim, operation, {}, {}, { protected: true, changes }));
  expect(whole("replace")).toEqual([`data loss: replaced: ${lost}${rejected}`]);
  expect(whole("update", [change("spec.volumeMode")])).toEqual([`data loss: spec.volumeMode changed: ${lost}${rejected}`]);
  expect(whole("update", [change("metadata.labels.a")])).toEqual(["metadata: metadata.labels.a changed"]);
  expect(whole("create")).toEqual(["cost change: new volume"]);
});

test("a type matches a whole pattern, in which * does not match a colon", () => {
  const group = `${randomUUID()}.example`; // patterns are compiled once per process
  const pattern = `kubernetes:${group}/*:*`;
  const types = [
    `kubernetes:${group}/v1:Route`,
    `kubernetes:${group}/v1beta1:`,
    `kubernetes:${group.replace(".", "x")}/v1:Route`,
    `kubernetes:${group}/v1:Route:More`,
    `x:kubernetes:${group}/v1:Route`,
    `kubernetes:${group}:Route`,
  ];
  const matching = () => types.map((type) => isOfType(type, pattern));
  expect(matching()).toEqual([true, true, false, false, false, false]);
  expect(matching()).toEqual([true, true, false, false, false, false]);
  expect(["a:b:C", "a:b:CD", "xa:b:C"].map((type) => isOfType(type, "a:b:C"))).toEqual([true, false, false]);
});

const rule: ImpactRule = { id: "r", types: ["a:b:*"], operations: ["update", "delete"], impact: "access change", reason: "" };

test("a rule for properties matches no step as a whole", () => {
  const step = stepOf("a:b:C", "update", {}, {});
  const ofSize = { ...rule, properties: ["size"] };
  expect([matches(ofSize, step), matches(ofSize, step, change("size.max")), matches(ofSize, step, change("name"))]).toEqual([
    false,
    true,
    false,
  ]);
  expect([matches(rule, step), matches(rule, { ...step, operation: "create" }), matches(rule, { ...step, type: "a:c:C" })]).toEqual([
    true,
    false,
    false,
  ]);
});

test("a reason is filled with the kind, the values, the hosts and the inputs, those before a deletion", () => {
  const reason = "{kind} {changed} {before} {after} {hosts} {spec.size} {other}";
  const said = (step: Step, changes: Change[] = []) => findingOf({ ...rule, reason }, step, changes).reason;
  const inputs = { spec: { size: 3, rules: [{ host: "a.example" }] } };
  expect(said(stepOf("a:b:C", "delete", inputs, {}))).toBe("C deleted not set not set a.example 3 not set");
  expect(said(stepOf("a:b:C", "update", { spec: {} }, inputs), [change("size"), change("name")])).toBe(
    "C size and 1 more changed 1 2 a.example 3 not set",
  );
  expect(said(stepOf("a:b:C", "update", inputs, { spec: {} }))).toBe("C updated not set not set any host not set not set");
});

test("host names of an Ingress, a route of a Gateway, and routes of Traefik", () => {
  const routes = "Host(`a.example`) || Host(`b.example`) || Host(`a.example`)";
  const table: [inputs: object, hosts: (string | undefined)[]][] = [
    [{ spec: { rules: [{ host: "a.example" }, {}] } }, ["a.example", undefined]],
    [{ spec: { hostnames: ["a.example"], rules: [{ matches: [] }] } }, ["a.example"]],
    [{ content: routes }, ["a.example", "b.example"]],
    [{ data: routes }, ["a.example", "b.example"]],
    [{ data: Buffer.from(routes).toString("base64") }, ["a.example", "b.example"]],
    [{}, []],
  ];
  expect(table.map(([inputs]) => hostsIn(inputs))).toEqual(table.map(([, hosts]) => hosts));
});

test("a value is shown in at most 80 characters", () => {
  expect(formatValue("a".repeat(80))).toBe("a".repeat(80));
  expect(formatValue("a".repeat(81))).toBe(`${"a".repeat(79)}…`);
  expect(formatValue(undefined)).toBe("not set");
  expect(formatValue({ a: [null, unknown] })).toBe('{"a":[null,"(not known yet)"]}');
  expect(formatValue(`r/a@sha256:${"0123456789abcdef".repeat(4)}`)).toBe("r/a@sha256:01234567…");
});
