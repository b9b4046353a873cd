import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Stack } from "../../../config/stack-file.ts";
import { engineFor } from "../../../cli/engines.ts";
import { restoreEnvironment } from "../process-environment.ts";
import { LockedError } from "../../../lib/file-lock.ts";

let folder: string;
let stack: Stack;
const environment = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(join(folder, "stack"));
  stack = { project: "slipway", name: "dev", config: {}, secretKeys: [], main: "index.ts", folder: join(folder, "stack") };
  // Only the Pulumi CLI that a test installs.
  Object.assign(process.env, { PATH: join(folder, "bin"), PULUMI_HOME: join(folder, "home") });
  delete process.env["SLIPWAY_ENGINE"];
});
afterEach(() => {
  restoreEnvironment(environment);
  rmSync(folder, { recursive: true });
});

const titleOf = async () => (await engineFor(stack)).title;
const madeBy = (mark: "checkpoint.json" | "made-by-pulumi") => writeFileSync(join(stack.folder, mark), "{}");

/** Installs a script as the Pulumi CLI. */
function installPulumi(script = ""): string {
  const file = join(folder, "bin", "pulumi");
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

test("a new stack uses the Pulumi CLI if it is installed, otherwise the embedded engine", async () => {
  expect(await titleOf()).toBe("the embedded engine");
  const pulumi = installPulumi();
  process.env["PATH"] = ["/nowhere", join(folder, "bin")].join(delimiter);
  expect(await titleOf()).toBe(`the Pulumi CLI (${pulumi})`);
});

test("SLIPWAY_ENGINE overrides the default engine", async () => {
  installPulumi();
  process.env["SLIPWAY_ENGINE"] = "embedded";
  expect(await titleOf()).toBe("the embedded engine");
});

test("a stack keeps the engine that created it", async () => {
  installPulumi();
  madeBy("checkpoint.json");
  expect(await titleOf()).toBe("the embedded engine");
  process.env["SLIPWAY_ENGINE"] = "pulumi";
  await expect(titleOf()).rejects.toThrow(
    'Stack "dev" was created by the embedded engine, so SLIPWAY_ENGINE=pulumi cannot change it. Run slipway down --stack dev first, move its state with slipway state, or unset SLIPWAY_ENGINE.',
  );
});

test("a stack created by the Pulumi CLI is rejected if the CLI is not installed", async () => {
  madeBy("made-by-pulumi");
  await expect(titleOf()).rejects.toThrow("The Pulumi CLI is not on the PATH. Install it: https://");
});

test("an unknown engine is rejected", async () => {
  process.env["SLIPWAY_ENGINE"] = "steam";
  await expect(titleOf()).rejects.toThrow('SLIPWAY_ENGINE: must be "pulumi" or "embedded" (got "steam").');
});

test("the Pulumi CLI gets the images of a rollback and of a preview, even if they are set after the engine is selected", async () => {
  const log = join(folder, "log");
  installPulumi(`#!/bin/sh\necho "$1 $SLIPWAY_IMAGES $SLIPWAY_PLANNED_IMAGES" >>${log}\n`);
  const engine = await engineFor(stack);
  process.env["SLIPWAY_IMAGES"] = "earlier";
  expect(await engine.up()).toBe(true);
  process.env["SLIPWAY_PLANNED_IMAGES"] = "planned";
  expect(await engine.preview()).toBe(true);
  await engine.previewAsJson();
  const lines = readFileSync(log, "utf8").split("\n");
  expect(lines.filter((line) => /^(up|preview) /.test(line))).toEqual([
    "up earlier ",
    "preview earlier planned",
    "preview earlier planned",
  ]);
});

test("a stack that is not deployed has no outputs, and the error names the command that deploys it", async () => {
  await expect((await engineFor(stack)).outputs(false)).rejects.toThrow(
    'Stack "dev" is not up, so it has no outputs. Run slipway up --stack dev first.',
  );
});

test("an update that the Pulumi CLI rejects because of another update is reported as locked", async () => {
  // The messages are those of the CLI. This test cannot use a real CLI.
  for (const message of [
    "error: the stack is currently locked by 1 lock(s)",
    "error: [409] Conflict: Another update is currently in progress.",
  ]) {
    writeFileSync(installPulumi(), `#!/bin/sh\n[ "$1" = stack ] && { echo {}; exit; }\necho "${message}" >&2; exit 255\n`);
    process.env["PULUMI_BACKEND_URL"] = "file:///nowhere";
    const printed: string[] = [];
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
    try {
      await expect((await engineFor(stack)).up()).rejects.toThrow(LockedError);
    } finally {
      write.mockRestore();
    }
    expect(printed).toEqual([`${message}\n`]);
  }
});

test("only the owner can read the passphrase and the state that Slipway creates for the Pulumi CLI", async () => {
  const checkout = process.cwd();
  process.chdir(folder);
  try {
    installPulumi();
    await engineFor(stack);
    const mode = (file: string) => statSync(join(folder, ".slipway", file)).mode & 0o777;
    expect([mode("passphrase"), mode("pulumi")]).toEqual([0o600, 0o700]);
  } finally {
    process.chdir(checkout);
  }
});

describe("the history of the Pulumi CLI", () => {
  /** A Pulumi CLI that prints this for `stack history`, and writes its arguments to a file. */
  function installWith(history: string, outputs = "{}"): string {
    const log = join(folder, "log");
    const cases = [
      `"stack history") ${history};;`,
      `"stack output") echo '${outputs}';;`,
      `"stack export") echo '{}';;`,
      `*) printf '%s|' "$@" >>${log}; echo >>${log};;`,
    ];
    installPulumi(`#!/bin/sh\ncase "$1 $2" in\n${cases.join("\n")}\nesac\n`);
    return log;
  }
  const update = {
    version: 0,
    kind: "update",
    startTime: "2026-11-28T01:02:03.000Z",
    message: "",
    environment: {},
    config: {},
    result: "succeeded",
  };
  const image = `registry.example.org/web@sha256:${"a".repeat(64)}`;
  const outputs = JSON.stringify({ images: { web: image }, urls: {} });
  const printed = (...updates: object[]) => `echo '${JSON.stringify(updates)}'`;

  test("is read from its backend, with the images that the last deployment left", async () => {
    installWith(printed(update, update), outputs);
    const deployments = await (await engineFor(stack)).deployments();
    expect(deployments.map(({ id, images }) => [id, images])).toEqual([
      [2, { web: image }],
      [1, undefined],
    ]);
  });

  test("has no images if the last deployment failed or deleted the stack", async () => {
    for (const last of [
      { ...update, result: "failed" },
      { ...update, kind: "destroy" },
    ]) {
      installWith(printed(last, update), outputs);
      expect((await (await engineFor(stack)).deployments())[0]).not.toHaveProperty("images");
    }
  });

  test("is empty if the backend does not have the stack, and other failures are reported", async () => {
    installWith(`echo "error: no stack named 'dev' found" >&2; exit 1`);
    expect(await (await engineFor(stack)).deployments()).toEqual([]);
    installWith(`echo "error: passphrase must be set" >&2; exit 1`);
    await expect((await engineFor(stack)).deployments()).rejects.toThrow("error: passphrase must be set");
  });

  test("has a message of Slipway for each up, rollback and down", async () => {
    const log = installWith(printed());
    const engine = await engineFor(stack);
    await engine.up();
    await engine.up("rollback");
    await engine.down();
    const messages = readFileSync(log, "utf8").match(/^(up|destroy)\|.*\|--message\|slipway \w+ .*$/gm);
    expect(messages?.map((line) => /^(\w+)\|.*\|slipway (\w+) /.exec(line)!.slice(1))).toEqual([
      ["up", "up"],
      ["up", "rollback"],
      ["destroy", "down"],
    ]);
  });
});

test("drift with the Pulumi CLI is a refresh that writes nothing, and --fix is rejected before anything is done", async () => {
  const log = join(folder, "log");
  const root = { op: "refresh", urn: "urn:pulumi:dev::slipway::pulumi:pulumi:Stack::slipway-dev" };
  const digest = JSON.stringify({ steps: [root], changeSummary: { same: 1 } });
  installPulumi(`#!/bin/sh\necho "$@" >>${log}\necho '${digest}'\n`);
  const engine = await engineFor(stack);
  expect(await engine.drift()).toEqual({ compared: 0, drifted: [], uncompared: [] });
  await expect(engine.restoreDrift(async () => true)).rejects.toThrow(
    '--fix: the Pulumi CLI cannot restore the objects of stack "dev" without running its program, which may have changed. Review slipway preview --stack dev, then run slipway up --stack dev.',
  );
  expect(readFileSync(log, "utf8")).toBe("refresh --preview-only --json --stack dev\n");
});

test("a stack that is not up has no drift to report", async () => {
  const engine = await engineFor(stack);
  await expect(engine.drift()).rejects.toThrow(
    'Stack "dev" is not up, so it has no state to compare with. Run slipway up --stack dev first.',
  );
});
