import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ageProblem, currentDatabase, knownDatabase, updateDatabase } from "../../../../lib/vulnerabilities/database.ts";

// test/integration/vulnerabilities.test.ts makes databases from the real one.

const before = process.env["XDG_CACHE_HOME"];
let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "slipway-database-"));
  process.env["XDG_CACHE_HOME"] = cache;
});
afterEach(() => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
  rmSync(cache, { recursive: true });
});

const offline = { GOPROXY: "off" };

function haveDatabase(version: string, date: string): void {
  const folder = join(cache, "slipway/vulnerabilities");
  mkdirSync(join(folder, "databases", version), { recursive: true });
  writeFileSync(join(folder, "database.json"), JSON.stringify({ version, date }));
}

test("a database is too old after 14 days", () => {
  const database = { date: "2026-11-05T23:49:57Z" };
  expect(ageProblem(database, new Date("2026-11-20T23:49:56Z"))).toBeUndefined();
  expect(ageProblem(database, new Date("2026-11-20T23:49:57Z"))).toBe(
    "the vulnerability database is 15 days old (2026-11-05), so newer vulnerabilities are missing. Update it: slipway scan --update",
  );
});

test("without a network, the database is the one from before, or undefined", async () => {
  const problem = "the vulnerability database was not updated: golang.org/x/vulndb@latest: module lookup disabled by GOPROXY=off.";
  expect(await updateDatabase(offline)).toEqual({ problem });
  haveDatabase("v1", "2026-11-05T23:49:57Z");
  const database = { folder: join(cache, "slipway/vulnerabilities/databases/v1"), version: "v1", date: "2026-11-05T23:49:57Z" };
  expect(await updateDatabase(offline)).toEqual({ database, problem });
});

test("a recent one is used without asking anybody", async () => {
  haveDatabase("v1", "2026-11-05T23:49:57Z");
  expect(await currentDatabase(new Date("2026-11-06T00:00:00Z"), offline)).toEqual({ database: await knownDatabase() });
});

test("a database whose folder was deleted is undefined", async () => {
  haveDatabase("v1", "2026-11-05T23:49:57Z");
  rmSync(join(cache, "slipway/vulnerabilities/databases"), { recursive: true });
  expect(await knownDatabase()).toBeUndefined();
});
