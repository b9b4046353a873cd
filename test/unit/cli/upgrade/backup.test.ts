import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forget, keep, restore } from "../../../../cli/upgrade/backup.ts";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const work = () => at(".slipway/upgrade");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-backup-"));
  mkdirSync(at("node_modules/slipway"), { recursive: true });
  mkdirSync(work(), { recursive: true });
  writeFileSync(at("node_modules/slipway/version"), "1");
  writeFileSync(at("package.json"), Buffer.from([0xff, 0x00, 0x0a]));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = () => [at("package.json"), at("package-lock.json")];

/** What an upgrade does that is killed in the middle. */
function change(): void {
  mkdirSync(at("node_modules/slipway"), { recursive: true });
  writeFileSync(at("node_modules/slipway/version"), "2");
  writeFileSync(at("node_modules/left"), "");
  writeFileSync(at("package.json"), "{}");
  writeFileSync(at("package-lock.json"), "{}");
}

test("what was kept comes back byte for byte, and what was not there is deleted", () => {
  keep(work(), files(), [at("node_modules")]);
  expect(existsSync(at("node_modules"))).toBe(false);
  change();
  expect(restore(work())).toBe(true);
  expect(readFileSync(at("package.json"))).toEqual(Buffer.from([0xff, 0x00, 0x0a]));
  expect(existsSync(at("package-lock.json"))).toBe(false);
  expect(readdirSync(at("node_modules"))).toEqual(["slipway"]);
  expect(readFileSync(at("node_modules/slipway/version"), "utf8")).toBe("1");
  expect(readdirSync(work())).toEqual([]);
});

test("a run that was killed before it moved anything loses nothing", () => {
  keep(work(), files(), [at("node_modules")]);
  const journal = readFileSync(join(work(), "before.json"));
  restore(work());
  writeFileSync(join(work(), "before.json"), journal);
  expect(restore(work())).toBe(true);
  expect(readFileSync(at("node_modules/slipway/version"), "utf8")).toBe("1");
});

test("a folder that was not there before is deleted", () => {
  rmSync(at("node_modules"), { recursive: true });
  keep(work(), files(), [at("node_modules")]);
  change();
  restore(work());
  expect(existsSync(at("node_modules"))).toBe(false);
});

test("nothing comes back after an upgrade that succeeded", () => {
  keep(work(), files(), [at("node_modules")]);
  change();
  forget(work());
  expect(restore(work())).toBe(false);
  expect(readFileSync(at("node_modules/slipway/version"), "utf8")).toBe("2");
});
