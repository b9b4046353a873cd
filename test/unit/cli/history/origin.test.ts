import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { originOf } from "../../../../cli/history/origin.ts";
import { command } from "../../../../lib/command.ts";
import { parseStatus } from "../../../../lib/git-commit.ts";
import { userName } from "../../../../lib/user-name.ts";
import { restoreEnvironment } from "../../process-environment.ts";
import packageDescription from "../../../../package.json" with { type: "json" };

const { version: slipway } = packageDescription;
let folder: string;
const git = (...args: string[]) => command("git", args, { cwd: folder });
/** Neither the settings of this machine, nor a repository that the folder for temporary files may be in. */
const outside = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", GIT_CEILING_DIRECTORIES: tmpdir() };
const environment = { ...process.env };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-"));
  Object.assign(process.env, outside);
});
afterEach(() => {
  restoreEnvironment(environment);
  rmSync(folder, { recursive: true });
});

async function commit(): Promise<string> {
  await git("init", "--quiet", "--initial-branch=main");
  await git("config", "user.name", "Ada");
  await git("config", "user.email", "ada@example.org");
  writeFileSync(join(folder, "main.go"), "package main\n");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "First");
  return (await git("rev-parse", "HEAD")).trim();
}

test("in a git repository, the commit, its branch and git's user are known", async () => {
  const sha = await commit();
  expect(await originOf({}, folder)).toEqual({ commit: { sha, branch: "main", dirty: false }, actor: "Ada", slipway });
});

test("a changed file and one that git does not know make the commit dirty, and are named", async () => {
  await commit();
  writeFileSync(join(folder, "main.go"), "package other\n");
  expect((await originOf({}, folder)).commit).toMatchObject({ dirty: true, changed: ["main.go"] });
  await git("checkout", "--quiet", ".");
  expect((await originOf({}, folder)).commit).not.toHaveProperty("changed");
  writeFileSync(join(folder, "new.go"), "package main\n");
  expect((await originOf({}, folder)).commit).toMatchObject({ dirty: true, changed: ["new.go"] });
});

test("changed files are named from the project, which may be a folder of the repository, unless they are many", async () => {
  await commit();
  const project = join(folder, "deploy");
  mkdirSync(project);
  writeFileSync(join(project, "known.yaml"), "");
  await git("add", ".");
  writeFileSync(join(folder, "main.go"), "package other\n");
  expect((await originOf({}, project)).commit?.changed).toEqual(["known.yaml", "../main.go"]);
  for (let i = 0; i < 19; i++) writeFileSync(join(project, `${i}.yaml`), "");
  expect((await originOf({}, project)).commit).not.toHaveProperty("changed");
});

test("outside git there is no commit, and the user is that of the machine", async () => {
  expect(await originOf({}, folder)).toEqual({ actor: userName(), slipway });
});

test("before the first commit there is no commit", async () => {
  await git("init", "--quiet");
  expect(await originOf({}, folder)).toEqual({ actor: userName(), slipway });
});

test("GitHub says who started the run, where it is, and which branch a commit without one is of", async () => {
  const sha = await commit();
  await git("checkout", "--quiet", "--detach");
  const github = {
    GITHUB_ACTOR: "grace",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "acme/shop",
    GITHUB_RUN_ID: "4711",
    GITHUB_REF_NAME: "12/merge",
    GITHUB_HEAD_REF: "faster",
    GITHUB_SHA: "0000",
    SLIPWAY_ENVIRONMENT: "production",
  };
  expect(await originOf(github, folder)).toEqual({
    commit: { sha, branch: "faster", dirty: false },
    actor: "grace",
    ci: "https://github.com/acme/shop/actions/runs/4711",
    environment: "production",
    slipway,
  });
});

test("GitLab says the same, and its job is better than its pipeline", async () => {
  const gitlab = {
    GITLAB_USER_LOGIN: "grace",
    CI_PIPELINE_URL: "https://gitlab.com/acme/shop/-/pipelines/1",
    CI_COMMIT_SHA: "6e04de1c9a72",
    CI_COMMIT_REF_NAME: "main",
    CI_ENVIRONMENT_NAME: "staging",
  };
  const known = { commit: { sha: "6e04de1c9a72", branch: "main" }, actor: "grace", environment: "staging", slipway };
  expect(await originOf(gitlab, folder)).toEqual({ ...known, ci: "https://gitlab.com/acme/shop/-/pipelines/1" });
  const job = { ...gitlab, CI_JOB_URL: "https://gitlab.com/acme/shop/-/jobs/2" };
  expect(await originOf(job, folder)).toEqual({ ...known, ci: "https://gitlab.com/acme/shop/-/jobs/2" });
});

test("a URL that is none of the web is left out", async () => {
  expect(await originOf({ CI_JOB_URL: "javascript:alert(1)" }, folder)).not.toHaveProperty("ci");
});

test("git's status has the commit and the branch, unless nothing is checked out", () => {
  expect(parseStatus("# branch.oid 6e04\n# branch.head main\n# branch.upstream origin/main\n# branch.ab +0 -0\n")).toEqual({
    sha: "6e04",
    branch: "main",
    dirty: false,
    changed: [],
  });
  const lines = [
    "# branch.oid 6e04",
    "# branch.head (detached)",
    "1 .M N... 100644 100644 100644 a a with a space.go",
    "2 R. N... 100644 100644 100644 a a R100 new.go\told.go",
    "u UU N... 100644 100644 100644 100644 a a a both.go",
    "? unknown.go",
    "",
  ];
  expect(parseStatus(lines.join("\n"))).toEqual({
    sha: "6e04",
    dirty: true,
    changed: ["with a space.go", "new.go", "both.go", "unknown.go"],
  });
  expect(parseStatus("# branch.oid (initial)\n# branch.head main\n? f\n")).toBeUndefined();
  expect(parseStatus("")).toBeUndefined();
});
