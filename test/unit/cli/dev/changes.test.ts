import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Changes } from "../../../../cli/dev/changes.ts";

let folder: string;
let changes: Changes;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-changes-"));
  for (const name of [".git", "node_modules", "api"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "main.go"), "package main");
  changes = new Changes();
  await changes.add([folder]);
});
afterEach(async () => {
  await changes.close();
  rmSync(folder, { recursive: true });
});

const write = (file: string, text = String(Math.random())) => writeFileSync(join(folder, file), text);
const names = async () => (await changes.next()).map((file) => basename(file)).sort();

test("changed, new and deleted files are handed out together", async () => {
  write("main.go");
  write("api/api.go");
  rmSync(join(folder, "main.go"));
  expect(await names()).toEqual(["api.go", "main.go"]);
});

test("many changes, as after a switch of branches, are one", async () => {
  for (let i = 0; i < 15; i++) write(`file${i}.go`);
  const first = changes.next();
  setTimeout(() => write("late.go"), 150);
  const files = await first;
  expect([files.length, files.some((file) => file.endsWith("late.go"))]).toEqual([16, true]);
});

test("files of editors and of version control are no changes", async () => {
  for (const file of [".git/index", "node_modules/x.js", "main.go~", ".main.go.swp", "4913", ".#main.go"]) write(file);
  write("main.go");
  expect(await names()).toEqual(["main.go"]);
});

test("the first change after a batch is announced at once", async () => {
  let announced = 0;
  changes.onFirst = () => announced++;
  write("main.go");
  await names();
  write("main.go");
  await names();
  expect(announced).toBe(2);
});

test("a hidden folder that is watched itself has changes", async () => {
  const hidden = join(folder, ".hidden");
  mkdirSync(hidden);
  const other = new Changes();
  await other.add([hidden]);
  write(".hidden/main.go");
  expect((await other.next()).map((file) => basename(file))).toEqual(["main.go"]);
  await other.close();
});
