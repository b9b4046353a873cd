import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceHash } from "../../../lib/source-hash.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "a.go"), "a");
  writeFileSync(join(folder, "sub/b.go"), "b");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the hash has 12 characters, and is that of names and contents, wherever the folder is", async () => {
  const before = await sourceHash(folder);
  expect(before).toBe("9232f27fce62");
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  folder = moved;
  expect(await sourceHash(folder)).toBe(before);
});

test("a changed content, name or file changes the hash; Markdown files and empty folders do not", async () => {
  const before = await sourceHash(folder);
  writeFileSync(join(folder, "README.md"), "read me");
  mkdirSync(join(folder, "empty"));
  expect(await sourceHash(folder)).toBe(before);
  writeFileSync(join(folder, "sub/b.go"), "c");
  const changed = await sourceHash(folder);
  renameSync(join(folder, "sub/b.go"), join(folder, "sub/c.go"));
  const renamed = await sourceHash(folder);
  writeFileSync(join(folder, "c.md.go"), "");
  expect(new Set([before, changed, renamed, await sourceHash(folder)]).size).toBe(4);
});

test("the program that builds the folder is part of the hash", async () => {
  const program = `${folder}.ts`;
  writeFileSync(program, "build");
  const first = await sourceHash(folder, program);
  writeFileSync(program, "build differently");
  expect(new Set([await sourceHash(folder), first, await sourceHash(folder, program)]).size).toBe(3);
  rmSync(program);
});

test("a compiled program has the hash of its source, which the package has next to it", async () => {
  writeFileSync(`${folder}.ts`, "build");
  writeFileSync(`${folder}.js`, "compiled");
  expect(await sourceHash(folder, `${folder}.js`)).toBe(await sourceHash(folder, `${folder}.ts`));
  for (const extension of ["ts", "js"]) rmSync(`${folder}.${extension}`);
});
