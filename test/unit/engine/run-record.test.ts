import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "../../../config/stack-file.ts";
import { RunRecord, type RunDescription } from "../../../engine/run-record.ts";
import type { PlannedStep } from "../../../engine/planned-step.ts";
import type { ResourceState } from "../../../engine/state/checkpoint.ts";
import { FileHistory } from "../../../engine/state/file-history.ts";
import type { Deployment } from "../../../lib/deployment-record.ts";
import { UserError } from "../../../lib/user-error.ts";
import { secret } from "../../../lib/values.ts";

let folder: string;
let store: FileHistory;
let warnings: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  const stack: Stack = { project: "shop", name: "dev", config: {}, secretKeys: [], main: "index.ts", folder };
  store = new FileHistory(stack);
  warnings = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    warnings += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const origin = { actor: "ada", slipway: "0.1.0" };
const run: RunDescription = {
  command: "up",
  origin: Promise.resolve(origin),
  judge: async () => ({ impact: "rolling update", impacts: [] }),
};
const type = "pulumi-nodejs:dynamic:Thing";
const resource = (name: string, outputs: object = {}): ResourceState => ({
  urn: `urn:pulumi:dev::shop::${type}::${name}`,
  type,
  custom: true,
  dependencies: [],
  inputs: {},
  outputs: outputs as ResourceState["outputs"],
});
const update: PlannedStep = { operation: "update", goal: resource("a"), old: resource("a") };
const same: PlannedStep = { operation: "same", goal: resource("b"), old: resource("b") };
const digest = `sha256:${"0".repeat(64)}`;
const root = (outputs: object) => ({ ...resource("dev", outputs), type: "pulumi:pulumi:Stack" });

/** A run that changes something. */
async function change({ succeeded = true, description = run, outputs = {} } = {}): Promise<void> {
  const record = new RunRecord(store, description);
  await record.begin();
  record.made(update);
  await record.end(succeeded, [root(outputs)]);
}

test("a run that changes nothing is not recorded", async () => {
  const record = new RunRecord(store, run);
  record.made(same);
  await record.end(true);
  expect(existsSync(store.file)).toBe(false);
});

test("a run is recorded before its first change, and completed in the end", async () => {
  const record = new RunRecord(store, run);
  record.made(same);
  await Promise.all([record.begin(), record.begin()]);
  const [running, ...others] = await store.load();
  expect(running).toEqual({ id: 1, command: "up", started: expect.any(String) as string, result: "running", ...origin });
  expect([others, Math.abs(Date.now() - Date.parse(running!.started)) < 60_000]).toEqual([[], true]);
  record.made(update);
  record.made({ operation: "create", goal: resource("c") });
  record.made({ operation: "retain", old: resource("d") });
  await record.end(true, [
    root({ images: { web: `web@${digest}`, old: "web:1.0", secret: secret({ value: `x@${digest}` }) }, jobs: { init: `init@${digest}` } }),
  ]);
  expect(await store.load()).toEqual([
    {
      ...running,
      result: "succeeded",
      seconds: expect.any(Number) as number,
      changes: { created: 1, updated: 1, replaced: 0, deleted: 1, unchanged: 1, failed: 0 },
      impact: "rolling update",
      impacts: [],
      images: { web: `web@${digest}` },
      jobs: { init: `init@${digest}` },
    },
  ]);
  expect([warnings, statSync(store.file).mode & 0o777]).toEqual(["", 0o600]);
});

test("a failed run is recorded, also one that changed nothing", async () => {
  const record = new RunRecord(store, run);
  await record.end(false, [root({ images: { web: `web@${digest}` } })]);
  const started = new RunRecord(store, run);
  await started.begin();
  started.failed(update);
  await started.end(false);
  expect(await store.load()).toEqual([
    expect.objectContaining({
      id: 2,
      result: "failed",
      impact: "rolling update",
      changes: { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged: 0, failed: 1 },
    }),
    {
      id: 1,
      command: "up",
      started: expect.any(String) as string,
      ...origin,
      result: "failed",
      seconds: 0,
      changes: { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged: 0, failed: 0 },
    },
  ]);
});

test("a replacement is one step, although its old resource is deleted in the end", async () => {
  const record = new RunRecord(store, run);
  await record.begin();
  record.made({ operation: "replace", goal: resource("a"), old: resource("a") });
  record.made({ operation: "delete", old: { ...resource("a"), urn: `${resource("a").urn}#0123456` } });
  // An earlier run has replaced it, and was killed.
  record.made({ operation: "delete", old: { ...resource("z"), urn: `${resource("z").urn}#0123456` } });
  await record.end(true);
  expect((await store.load())[0]!.changes).toMatchObject({ replaced: 1, deleted: 1 });
});

test("the next run marks one that was killed as interrupted, even if it changes nothing itself", async () => {
  await new RunRecord(store, run).begin();
  await new RunRecord(store, run).end(true);
  expect((await store.load()).map(({ id, result }) => [id, result])).toEqual([[1, "interrupted"]]);
  await new RunRecord(store, run).begin();
  await change();
  expect((await store.load()).map(({ id, result }) => [id, result])).toEqual([
    [3, "succeeded"],
    [2, "interrupted"],
    [1, "interrupted"],
  ]);
});

test("the newest 200 deployments are kept, and numbers are not used again", async () => {
  const old = (id: number): Deployment => ({ id, command: "up", started: "2026-11-28T00:00:00Z", result: "succeeded" });
  await store.save(Array.from({ length: 200 }, (_, i) => old(200 - i)));
  await change();
  const all = await store.load();
  expect([all.length, all[0]!.id, all.at(-1)!.id]).toEqual([200, 201, 2]);
});

test.each([
  ["no JSON", "{", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"],
  ["another version", '{"version":2}', "version: must be 1 (got 2)"],
  ["no list", '{"version":1}', "deployments: must be a list"],
  ["a damaged record", '{"version":1,"deployments":[{"id":"1"}]}', "deployments[0]: is no deployment"],
])("a history with %s is put aside, and does not stop a run that changes something", async (_what, text, problem) => {
  writeFileSync(store.file, text);
  await expect(store.load()).rejects.toThrow(
    new UserError(`${store.file}: cannot be read (${problem}). Restore it from a backup, or delete it.`),
  );
  await change();
  expect((await store.load()).map(({ id, result }) => [id, result])).toEqual([[1, "succeeded"]]);
  expect(readFileSync(`${store.file}.damaged`, "utf8")).toBe(text);
  expect(warnings).toBe(
    `warning: a new history begins: ${store.file}: cannot be read (${problem}). Restore it from a backup, or delete it. It is kept in ${store.file}.damaged.\n`,
  );
});

test("a damaged history stays as it is if the run fails before it changes anything, or changes nothing", async () => {
  writeFileSync(store.file, "{");
  await new RunRecord(store, run).end(false);
  await new RunRecord(store, run).end(true);
  expect([readFileSync(store.file, "utf8"), warnings]).toEqual(["{", ""]);
});

test("a history that cannot be written is a warning, once", async () => {
  vi.spyOn(store, "save").mockRejectedValue(new Error("no space"));
  await change();
  expect(warnings).toBe("warning: this run is not in the history: no space\n");
});

test("a record that cannot be completed is a warning", async () => {
  const record = new RunRecord(store, run);
  await record.begin();
  vi.spyOn(store, "save").mockRejectedValue(new Error("no space"));
  await record.end(true);
  expect(warnings).toBe("warning: the history does not say how this run has ended: no space\n");
});

test("without the lock or the key, nothing may be changed", async () => {
  vi.spyOn(store, "save").mockRejectedValue(new UserError("the lock was lost"));
  const record = new RunRecord(store, run);
  await expect(record.begin()).rejects.toThrow(new UserError("the lock was lost"));
  await record.end(false);
  expect(warnings).toBe("");
});

test("impacts that cannot be computed do not fail the run", async () => {
  await change({ description: { ...run, judge: () => Promise.reject(new Error("no rules")) } });
  expect(warnings).toBe("warning: the history does not say how this run has ended: no rules\n");
});
