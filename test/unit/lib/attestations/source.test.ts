import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceOf } from "../../../../lib/attestations/source.ts";
import { command } from "../../../../lib/command.ts";

let folder: string;
const git = (...args: string[]) => command("git", args, { cwd: folder });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-source-"));
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/main.go"), "package main\n");
  await git("init", "--quiet", "--initial-branch", "main");
  await git("add", ".");
  const committer = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  await git(...committer, "commit", "--quiet", "--message", "Begin", "--date", "2026-11-28T09:00:00+01:00");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("commit, branch, repository and the folder in it are known, and whether files differ", async () => {
  await git("remote", "add", "origin", "https://user:token@github.com/acme/shop.git");
  const commit = (await git("rev-parse", "HEAD")).trim();
  const source = {
    commit,
    date: expect.any(String) as string,
    branch: "main",
    dirty: false,
    repository: "https://github.com/acme/shop.git",
  };
  expect(await sourceOf(join(folder, "app"), {})).toEqual({ ...source, folder: "app" });
  writeFileSync(join(folder, "app/main.go"), "package main // changed\n");
  expect(await sourceOf(folder, {})).toEqual({ ...source, dirty: true, folder: "." });
});

test("a folder that the commit does not have, such as that of a package, has no source", async () => {
  mkdirSync(join(folder, "node_modules/slipway"), { recursive: true });
  writeFileSync(join(folder, ".gitignore"), "node_modules\n");
  expect(await sourceOf(join(folder, "node_modules/slipway"), {})).toBeUndefined();
});

test("a remote on this machine and a folder outside git are not named", async () => {
  await git("remote", "add", "origin", "/srv/git/shop");
  expect(await sourceOf(folder, {})).not.toHaveProperty("repository");
  rmSync(join(folder, ".git"), { recursive: true });
  expect(await sourceOf(folder, {})).toBeUndefined();
});
