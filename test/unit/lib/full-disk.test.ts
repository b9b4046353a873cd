import { writeFileSync } from "node:fs";
import { cacheFolder } from "../../../lib/cache-folder.ts";
import { fullDiskError, fullDiskIn } from "../../../lib/full-disk.ts";
import { UserError } from "../../../lib/user-error.ts";

const remedy = `Free space: go clean -cache deletes what Go has compiled, and the folders blobs and go in ${cacheFolder()} are created again, too.`;

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("a write to a full disk, and one of SQLite, become an error with the remedy", () => {
  const error = fullDiskError(errorOf(() => writeFileSync("/dev/full", "x")));
  expect(error).toBeInstanceOf(UserError);
  expect(error!.message).toBe(`The disk is full (ENOSPC: no space left on device, write). ${remedy}`);
  const ofSqlite = Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
  expect(fullDiskError(ofSqlite)!.message).toBe(`The disk is full (database or disk is full). ${remedy}`);
});

test("other errors stay as they are", () => {
  expect(fullDiskError(errorOf(() => writeFileSync("/nowhere/file", "x")))).toBeUndefined();
  expect(fullDiskError(undefined)).toBeUndefined();
});

test("the line in which another program says that its disk is full is found", () => {
  expect(fullDiskIn("# dev.slipway/app\n  write $WORK/b001/_pkg_.a: no space left on device\nexit status 1\n")).toBe(
    "write $WORK/b001/_pkg_.a: no space left on device",
  );
  expect(fullDiskIn("main.go:1:1: expected 'package'")).toBeUndefined();
});
