import { deploymentsIn, isUnknownStack, messageOf } from "../../../../cli/history/pulumi.ts";

// Written in the format of updateInfoJSON (pulumi, pkg/cmd/pulumi/stack/stack_history.go). The Pulumi CLI has not written it.

const origin = {
  commit: { sha: "6e04de1c9a72", branch: "main", dirty: true },
  actor: "ada",
  ci: "https://github.com/acme/shop/actions/runs/4711",
  environment: "production",
  slipway: "0.1.0",
};

const update = (more: object = {}) => ({
  version: 0,
  kind: "update",
  startTime: "2026-11-28T01:02:03.000Z",
  message: messageOf("up", origin),
  environment: { "exec.kind": "cli", "git.head": "ffff", "git.headName": "refs/heads/other", "git.dirty": "false" },
  config: { "slipway:platform": { value: "eks", secret: false } },
  result: "succeeded",
  endTime: "2026-11-28T01:02:15.000Z",
  resourceChanges: { create: 2, update: 1, same: 30, replace: 1, "create-replacement": 1, "delete-replaced": 1 },
  ...more,
});
const read = (...updates: object[]) => deploymentsIn(JSON.stringify(updates));

test("the message of an update has a line for people, and what the backend does not know", () => {
  const [line, record, ...more] = messageOf("rollback", origin).split("\n");
  expect([line, more]).toEqual(["slipway rollback of 6e04de1 by ada", []]);
  expect(JSON.parse(record!)).toEqual({ slipway: { command: "rollback", ...origin } });
  expect(messageOf("up", { actor: "ada", slipway: "0.1.0" })).toBe(
    'slipway up by ada\n{"slipway":{"command":"up","actor":"ada","slipway":"0.1.0"}}',
  );
});

test("an update by Slipway is a deployment with all that the backend and its message say", () => {
  expect(read(update())).toEqual([
    {
      id: 1,
      command: "up",
      started: "2026-11-28T01:02:03.000Z",
      seconds: 12,
      result: "succeeded",
      ...origin,
      changes: { created: 2, updated: 1, replaced: 1, deleted: 0, unchanged: 30, failed: 0 },
    },
  ]);
});

test("of an update by plain pulumi, the commit and the CI run are known, but not who deployed", () => {
  const environment = {
    "git.head": "ffff",
    "git.headName": "refs/heads/main",
    "git.dirty": "true",
    "ci.build.url": "https://ci.example.org/1",
  };
  const [deployment] = read(update({ message: "Fix the port", environment, kind: "destroy", resourceChanges: { delete: 3 } }));
  expect(deployment).toEqual({
    id: 1,
    command: "down",
    started: "2026-11-28T01:02:03.000Z",
    seconds: 12,
    result: "succeeded",
    commit: { sha: "ffff", branch: "main", dirty: true },
    ci: "https://ci.example.org/1",
    changes: { created: 0, updated: 0, replaced: 0, deleted: 3, unchanged: 0, failed: 0 },
  });
});

test("Pulumi Cloud numbers its updates; those of other backends are numbered from the oldest", () => {
  expect(read(update({ version: 9 }), update({ version: 7 })).map(({ id }) => id)).toEqual([9, 7]);
  expect(read(update(), update({ kind: "preview" }), update()).map(({ id }) => id)).toEqual([2, 1]);
});

test("previews, renames and imports of a state are no deployments", () => {
  const kinds = ["update", "preview", "refresh", "rename", "destroy", "import", "resource-import"];
  const all = read(...kinds.map((kind) => update({ kind, message: "" })));
  expect(all.map(({ command }) => command)).toEqual(["up", "refresh", "down", "import"]);
});

test("an update in progress has no end", () => {
  const { endTime: _end, resourceChanges: _changes, ...running } = update({ result: "in-progress" });
  expect(read(running)).toMatchObject([{ result: "running" }]);
  expect(Object.keys(read(running)[0]!)).not.toContain("seconds");
  expect(read(update({ result: "failed" }))).toMatchObject([{ result: "failed" }]);
});

test("a message whose record was cut off is that of others", () => {
  expect(read(update({ message: messageOf("up", origin).slice(0, -10) }))[0]).not.toHaveProperty("actor");
});

test("a stack without updates has no deployments", () => {
  expect(read()).toEqual([]);
});

test.each([
  ["no JSON", "warning: something", "(: "],
  ["no list", "{}", "(: "],
  ["an update without a kind", JSON.stringify([{ ...update(), kind: undefined }]), "(0.kind: "],
])("output with %s is rejected", (_what, text, problem) => {
  const message = "pulumi stack history --json --page-size 0: its output is not what Slipway expects ";
  expect(() => deploymentsIn(text)).toThrow(`${message}${problem}`);
});

test("a stack that the backend does not have is told apart from other failures", () => {
  expect(isUnknownStack(new Error("pulumi stack history\n  exit code 6\n  | error: no stack named 'prod' found"))).toBe(true);
  expect(isUnknownStack(new Error("pulumi stack history\n  | error: passphrase must be set"))).toBe(false);
});
