import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { locked } from "../../../lib/file-lock.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const lock = () => join(folder, "lock");

test("a second process is rejected with the holder of the lock", async () => {
  await locked(folder, 'Stack "dev"', "up", async () => {
    await expect(locked(folder, 'Stack "dev"', "down", async () => "done")).rejects.toThrow(
      `Stack "dev" is locked by "up" of ${userInfo().username} (process ${process.pid}, since `,
    );
  });
});

test("the lock is released after the work, also if it fails", async () => {
  const listeners = process.listenerCount("exit");
  await expect(locked(folder, "it", "up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(lock())).toBe(false);
  expect(await locked(folder, "it", "up", async () => "done")).toBe("done");
  expect(existsSync(lock())).toBe(false);
  expect(process.listenerCount("exit")).toBe(listeners);
});

test("the lock of a process that no longer runs is taken over, even if its id is in use again", async () => {
  const { pid } = spawnSync("true");
  writeFileSync(lock(), JSON.stringify({ pid, started: "1" }));
  expect(await locked(folder, "it", "up", async () => JSON.parse(readFileSync(lock(), "utf8")).pid)).toBe(process.pid);
  writeFileSync(lock(), JSON.stringify({ pid: process.pid, started: "1" }));
  expect(await locked(folder, "it", "up", async () => "done")).toBe("done");
});
