import { gateSettings } from "../../../config/schema/gate.ts";
import { judge, verdictAsJson } from "../../../review/gate.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { stepOf } from "./preview-steps.ts";

const claim = "kubernetes:core/v1:PersistentVolumeClaim";
const gate = (steps: Step[], settings: object = {}, problems?: string[]) =>
  judge(impactsOf({ project: "slipway", stack: "prod", steps }), gateSettings.parse(settings), {
    platform: "eks",
    today: "2026-06-30",
    ...(problems && { problems }),
  });
const approvalOf = (change: string, until: string) => ({ change, reason: "moved", approvedBy: "Ada", until });
const changeOf = (step: Step) =>
  gate([step])
    .rejected.map(({ change }) => change)
    .join();
const resized = (before: object, after: object) => stepOf(claim, "update", { spec: before }, { spec: after });

test("the ID of a change is the same in every version of Slipway, because approvals contain it", () => {
  expect(changeOf(stepOf(claim, "delete", { spec: {} }, {}))).toBe("20b6b6be756d");
  expect(changeOf(resized({ volumeMode: "Block" }, { volumeMode: "Filesystem" }))).toBe("e0c6a9c1bfe3");
});

test("a change from another value, to another value, or of another property has another ID", () => {
  const steps = [
    resized({ volumeMode: "a" }, { volumeMode: "b" }),
    resized({ volumeMode: "c" }, { volumeMode: "b" }),
    resized({}, { volumeMode: "b" }),
    resized({ volumeMode: "a" }, { volumeMode: "c" }),
    resized({ volumeMode: "a" }, {}),
    resized({ storageClassName: "a" }, { storageClassName: "b" }),
    stepOf(claim, "replace", { spec: { volumeMode: "a" } }, { spec: { volumeMode: "b" } }),
    stepOf("x:y:Z", "update", { a: 1 }, { a: 2 }),
    stepOf("x:y:Z", "update", { b: 1 }, { b: 2 }),
  ];
  const changes = steps.map(changeOf);
  expect(changes.every((change) => /^[0-9a-f]{12}$/.test(change))).toBe(true);
  expect(new Set(changes).size).toBe(steps.length);
});

test("without other problems, only findings close the gate", () => {
  expect(gate([])).toEqual({ open: true, rejected: [], approved: [], problems: [], unusedApprovals: [] });
  expect(gate([], {}, ["policy error"])).toEqual({
    open: false,
    rejected: [],
    approved: [],
    problems: ["policy error"],
    unusedApprovals: [],
  });
});

test("as JSON, the verdict lists each finding with its change and its approval", () => {
  const [kept, lost] = ["kept", "lost"].map((name) => stepOf(claim, "delete", {}, {}, { name, urn: `urn:${name}` })) as [Step, Step];
  const approval = approvalOf(changeOf(kept), "2026-06-30");
  const expired = approvalOf(changeOf(lost), "2026-06-29");
  const unused = approvalOf("0123456789ab", "2026-12-31");
  const settings = { approvals: [approval, unused, expired] };
  const reason = "deleted: the volume is deleted with the claim, unless its reclaim policy is Retain";
  const shown = { type: claim, impact: "data loss", reason };
  const asJson = (steps: Step[], problems?: string[]) => verdictAsJson(gate(steps, settings, problems), "prod");
  expect(asJson([kept, lost], ["policy error"])).toEqual({
    stack: "prod",
    open: false,
    rejected: [{ change: expired.change, urn: "urn:lost", name: "lost", ...shown, approval: expired }],
    approved: [{ change: approval.change, urn: "urn:kept", name: "kept", ...shown, approval }],
    problems: ["policy error"],
    unusedApprovals: [unused],
  });
  expect(asJson([kept])).toMatchObject({ open: true, rejected: [], approved: [{ name: "kept" }] });
  expect(asJson([stepOf("x:y:Z", "create", {}, {})])).toMatchObject({ open: false, rejected: [{ name: "it", approval: undefined }] });
});
