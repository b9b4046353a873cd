import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerfileArgs } from "../../../components/go-image.ts";
import { stageBuildContext } from "../../../components/internal/build-context.ts";

const here = process.cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

function source(name: string, files: Record<string, string>): string {
  for (const [file, content] of Object.entries({ Dockerfile: "FROM scratch\n", ...files })) {
    mkdirSync(join(name, file, ".."), { recursive: true });
    writeFileSync(join(name, file), content);
  }
  return name;
}

test("the staged folder has the files that are not ignored, with modes 644 and 755, at a fixed relative path", async () => {
  source("app", {
    "main.go": "a",
    "sub/x.go": "b",
    "run.sh": "c",
    "secret.pem": "d",
    ".dockerignore": "*.pem\n.dockerignore\nDockerfile\n",
  });
  chmodSync("app/main.go", 0o600);
  chmodSync("app/run.sh", 0o700);
  const { folder: staged } = await stageBuildContext("web", "app");
  expect(staged).toBe(".slipway/contexts/web");
  expect(readdirSync(staged, { recursive: true }).sort()).toEqual(["Dockerfile", "main.go", "run.sh", "sub", "sub/x.go"]);
  expect(statSync(join(staged, "main.go")).mode & 0o777).toBe(0o644);
  expect(statSync(join(staged, "run.sh")).mode & 0o777).toBe(0o755);
});

test("of a whole project, what Slipway writes and its packages are not staged", async () => {
  source(".", {
    "main.go": "a",
    "node_modules/slipway/index.js": "b",
    ".slipway/local/checkpoint.json": "c",
    "web/node_modules/x.js": "d",
  });
  const { folder: staged, tag } = await stageBuildContext("web", ".");
  const expected = ["Dockerfile", "main.go", "web", "web/node_modules", "web/node_modules/x.js"];
  expect(readdirSync(staged, { recursive: true }).sort()).toEqual(expected);
  writeFileSync(".slipway/local/checkpoint.json", "changed");
  expect((await stageBuildContext("web", ".")).tag).toBe(tag);
});

test("the tag does not depend on the folder, timestamps or read permissions", async () => {
  const { tag } = await stageBuildContext("a", source("one", { "main.go": "x" }));
  source("two/deep", { "main.go": "x" });
  chmodSync("two/deep/main.go", 0o600);
  utimesSync("two/deep/main.go", 0, 0);
  expect((await stageBuildContext("b", "two/deep")).tag).toBe(tag);
});

const variants: [string, Record<string, string>][] = [
  ["different file content", { "main.go": "y" }],
  ["a different file name", { "main2.go": "x" }],
  ["an additional file", { "main.go": "x", "more.go": "" }],
  ["a different Dockerfile", { "main.go": "x", Dockerfile: "FROM scratch\nUSER 1\n" }],
];
test.each<[string, DockerfileArgs]>([
  ["the Dockerfile", { file: "other.Dockerfile" }],
  ["the stage", { target: "run" }],
  ["an argument", { args: { A: "1" } }],
  ["the value of an argument", { args: { A: "2" } }],
])("the tag changes with %s, and not with the order of arguments", async (_what, build) => {
  source("one", { "other.Dockerfile": "FROM scratch\n" });
  const tags = await Promise.all(
    [{}, build, { ...build, args: { B: "1", ...build.args } }, { ...build, args: { ...build.args, B: "1" } }].map(
      async (each, i) => (await stageBuildContext(String(i), "one", each)).tag,
    ),
  );
  expect(new Set(tags.slice(0, 3)).size).toBe(3);
  expect(tags[3]).toBe(tags[2]);
});

test("the tag changes with the ids of secrets, and not with their values", async () => {
  source("one", {});
  const tagOf = async (name: string, secrets: Record<string, string>) => (await stageBuildContext(name, "one", { secrets })).tag;
  const [none, token, other] = [await tagOf("a", {}), await tagOf("b", { token: "1" }), await tagOf("c", { other: "1" })];
  expect(new Set([none, token, other]).size).toBe(3);
  expect(await tagOf("d", { token: "2" })).toBe(token);
  expect((await stageBuildContext("e", "one")).tag).toBe(none);
});

test("another Dockerfile has its own ignore file, and is staged even if that excludes it", async () => {
  source("app", {
    "build/prod.Dockerfile": "FROM scratch\n",
    "build/prod.Dockerfile.dockerignore": "build\nb",
    a: "1",
    b: "2",
    ".dockerignore": "a",
  });
  const { folder: staged } = await stageBuildContext("web", "app", { file: "build/prod.Dockerfile" });
  expect(readdirSync(staged, { recursive: true }).sort()).toEqual([".dockerignore", "Dockerfile", "a", "build", "build/prod.Dockerfile"]);
});

test("a Dockerfile that does not exist is rejected with its name", async () => {
  await expect(stageBuildContext("web", source("app", {}), { file: "build/Dockerfile" })).rejects.toThrow(
    'app: must contain the Dockerfile "build/Dockerfile" for builder "dockerfile". Add it, or use builder "go".',
  );
});

test.each(variants)("the tag changes with %s", async (_what, files) => {
  const { tag } = await stageBuildContext("a", source("one", { "main.go": "x" }));
  expect((await stageBuildContext("b", source("two", files))).tag).not.toBe(tag);
});

test("the tag changes when a file becomes executable", async () => {
  const { tag } = await stageBuildContext("a", source("one", { "main.go": "x" }));
  chmodSync("one/main.go", 0o755);
  expect((await stageBuildContext("a", "one")).tag).not.toBe(tag);
});

test("the tag does not change with an ignored file", async () => {
  const { tag } = await stageBuildContext("a", source("one", { "main.go": "x", ".dockerignore": "*.log\n", "a.log": "1" }));
  writeFileSync("one/a.log", "2");
  expect((await stageBuildContext("a", "one")).tag).toBe(tag);
});

test("a folder without a Dockerfile is rejected, with both remedies", async () => {
  mkdirSync("app");
  await expect(stageBuildContext("web", "app")).rejects.toThrow(
    'app: must contain a Dockerfile for builder "dockerfile". Add one, or use builder "go".',
  );
});
