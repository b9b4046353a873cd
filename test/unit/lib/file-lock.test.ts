import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { locked, LockedError, lockedInTurn } from "../../../lib/file-lock.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const holder = () => join(folder, "lock.json");

/** Another process that holds the lock until it is killed. */
async function otherProcess() {
  const code = `import { locked } from ${JSON.stringify(join(process.cwd(), "lib/file-lock.ts"))};
    await locked(${JSON.stringify(folder)}, "it", "slipway up", () => { console.log("locked"); return new Promise((done) => setTimeout(done, 60_000)); });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return child;
}

test("a second run is rejected with the holder of the lock", async () => {
  await locked(folder, 'Stack "dev"', "slipway up", async () => {
    const second = locked(folder, 'Stack "dev"', "slipway down", async () => "done");
    await expect(second).rejects.toThrow(LockedError);
    await expect(second).rejects.toThrow(`Stack "dev" is locked by "slipway up" of ${userInfo().username} (process ${process.pid}, since `);
    expect(existsSync(holder())).toBe(true);
  });
});

test("of many runs that start at once, exactly one gets the lock", async () => {
  const runs = Array.from({ length: 20 }, () => locked(folder, "it", "slipway up", () => new Promise((done) => setTimeout(done, 20))));
  const results = await Promise.allSettled(runs);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("the lock is released after the work, also if it fails", async () => {
  await expect(locked(folder, "it", "slipway up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(holder())).toBe(false);
  expect(await locked(folder, "it", "slipway up", async () => "done")).toBe("done");
  expect(existsSync(holder())).toBe(false);
});

test("the lock of another process is respected, and is released when that process is killed", async () => {
  const other = await otherProcess();
  await expect(locked(folder, "it", "slipway up", async () => "done")).rejects.toThrow(`(process ${other.pid}, since `);
  other.kill("SIGKILL");
  await once(other, "exit");
  expect(await locked(folder, "it", "slipway up", async () => "done")).toBe("done");
});

test("only the current user can read who holds the lock", async () => {
  await locked(folder, "it", "slipway up", async () => expect(statSync(holder()).mode & 0o777).toBe(0o600));
});

test("a holder whose description is missing is another process, and its work may end without it", async () => {
  const done = await locked(folder, "it", "slipway up", async () => {
    rmSync(holder());
    await expect(locked(folder, "it", "slipway down", async () => "done")).rejects.toThrow(
      "it is locked by another process. Wait until it has finished.",
    );
    return "done";
  });
  expect(done).toBe("done");
});

test("only the current user can enter the folder, which is created if it is missing", async () => {
  const below = join(folder, "a/b");
  await locked(below, "it", "slipway up", async () => expect(statSync(below).mode & 0o777).toBe(0o700));
});

test("runs in turn wait for each other, and one fails with the holder after its patience", async () => {
  const order: string[] = [];
  const work = async (name: string) => {
    order.push(`${name} starts`);
    await new Promise((done) => setTimeout(done, 20));
    order.push(`${name} ends`);
  };
  await Promise.all(["first", "second"].map((name) => lockedInTurn(folder, "it", "slipway up", () => work(name))));
  expect(order).toEqual(["first starts", "first ends", "second starts", "second ends"]);
  await locked(folder, "it", "slipway up", async () => {
    const waiting = lockedInTurn(folder, "it", "slipway up", async () => "done", 0.1);
    await expect(waiting).rejects.toThrow(`it is locked by "slipway up" of ${userInfo().username} (process ${process.pid}, since `);
  });
});

test("an error of the work in turn is passed on at once", async () => {
  await expect(lockedInTurn(folder, "it", "slipway up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});

test("a damaged lock file is not reported as locked", async () => {
  writeFileSync(join(folder, "lock.db"), "not a database".repeat(100));
  await expect(locked(folder, "it", "slipway up", async () => "done")).rejects.toThrow("file is not a database");
});

test("other file system errors are passed on", async () => {
  await expect(locked("/dev/null/x", "it", "slipway up", async () => "done")).rejects.toThrow(/ENOTDIR|EEXIST/);
});
