import type { Stack } from "../../../../config/stack-file.ts";
import { judgementOf } from "../../../../cli/history/judge.ts";
import { gateSettings } from "../../../../config/schema/gate.ts";
import { asJson, type PlannedStep } from "../../../../engine/planned-step.ts";
import type { ResourceState } from "../../../../engine/state/checkpoint.ts";
import { secret } from "../../../../lib/values.ts";
import { judge } from "../../../../review/gate.ts";
import { impactsOf } from "../../../../review/impact/step-impact.ts";
import { readPreview } from "../../../../review/preview/read.ts";

const today = "2026-11-28";
const stackWith = (gate: object = {}): Stack => ({
  project: "shop",
  name: "prod",
  main: "index.ts",
  folder: "/nowhere",
  secretKeys: [],
  config: { "slipway:platform": "kubernetes", "slipway:gate": JSON.stringify(gate) },
});

function resource(type: string, name: string, inputs: object): ResourceState {
  const urn = `urn:pulumi:prod::shop::${type}::${name}`;
  return { urn, type, custom: true, dependencies: [], inputs: inputs as ResourceState["inputs"], outputs: {} };
}
const claim = (name: string) => resource("kubernetes:core/v1:PersistentVolumeClaim", name, { spec: {} });
const deployment = (image: string, name = "web", env: object[] = []) =>
  resource("kubernetes:apps/v1:Deployment", name, { spec: { template: { spec: { containers: [{ name, image, env }] } } } });
const judged = (steps: PlannedStep[], gate?: object) => judgementOf(stackWith(gate), steps.map(asJson), today);
const rollout: PlannedStep = {
  operation: "update",
  goal: deployment("web@sha256:b"),
  old: deployment("web@sha256:a"),
  change: { kind: "update", because: [] },
};

test("the steps that a run made have the impacts that a preview says they will have, the worst first", () => {
  const { impact, impacts, ...more } = judged([rollout, { operation: "delete", old: claim("data") }]);
  expect([impact, more]).toEqual(["data loss", {}]);
  expect(impacts).toEqual([
    {
      resource: "PersistentVolumeClaim data",
      operation: "delete",
      impact: "data loss",
      reasons: ["deleted: the volume is deleted with the claim, unless its reclaim policy is Retain"],
    },
    {
      resource: "Deployment web",
      operation: "update",
      impact: "rolling update",
      reasons: [expect.stringContaining("web@sha256:b") as string],
    },
  ]);
});

test("an approval of the gate is recorded with its reason if the run made the change", () => {
  const deletion: PlannedStep[] = [{ operation: "delete", old: claim("data") }];
  const approval = (change: string, until = "2026-12-31") => ({ change, reason: "it is empty", approvedBy: "Ada", until });
  // As `slipway gate` prints it for a preview of this change.
  const plan = { steps: deletion.map(asJson), changeSummary: { delete: 1 } };
  const preview = readPreview(JSON.stringify(plan), "a preview", { project: "shop", stack: "prod" });
  const { rejected } = judge(impactsOf(preview), gateSettings.parse({}), { platform: "kubernetes", today });
  const { change } = rejected[0]!;
  const found = judged(deletion, { approvals: [approval("000000000000")] });
  expect(found.approvals).toBeUndefined();
  expect(judged(deletion, { approvals: [approval(change)] }).approvals).toEqual([
    { change, resource: "PersistentVolumeClaim data", impact: "data loss", reason: "it is empty", approvedBy: "Ada", until: "2026-12-31" },
  ]);
  expect(judged(deletion, { approvals: [approval(change, "2026-11-27")] }).approvals).toBeUndefined();
});

test("invalid settings of the gate approve nothing", () => {
  expect(judged([rollout], { approvals: "all" })).toMatchObject({ impact: "rolling update" });
});

test("a secret of an unchanged resource is hidden in the reasons", () => {
  const password = resource("kubernetes:core/v1:Secret", "web", { stringData: secret({ value: { PASSWORD: "hunter2hunter2" } }) });
  const step: PlannedStep = { ...rollout, goal: deployment("hunter2hunter2") };
  const text = JSON.stringify(judged([{ operation: "same", goal: password, old: password }, step]));
  expect([text.includes("hunter2"), text.includes("[secret]")]).toEqual([false, true]);
});

test("the impacts of a large deployment are the worst ones, and the number of the others", () => {
  const claims = Array.from({ length: 60 }, (_, i) => ({ operation: "create", goal: claim(`c${i}`) }) as const);
  const { impacts, furtherImpacts } = judged([...claims, { operation: "delete", old: claim("data") }]);
  expect([impacts!.length, furtherImpacts, impacts![0]!.impact]).toEqual([50, 11, "data loss"]);
});
