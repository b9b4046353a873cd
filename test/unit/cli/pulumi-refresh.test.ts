import { driftInRefresh } from "../../../cli/pulumi/refresh.ts";
import { reportOf } from "../../../cli/drift/report.ts";

// The format is from Pulumi's source (pkg/backend/display/json.go, ShowPreviewDigest, and sdk/go/common/display/events.go, PreviewDigest). The CLI 3.276
// printed it when it was tried by hand (docs/PIPELINES.md); these tests do not prove it for others.

const urnOf = (type: string, name: string) => `urn:pulumi:prod::shop::${type}::${name}`;
const bucket = "aws:s3/bucket:Bucket";
const stackType = "pulumi:pulumi:Stack";
const state = (type: string, name: string, inputs: object, custom = true) => ({
  ...{ urn: urnOf(type, name), custom, id: name, type, inputs, outputs: inputs, parent: urnOf(stackType, "shop-prod") },
  ...{ created: "2026-01-01T00:00:00Z", modified: "2026-01-01T00:00:00Z" },
});
const root = { op: "refresh", urn: urnOf(stackType, "shop-prod"), oldState: { ...state(stackType, "shop-prod", {}, false), parent: "" } };
const same = { op: "refresh", urn: urnOf(bucket, "same"), oldState: state(bucket, "same", {}), newState: state(bucket, "same", {}) };
const provider = {
  op: "refresh",
  urn: urnOf("pulumi:providers:aws", "aws"),
  oldState: state("pulumi:providers:aws", "aws", { region: "eu-west-1" }),
  newState: state("pulumi:providers:aws", "aws", { region: "eu-west-1" }),
};
const changed = {
  op: "update",
  urn: urnOf(bucket, "logs"),
  oldState: state(bucket, "logs", { bucket: "logs", tags: { team: "shop" } }),
  newState: state(bucket, "logs", { bucket: "logs", tags: {} }),
  detailedDiff: { "tags.team": { kind: "delete", inputDiff: true } },
};
const gone = { op: "delete", urn: urnOf(bucket, "old"), oldState: state(bucket, "old", { bucket: "old" }) };
const digest = (steps: object[], changeSummary: object, more: object = {}) =>
  JSON.stringify({ steps, duration: 1e9, changeSummary, ...more });

test("a refresh that changes nothing reports changed and missing resources, from the state to what is live", () => {
  const found = driftInRefresh(digest([root, provider, same, changed, gone], { same: 3, update: 1, delete: 1 }), "prod");
  expect(found).toMatchObject({ compared: 3, uncompared: [], drifted: [{ id: "logs" }, { id: "old" }] });
  const report = reportOf({ project: "shop", name: "prod" }, found);
  const shown = report.objects.map(({ happened: { step }, missing, changes }) => [
    step.name,
    missing,
    changes.map(({ path, before, after }) => [path, before, after]),
  ]);
  expect(shown.sort()).toEqual([
    ["logs", undefined, [[["tags", "team"], "shop", undefined]]],
    ["old", "does not exist", []],
  ]);
});

test("a refresh without a difference is no drift", () => {
  expect(driftInRefresh(digest([root, provider, same], { same: 3 }), "prod")).toEqual({ compared: 1, drifted: [], uncompared: [] });
});

test("a refresh that failed, or does not list all differences, is never taken for one without drift", () => {
  const failed = digest([root], {}, { diagnostics: [{ severity: "error", message: "bucket logs: AccessDenied" }] });
  expect(() => driftInRefresh(failed, "prod")).toThrow(
    "pulumi refresh --preview-only --json: failed, so nobody knows whether the stack has drifted:\n  - bucket logs: AccessDenied",
  );
  // Pulumi keeps a step as `refresh` if the provider does not say what differs.
  expect(() => driftInRefresh(digest([root, same], { update: 1 }), "prod")).toThrow(
    'is incomplete: it has 0 of the 1 steps "update" in its summary. Run pulumi refresh --preview-only --json --stack prod to see why.',
  );
  expect(() => driftInRefresh("", "prod")).toThrow("pulumi refresh --preview-only --json: is empty.");
  expect(() => driftInRefresh(digest([root, { ...same, op: "import" }], {}), "prod")).toThrow("has an unknown operation (import of");
});
