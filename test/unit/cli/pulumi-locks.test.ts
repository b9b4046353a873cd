import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describeLocks, locksOf, removeDeadLocks } from "../../../cli/pulumi/locks.ts";

// The files are as the Pulumi CLI writes them. It is not in the registries, so no test here runs it.

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-locks-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const locks = () => locksOf(`file://${folder}`, "slipway", "dev");
const lockFolder = () => join(folder, ".pulumi/locks/organization/slipway/dev");

function lock(name: string, content: object): void {
  mkdirSync(lockFolder(), { recursive: true });
  const usual = { pid: 4711, username: "alice", hostname: hostname(), timestamp: "2026-11-27T02:00:00Z" };
  writeFileSync(join(lockFolder(), `${name}.json`), JSON.stringify({ ...usual, ...content }));
}

/** A running program with the name of the Pulumi CLI. */
async function runningPulumi(): Promise<Disposable & { pid: number }> {
  const program = join(folder, "pulumi");
  copyFileSync("/bin/sleep", program);
  const child = spawn(program, ["60"]);
  await new Promise((started) => child.once("spawn", started));
  return { pid: child.pid!, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

test("the lock of a process that has ended is removed, and one whose number another program has", () => {
  lock("ended", { pid: 2 ** 30 });
  lock("reused", { pid: process.pid });
  expect(removeDeadLocks(locks())).toEqual([
    "removed the lock of a run that has ended without removing it (process 1073741824, 2026-11-27T02:00:00Z)",
    `removed the lock of a run that has ended without removing it (process ${process.pid}, 2026-11-27T02:00:00Z)`,
  ]);
  expect(readdirSync(lockFolder())).toEqual([]);
});

test("locks of a running Pulumi CLI and of other machines stay, and so do files that are no locks", async () => {
  using pulumi = await runningPulumi();
  lock("running", { pid: pulumi.pid });
  lock("elsewhere", { hostname: "build-7" });
  writeFileSync(join(lockFolder(), "half.json"), '{"pid": 1');
  expect(removeDeadLocks(locks())).toEqual([]);
  expect(readdirSync(lockFolder()).sort()).toEqual(["elsewhere.json", "half.json", "running.json"]);
});

test("without the program ps, the lock of any running process stays", () => {
  lock("unknown", { pid: process.pid });
  lock("ended", { pid: 2 ** 30 });
  const { PATH } = process.env;
  process.env["PATH"] = "/nowhere";
  try {
    expect(removeDeadLocks(locks())).toHaveLength(1);
  } finally {
    process.env["PATH"] = PATH;
  }
  expect(readdirSync(lockFolder())).toEqual(["unknown.json"]);
});

test("a stack that is locked names the owner, the time and the command that removes the lock", () => {
  lock("elsewhere", { hostname: "build-7" });
  const variables = { PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_CONFIG_PASSPHRASE_FILE: "/p" };
  expect(describeLocks(locks(), "dev", variables)).toBe(
    `Stack "dev" is locked by another run: alice@build-7 (process 4711) since 2026-11-27T02:00:00Z. Wait until it has finished. If it was killed, run: PULUMI_BACKEND_URL='file://${folder}' PULUMI_CONFIG_PASSPHRASE_FILE='/p' pulumi cancel --yes --stack dev`,
  );
  expect(describeLocks([], "dev", {})).toBe(
    'Stack "dev" is locked by another run. Wait until it has finished. If it was killed, run: pulumi cancel --yes --stack dev',
  );
});

test("other backends than folders have no files to read", () => {
  expect(locksOf("https://api.pulumi.com", "slipway", "dev")).toEqual([]);
  expect(locksOf(undefined, "slipway", "dev")).toEqual([]);
  expect(locks()).toEqual([]);
});
