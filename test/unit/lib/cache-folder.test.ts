import { homedir } from "node:os";
import { cacheFolder } from "../../../lib/cache-folder.ts";

const before = process.env["XDG_CACHE_HOME"];
afterEach(() => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
});

test("the cache is below XDG_CACHE_HOME, by default below ~/.cache", () => {
  process.env["XDG_CACHE_HOME"] = "/var/cache";
  expect(cacheFolder("a", "b")).toBe("/var/cache/slipway/a/b");
  for (const unset of ["", undefined]) {
    if (unset === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = unset;
    expect(cacheFolder()).toBe(`${homedir()}/.cache/slipway`);
  }
});
