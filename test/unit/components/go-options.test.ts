import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { buildGo, type GoBuildArgs } from "../../../components/internal/go-build.ts";

// Each test builds real programs with the Go toolchain, and runs them.

let folder: string;
const cache = process.env["XDG_CACHE_HOME"];
process.env["GOCACHE"] = execFileSync("go", ["env", "GOCACHE"], { encoding: "utf8" }).trim();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  process.env["XDG_CACHE_HOME"] = join(folder, "cache");
  write("app/go.mod", "module example.org/app\n\ngo 1.21\n");
  write(
    "app/main.go",
    'package main\n\nvar version, commit, date = "dev", "none", "never"\n\nfunc main() { println(version, commit, date) }\n',
  );
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (cache === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = cache;
});

function write(path: string, content: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const source = () => join(folder, "app");
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
    cwd: source(),
    encoding: "utf8",
    env: { ...process.env, GIT_COMMITTER_DATE: "2026-03-01T12:00:00+02:00", GIT_AUTHOR_DATE: "2026-03-01T12:00:00+02:00" },
  }).trim();

/** The files of a built image. */
async function filesOf(
  args: Omit<GoBuildArgs, "source">,
  of = source(),
): Promise<Record<string, { mode: number; content: Buffer; link?: string }>> {
  const { descriptor, blobs } = await buildGo({ source: of, compression: "none", ...args });
  const blob = (digest: string) => readFileSync(join(blobs, digest.replace(":", "/")));
  const found: Record<string, { mode: number; content: Buffer; link?: string }> = {};
  for (const { digest } of JSON.parse(blob(descriptor.digest).toString()).layers as { digest: string }[]) {
    const archive = extract();
    archive.end(blob(digest));
    for await (const entry of archive) {
      const { name, mode, linkname } = entry.header;
      found[name] = { mode: mode, content: await buffer(entry), ...(linkname && { link: linkname }) };
    }
  }
  return found;
}

/** What the program prints. */
async function output(args: Omit<GoBuildArgs, "source">): Promise<string> {
  const { app } = await filesOf(args);
  const program = join(folder, `app-${Math.random()}`);
  writeFileSync(program, app!.content, { mode: 0o755 });
  return execFileSync("sh", ["-c", '"$0" 2>&1', program], { encoding: "utf8" }).trim();
}
const digestOf = async (args: Omit<GoBuildArgs, "source">, of = source()) => (await buildGo({ source: of, ...args })).descriptor.digest;

const ldflags = "-X main.version={{version}} -X main.commit={{ revision }} -X main.date={{date}}";

test("link flags have the tag, the commit and its time in UTC", async () => {
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "-m", "first");
  git("tag", "v1.2.3");
  const commit = git("rev-parse", "HEAD");
  expect(await output({ ldflags })).toBe(`v1.2.3 ${commit} 2026-03-01T10:00:00Z`);
  write("app/new.go", "package main\n");
  git("add", ".");
  expect(await output({ ldflags: "-X main.version={{version}}", tags: ["again"] })).toBe("v1.2.3-dirty none never");
  expect(await output({ ldflags, version: "9" })).toBe(`9 ${commit} 2026-03-01T10:00:00Z`);
});

test("link flags with facts of git are an error outside of a repository, and without a commit", async () => {
  vi.stubEnv("GIT_CEILING_DIRECTORIES", folder);
  const message = "build.ldflags has {{version}}, and git has no commit for this folder. Commit the source, or write the value instead.";
  await expect(buildGo({ source: source(), ldflags })).rejects.toThrow(`${source()}: ${message}`);
  git("init", "--quiet");
  await expect(buildGo({ source: source(), ldflags, tags: ["x"] })).rejects.toThrow("Commit the source");
  vi.unstubAllEnvs();
});

test("build tags and the compiler's environment choose what is compiled", async () => {
  write("app/main.go", "package main\n\nfunc main() { println(what) }\n");
  write("app/a.go", '//go:build !special\n\npackage main\n\nconst what = "usual"\n');
  write("app/b.go", '//go:build special\n\npackage main\n\nconst what = "special"\n');
  expect([await output({}), await output({ tags: ["special"] }), await output({ env: { GOFLAGS: "-tags=special" } })]).toEqual([
    "usual",
    "special",
    "special",
  ]);
});

test("assets are next to the program, at their own paths, with the modes 644 and 755", async () => {
  write("app/ui/index.html", "<h1>");
  write("app/ui/js/a.js", "1");
  write("app/data/deep/products.json", "[]");
  write("app/run.sh", "#!/bin/sh\n");
  chmodSync(join(source(), "run.sh"), 0o700);
  symlinkSync("index.html", join(source(), "ui/home.html"));
  const files = await filesOf({ assets: ["ui/", "data/deep/products.json", "./run.sh"] });
  const own = Object.entries(files).filter(([path]) => /^(ui|data|run)/.test(path));
  expect(own.map(([path, { mode, content, link }]) => [path, mode.toString(8), link ?? content.toString()])).toEqual([
    ["data/", "755", ""],
    ["data/deep/", "755", ""],
    ["data/deep/products.json", "644", "[]"],
    ["run.sh", "755", "#!/bin/sh\n"],
    ["ui/", "755", ""],
    ["ui/home.html", "777", "index.html"],
    ["ui/index.html", "644", "<h1>"],
    ["ui/js/", "755", ""],
    ["ui/js/a.js", "644", "1"],
  ]);
});

test("assets of a source that is the whole project have the same paths", async () => {
  write("app/licences/notes.txt", "MIT");
  const before = process.cwd();
  process.chdir(source());
  try {
    const files = await filesOf({ assets: ["licences"] }, ".");
    expect(Object.keys(files).filter((path) => path.startsWith("licences"))).toEqual(["licences/", "licences/notes.txt"]);
  } finally {
    process.chdir(before);
  }
});

test("assets that do not exist are an error", async () => {
  await expect(buildGo({ source: source(), assets: ["ui", "main.go", "x.json"] })).rejects.toThrow(
    `${source()}: build.assets: "ui" and "x.json" do not exist there. Correct the path, or create it.`,
  );
});

test("every option changes the digest, and the same options in another folder do not", async () => {
  write("app/ui/index.html", "<h1>");
  const plain = await digestOf({});
  const all = { ldflags: "-X main.version=2", tags: ["netgo"], env: { GOFLAGS: "-gcflags=-N" }, assets: ["ui"] };
  const digests = await Promise.all([
    digestOf({ ldflags: all.ldflags }),
    digestOf({ env: all.env }),
    digestOf({ assets: all.assets }),
    digestOf(all),
  ]);
  expect(new Set([plain, ...digests]).size).toBe(5);
  cpSync(source(), join(folder, "copy"), { recursive: true });
  expect(await digestOf(all, join(folder, "copy"))).toBe(digests[3]);
  write("app/ui/index.html", "<h2>");
  expect(await digestOf({ assets: ["ui"], tags: [] })).not.toBe(digests[2]);
});

test("a package of a workspace is built from the folder of its go.work, and with vendored modules", async () => {
  write("app/go.work", "go 1.21\n\nuse ./svc\n");
  rmSync(join(source(), "go.mod"));
  write("app/svc/go.mod", "module example.org/svc\n\ngo 1.21\n\nrequire example.org/dep v1.0.0\n");
  write("app/svc/cmd/main.go", 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Text) }\n');
  write("app/dep/go.mod", "module example.org/dep\n\ngo 1.21\n");
  write("app/dep/dep.go", 'package dep\n\nconst Text = "from the workspace"\n');
  write("app/go.work", "go 1.21\n\nuse (\n\t./svc\n\t./dep\n)\n");
  expect(await output({ package: "svc/cmd" })).toBe("from the workspace");
  rmSync(join(source(), "go.work"));
  write("app/svc/vendor/modules.txt", "# example.org/dep v1.0.0\n## explicit; go 1.21\nexample.org/dep\n");
  write("app/svc/vendor/example.org/dep/dep.go", 'package dep\n\nconst Text = "vendored"\n');
  const { descriptor } = await buildGo({ source: join(source(), "svc"), package: "cmd" });
  expect(descriptor.digest).toMatch(/^sha256:/);
});

test("a private module is fetched as git is set up for it, with GOPRIVATE in build.env", async () => {
  const module = "git.example.org/team/greet.git";
  write("private/go.mod", `module ${module}\n\ngo 1.21\n`);
  write("private/greet.go", 'package greet\n\nconst Text = "from a private module"\n');
  const inPrivate = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], { cwd: join(folder, "private") });
  inPrivate("init", "--quiet");
  inPrivate("add", ".");
  inPrivate("commit", "--quiet", "--message=first");
  inPrivate("tag", "v1.0.0");
  write("gitconfig", `[url "file://${folder}/private"]\n\tinsteadOf = https://git.example.org/team/greet\n`);
  write("app/go.mod", `module example.org/app\n\ngo 1.21\n\nrequire ${module} v1.0.0\n`);
  write("app/main.go", `package main\n\nimport greet "${module}"\n\nfunc main() { println(greet.Text) }\n`);
  const before = process.env["GIT_CONFIG_GLOBAL"];
  process.env["GIT_CONFIG_GLOBAL"] = join(folder, "gitconfig");
  const env = { GOPRIVATE: "git.example.org", GOFLAGS: "-mod=mod -modcacherw", GOMODCACHE: join(folder, "modules") };
  try {
    expect(await output({ env })).toBe("from a private module");
    const withoutIt = { ...env, GOPRIVATE: "", GOPROXY: "off", GOMODCACHE: join(folder, "others") };
    await expect(buildGo({ source: source(), env: withoutIt })).rejects.toThrow("module lookup disabled by GOPROXY=off");
  } finally {
    if (before === undefined) delete process.env["GIT_CONFIG_GLOBAL"];
    else process.env["GIT_CONFIG_GLOBAL"] = before;
  }
});
