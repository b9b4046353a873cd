import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatVerdict, judge } from "../../../review/gate.ts";
import { Impact, impactsOf } from "../../../review/impact/impacts.ts";
import type { Step } from "../../../review/preview/step.ts";
import { gateSettings } from "../../../config/schema/gate.ts";
import { stepOf } from "./preview-steps.ts";

const today = "2026-06-30";
const gate = (steps: Step[], settings: object = {}, platform = "eks", problems: string[] = []) =>
  judge(impactsOf({ project: "slipway", stack: "test", steps }), gateSettings.parse(settings), { platform, today, problems });

const claimGoes = stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", { spec: {} }, {});
const unknown = stepOf("x:y:Z", "create", {}, {});
const vpc = stepOf("aws:ec2/vpc:Vpc", "replace", { cidrBlock: "10.0.0.0/16" }, { cidrBlock: "10.1.0.0/16" });
const rolls = stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { template: { a: 1 } } }, { spec: { template: { a: 2 } } });
const grows = (size: string) =>
  stepOf("kubernetes:core/v1:PersistentVolumeClaim", "update", { spec: { storageClassName: "a" } }, { spec: { storageClassName: size } });

test("data loss, replacement and what nobody knows are refused, and nothing else, unless a stack says otherwise", () => {
  const oneOfEach = [claimGoes, unknown, vpc, rolls, stepOf("kubernetes:core/v1:Service", "delete", {}, {})];
  const refused = (settings: object, platform?: string) => gate(oneOfEach, settings, platform).refused.map(({ finding }) => finding.impact);
  expect(refused({})).toEqual([Impact.Replacement, Impact.DataLoss, Impact.Unclassified]);
  expect(refused({}, "local")).toEqual([]);
  expect(refused({ refuse: [Impact.Rolling] })).toEqual([Impact.Rolling]);
  expect(refused({ refuse: [Impact.DataLoss] }, "local")).toEqual([Impact.DataLoss]);
  expect(gate([rolls]).open).toBe(true);
  expect(gate([claimGoes]).open).toBe(false);
});

const approval = (change: string, until = "2026-06-30") => ({ change, reason: "moved to S3", approvedBy: "Ada", until });

test("an approval lets through the very change that it names, until its last day", () => {
  const [{ change } = { change: "" }] = gate([claimGoes]).refused;
  expect(gate([claimGoes], { approvals: [approval(change)] })).toMatchObject({ open: true, refused: [], approved: [{ change }] });
  expect(gate([claimGoes], { approvals: [approval(change, "2026-06-29")] })).toMatchObject({
    open: false,
    refused: [{ change }],
    approved: [],
  });
  expect(gate([vpc], { approvals: [approval(change)] })).toMatchObject({ open: false, needless: [{ change }] });
});

test("another value, another resource, another impact is another change", () => {
  const changes = [grows("b"), grows("c"), { ...grows("b"), urn: "urn:pulumi:test::slipway::x::other" }, claimGoes].map(
    (step) => gate([step]).refused[0]!.change,
  );
  expect(new Set(changes).size).toBe(4);
  expect(gate([grows("b")]).refused[0]!.change).toBe(changes[0]);
});

test("other problems close it, too", () => {
  expect(gate([rolls], {}, "eks", ["an exception ended"]).open).toBe(false);
});

test("the verdict says what is refused and how to let it through", () => {
  const [{ change } = { change: "" }] = gate([vpc]).refused;
  const [ended] = gate([unknown]).refused;
  const settings = { approvals: [approval(change), approval(ended!.change, "2026-01-31"), approval("0123456789ab")] };
  expect(formatVerdict(gate([claimGoes, vpc, unknown], settings, "eks", ["policy: x"]), "prod")).toBe(`gate of stack "prod": closed
  ✗ data loss  PersistentVolumeClaim it
      it is deleted: the claim goes, and with it the volume, unless its class retains it
      change ${gate([claimGoes]).refused[0]!.change}
  ✗ unclassified  Z it
      no rule says what it does that a Z is created (x:y:Z)
      approval ${ended!.change} ended on 2026-01-31
  ✗ policy: x
  ✓ cluster or network replacement  Vpc it
      cidrBlock changed: the Vpc goes, and whatever is in it must be made anew
      approved by Ada until 2026-06-30: moved to S3
  approval 0123456789ab is of no change in this preview; remove it

To let this through all the same, say so in stacks/Pulumi.prod.yaml, and have it reviewed:
    slipway:gate:
      approvals:
        - change: ${gate([claimGoes]).refused[0]!.change} # PersistentVolumeClaim it
          reason: …
          approvedBy: …
          until: …
        - change: ${ended!.change} # Z it
          reason: …
          approvedBy: …
          until: …`);
  expect(formatVerdict(gate([rolls]), "prod")).toBe('gate of stack "prod": open');
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-gate-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  /** A preview of the stack prod. */
  const previewOfProd = (name: string) => {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(`test/fixtures/previews/${name}`, "utf8").replaceAll("urn:pulumi:local::", "urn:pulumi:prod::"));
    return file;
  };
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["cli/main.ts", ...args], { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });

  test("ends with 0 where the gate is open, with 3 where it is closed, with 1 where nobody can tell", () => {
    const code = (name: string) => run("gate", "--stack", "prod", "--preview", name).status;
    expect([code(previewOfProd("image.json")), code(previewOfProd("drop-volume.json")), code("nowhere.json")]).toEqual([0, 3, 1]);
  });

  test("tells the impact, the worst first", () => {
    const { stdout, status } = run("impact", "--preview", "test/fixtures/previews/selector.events.jsonl");
    expect(stdout).toBe(`impact on stack "local": restart with downtime (requests fail for a while, or for good)
  Deployment web  replace
    restart with downtime  spec.selector.matchLabels["app.kubernetes.io/name"] changed: Deployment is replaced; its pods are gone before new ones start
  Service web  update
    restart with downtime  spec.selector["app.kubernetes.io/name"] changed: requests go to other pods; until such are ready nobody answers
  8 unchanged
`);
    expect(status).toBe(0);
  });

  test("writes no files of a stack that has no Kubernetes objects", () => {
    const { stderr, status } = run("render", "--stack", "docker", "--out", join(folder, "manifests"));
    expect([stderr, status]).toEqual(['error: Stack "docker" has no Kubernetes objects: its platform is docker.\n', 1]);
  });

  test("refuses a bad setting of the gate as any other, before anything else", () => {
    const { stderr } = run("gate", "--stack", "nowhere", "--preview", "x");
    expect(stderr).toContain('There is no stack "nowhere"');
  });
});

test("settings of the gate are checked", () => {
  const problems = (settings: object) =>
    gateSettings.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(problems({ approvals: [{ change: "all", reason: "", approvedBy: "Ada", until: "soon" }] })).toEqual([
    "approvals.0.change: must be the 12 digits that `slipway gate` prints for the change",
    "approvals.0.reason: Too small: expected string to have >=1 characters",
    "approvals.0.until: must be a date such as 2026-12-31",
  ]);
});
