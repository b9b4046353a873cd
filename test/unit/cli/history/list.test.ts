import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listHistory } from "../../../../cli/history/list.ts";
import type { Stack } from "../../../../config/stack-file.ts";
import { FileHistory } from "../../../../engine/state/file-history.ts";
import type { Deployment } from "../../../../lib/deployment-record.ts";
import { UserError } from "../../../../lib/user-error.ts";

let folder: string;
let stack: Stack;
const list = (more: object = {}) => listHistory(stack, { id: "", limit: "20", json: false, ...more });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(folder, { recursive: true });
  stack = { project: "shop", name: "prod", config: {}, secretKeys: [], main: "index.ts", folder };
  vi.useFakeTimers({ now: new Date("2026-11-28T12:00:00Z") });
  vi.stubEnv("TZ", "UTC").stubEnv("SLIPWAY_ENGINE", "embedded");
});
afterEach(() => {
  vi.useRealTimers().unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const first: Deployment = {
  id: 1,
  command: "up",
  started: "2026-11-27T09:00:00.000Z",
  result: "interrupted",
  actor: "ada",
  slipway: "0.1.0",
};
const second: Deployment = {
  ...first,
  id: 2,
  started: "2026-11-28T11:58:30.000Z",
  seconds: 14.2,
  result: "succeeded",
  commit: { sha: "6e04de1c9a72f1c1f6d2a4b1b0c3d4e5f6a7b8c9", branch: "main", dirty: true },
  ci: "https://github.com/acme/shop/actions/runs/4711",
  environment: "production",
  changes: { created: 1, updated: 2, replaced: 1, deleted: 3, unchanged: 7, failed: 1 },
  impact: "data loss",
  impacts: [{ resource: "PersistentVolumeClaim data", operation: "delete", impact: "data loss", reasons: ["deleted", "again"] }],
  furtherImpacts: 2,
  approvals: [
    {
      change: "0123456789ab",
      resource: "PersistentVolumeClaim data",
      impact: "data loss",
      reason: "it is empty",
      approvedBy: "Grace",
      until: "2026-12-31",
    },
  ],
  images: { web: "registry.example.org/web@sha256:aaaa" },
  jobs: { migrate: "registry.example.org/migrate@sha256:bbbb" },
};
const recorded = () => new FileHistory(stack).save([second, first]);

test("the deployments are listed, the newest first", async () => {
  await recorded();
  expect(await list()).toBe(`ID  WHEN                 AGE  COMMAND  RESULT       TIME    COMMIT    BY   CHANGES         IMPACT
2   2026-11-28 11:58:30  1m   up       succeeded    14.2 s  6e04de1*  ada  +1 ~2 ±1 -3 ✗1  data loss
1   2026-11-27 09:00:00  1d   up       interrupted                    ada
`);
  expect((await list({ limit: "1" })).split("\n").length).toBe(3);
});

test("one deployment is printed in full", async () => {
  await recorded();
  expect(await list({ id: "2" })).toBe(`up 2 of stack "prod"
  result       succeeded
  started      2026-11-28 11:58:30 (1m ago)
  duration     14.2 s
  commit       6e04de1c9a72f1c1f6d2a4b1b0c3d4e5f6a7b8c9, main, with uncommitted changes
  by           ada
  CI run       https://github.com/acme/shop/actions/runs/4711
  environment  production
  Slipway      0.1.0
  changes      1 created, 2 updated, 1 replaced, 3 deleted, 7 unchanged, 1 failed
  impact       data loss
  impacts
    PersistentVolumeClaim data  delete  data loss: deleted; again
    2 more, not worse
  approvals
    PersistentVolumeClaim data  data loss  approved by Grace until 2026-12-31: it is empty
  images
    web  registry.example.org/web@sha256:aaaa
    migrate  registry.example.org/migrate@sha256:bbbb
`);
  expect(await list({ id: "1" })).toBe(`up 1 of stack "prod"
  result       interrupted
  started      2026-11-27 09:00:00 (1d ago)
  by           ada
  Slipway      0.1.0
`);
});

test("as JSON, everything is printed", async () => {
  await recorded();
  expect(JSON.parse(await list({ json: true, limit: "1" }))).toEqual({ stack: "prod", deployments: [second] });
  expect(JSON.parse(await list({ json: true, id: "1" }))).toEqual({ stack: "prod", deployment: first });
});

test("a stack without history was never deployed", async () => {
  expect(await list()).toBe('Stack "prod" was never deployed.\n');
  expect(JSON.parse(await list({ json: true }))).toEqual({ stack: "prod", deployments: [] });
  await expect(list({ id: "1" })).rejects.toThrow(new UserError('id: stack "prod" has no deployment 1. It was never deployed.'));
});

test("a number that is none, and a deployment that is not there, are rejected", async () => {
  await recorded();
  await expect(list({ id: "3" })).rejects.toThrow('id: stack "prod" has no deployment 3. It has 1 to 2: slipway history --stack prod');
  await expect(list({ id: "last" })).rejects.toThrow('id: must be a positive integer (got "last").');
  await expect(list({ limit: "0" })).rejects.toThrow('--limit: must be a positive integer (got "0").');
});

test("a damaged history is reported", async () => {
  const { file } = new FileHistory(stack);
  writeFileSync(file, "{");
  await expect(list()).rejects.toThrow(`${file}: cannot be read (`);
});
