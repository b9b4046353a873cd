import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../../../cli/commands/index.ts";
import { ExitCode } from "../../../cli/exit-code.ts";
import { runProgram } from "../../../cli/program.ts";
import { UserError } from "../../../lib/user-error.ts";
import { formatVerdict, judge } from "../../../review/gate.ts";
import { Impact } from "../../../lib/impact.ts";
import { impactsOf } from "../../../review/impact/step-impact.ts";
import type { Step } from "../../../review/preview/step.ts";
import { gateSettings } from "../../../config/schema/gate.ts";
import { stepOf } from "./preview-steps.ts";

const today = "2026-06-30";
const gate = (steps: Step[], settings: object = {}, platform = "eks", problems: string[] = []) =>
  judge(impactsOf({ project: "slipway", stack: "test", steps }), gateSettings.parse(settings), { platform, today, problems });

const deletesClaim = stepOf("kubernetes:core/v1:PersistentVolumeClaim", "delete", { spec: {} }, {});
const unknown = stepOf("x:y:Z", "create", {}, {});
const vpc = stepOf("aws:ec2/vpc:Vpc", "replace", { cidrBlock: "10.0.0.0/16" }, { cidrBlock: "10.1.0.0/16" });
const rolls = stepOf("kubernetes:apps/v1:Deployment", "update", { spec: { template: { a: 1 } } }, { spec: { template: { a: 2 } } });
const grows = (size: string) =>
  stepOf("kubernetes:core/v1:PersistentVolumeClaim", "update", { spec: { storageClassName: "a" } }, { spec: { storageClassName: size } });

test("by default the gate rejects data loss, replacement and unclassified changes, but nothing on the platform local", () => {
  const oneOfEach = [deletesClaim, unknown, vpc, rolls, stepOf("kubernetes:core/v1:Service", "delete", {}, {})];
  const rejected = (settings: object, platform?: string) =>
    gate(oneOfEach, settings, platform).rejected.map(({ finding }) => finding.impact);
  expect(rejected({})).toEqual([Impact.Replacement, Impact.DataLoss, Impact.Unclassified]);
  expect(rejected({}, "local")).toEqual([]);
  expect(rejected({ refuse: [Impact.Rolling] })).toEqual([Impact.Rolling]);
  expect(rejected({ refuse: [Impact.DataLoss] }, "local")).toEqual([Impact.DataLoss]);
  expect(gate([rolls]).open).toBe(true);
  expect(gate([deletesClaim]).open).toBe(false);
});

const approval = (change: string, until = "2026-06-30") => ({ change, reason: "moved to S3", approvedBy: "Ada", until });

test("an approval allows exactly the change that it names, until its last day", () => {
  const [{ change } = { change: "" }] = gate([deletesClaim]).rejected;
  expect(gate([deletesClaim], { approvals: [approval(change)] })).toMatchObject({ open: true, rejected: [], approved: [{ change }] });
  expect(gate([deletesClaim], { approvals: [approval(change, "2026-06-29")] })).toMatchObject({
    open: false,
    rejected: [{ change }],
    approved: [],
  });
  expect(gate([vpc], { approvals: [approval(change)] })).toMatchObject({ open: false, unusedApprovals: [{ change }] });
});

test("a new approval applies despite an expired one for the same change", () => {
  const [{ change } = { change: "" }] = gate([deletesClaim]).rejected;
  const approvals = [approval(change, "2026-06-29"), approval(change, "2026-07-31")];
  expect(gate([deletesClaim], { approvals })).toMatchObject({ open: true, rejected: [], approved: [{ approval: approvals[1] }] });
});

test("another value, resource or impact is another change", () => {
  const changes = [grows("b"), grows("c"), { ...grows("b"), urn: "urn:pulumi:test::slipway::x::other" }, deletesClaim].map(
    (step) => gate([step]).rejected[0]!.change,
  );
  expect(new Set(changes).size).toBe(4);
  expect(gate([grows("b")]).rejected[0]!.change).toBe(changes[0]);
});

test("other problems close the gate too", () => {
  expect(gate([rolls], {}, "eks", ["an exception expired"]).open).toBe(false);
});

test("the verdict lists what is rejected and how to approve it", () => {
  const [{ change } = { change: "" }] = gate([vpc]).rejected;
  const [ended] = gate([unknown]).rejected;
  const settings = { approvals: [approval(change), approval(ended!.change, "2026-01-31"), approval("0123456789ab")] };
  expect(formatVerdict(gate([deletesClaim, vpc, unknown], settings, "eks", ["policy: x"]), "prod")).toBe(`gate of stack "prod": closed
  ✗ data loss  PersistentVolumeClaim it
      deleted: the volume is deleted with the claim, unless its reclaim policy is Retain
      change ${gate([deletesClaim]).rejected[0]!.change}
  ✗ unclassified  Z it
      no rule covers the creation of a Z (x:y:Z)
      approval ${ended!.change} expired on 2026-01-31
  ✗ policy: x
  ✓ cluster or network replacement  Vpc it
      cidrBlock changed: everything in the Vpc must be recreated
      approved by Ada until 2026-06-30: moved to S3
  approval 0123456789ab matches no change in this preview. Remove it.

To approve, complete these lines in stacks/Pulumi.prod.yaml, and have them reviewed:
    slipway:gate:
      approvals:
        - change: ${gate([deletesClaim]).rejected[0]!.change} # PersistentVolumeClaim it
          reason: …
          approvedBy: …
          until: …
        - change: ${ended!.change} # Z it
          reason: …
          approvedBy: …
          until: …`);
  expect(formatVerdict(gate([rolls]), "prod")).toBe('gate of stack "prod": open');
});

describe("the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-gate-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  /** A fixture as a preview of the stack prod. */
  const previewOfProd = (name: string) => {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(`test/fixtures/previews/${name}`, "utf8").replaceAll("urn:pulumi:local::", "urn:pulumi:prod::"));
    return file;
  };
  /** Runs a command in this process. Its error, if any, is what the command line prints before it exits with 1. */
  async function run(...args: string[]) {
    let stdout = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((stdout += String(text))));
    try {
      return { code: await runProgram(commands, args), stdout };
    } finally {
      write.mockRestore();
    }
  }

  test("gate exits with 0 if the gate is open, with 3 if it is closed, and fails without a valid preview", async () => {
    const gateOf = (preview: string) => run("gate", "--stack", "prod", "--preview", preview);
    expect((await gateOf(previewOfProd("image.json"))).code).toBe(ExitCode.Success);
    expect((await gateOf(previewOfProd("drop-volume.json"))).code).toBe(ExitCode.GateClosed);
    await expect(gateOf("nowhere.json")).rejects.toThrow(UserError);
  });

  test("impact prints the worst impact first", async () => {
    expect(await run("impact", "--preview", "test/fixtures/previews/selector.events.jsonl")).toEqual({
      code: ExitCode.Success,
      stdout: `impact on stack "local": restart with downtime (requests fail, temporarily or permanently)
  Deployment web  replace
    restart with downtime  spec.selector.matchLabels["app.kubernetes.io/name"] changed: the Deployment is replaced; its pods stop before new ones start
  Service web  update
    restart with downtime  spec.selector["app.kubernetes.io/name"] changed: requests go to other pods, and fail until those are ready
  8 unchanged
`,
    });
  });

  test("render rejects a stack without Kubernetes objects", async () => {
    await expect(run("render", "--stack", "docker", "--out", join(folder, "manifests"))).rejects.toThrow(
      'Stack "docker" has no Kubernetes objects (its platform is docker). Render a stack of the platform kubernetes, local or eks.',
    );
  });

  test("gate reports an unknown stack", async () => {
    await expect(run("gate", "--stack", "nowhere", "--preview", "x")).rejects.toThrow('There is no stack "nowhere"');
  });
});

test("settings of the gate are validated", () => {
  const problems = (settings: object) =>
    gateSettings.safeParse(settings).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(problems({ approvals: [{ change: "all", reason: "", approvedBy: "Ada", until: "soon" }] })).toEqual([
    "approvals.0.change: must be the 12 digits that `slipway gate` prints for the change",
    "approvals.0.reason: Too small: expected string to have >=1 characters",
    "approvals.0.until: must be a date such as 2026-12-31",
  ]);
});
