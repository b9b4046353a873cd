import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { locked } from "../../../lib/file-lock.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "slipway-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const lock = () => join(folder, "lock");

test("a second holder is rejected with the name of the first", async () => {
  await locked(folder, 'Stack "dev"', "up", async () => {
    await expect(locked(folder, 'Stack "dev"', "down", async () => "done")).rejects.toThrow(
      `Stack "dev" is locked by "up" of ${userInfo().username} (process ${process.pid}, since `,
    );
  });
});

test("it is free again after the work, and after work that failed", async () => {
  await expect(locked(folder, "it", "up", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(lock())).toBe(false);
  expect(await locked(folder, "it", "up", async () => "done")).toBe("done");
  expect(existsSync(lock())).toBe(false);
});

test("what a process left that is gone is taken over, even if another has its number by now", async () => {
  const { pid } = spawnSync("true");
  writeFileSync(lock(), JSON.stringify({ pid, started: "1" }));
  expect(await locked(folder, "it", "up", async () => JSON.parse(readFileSync(lock(), "utf8")).pid)).toBe(process.pid);
  writeFileSync(lock(), JSON.stringify({ pid: process.pid, started: "1" }));
  expect(await locked(folder, "it", "up", async () => "done")).toBe("done");
});
