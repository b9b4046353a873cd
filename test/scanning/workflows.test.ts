import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateCi } from "../../cli/ci/ci.ts";
import { command } from "../../lib/command.ts";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { sampleProjects, writeSampleProject, type SampleProject } from "../ci-projects.ts";
import { gitlabCi } from "../gitlab-ci-local.ts";

const own = readdirSync(".github/workflows").map((file) => `.github/workflows/${file}`);
const repository = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "slipway-workflows-"));
afterEach(() => process.chdir(repository));
afterAll(() => rmSync(folder, { recursive: true }));

/** Generates the pipeline of a sample in a new repository. */
function generated(project: SampleProject, forge: "github" | "gitlab"): string {
  const root = mkdtempSync(join(folder, `${forge}-`));
  process.chdir(writeSampleProject(root, project));
  generateCi({ forge, stacks: [], workflows: [], dryRun: false, force: false });
  process.chdir(repository);
  return root;
}

test("actionlint has no findings in the workflows", async () => {
  const { path } = await toolProgram("actionlint");
  expect(await command(path, own)).toBe("");
});

test.each(own)("in %s every action is pinned to a commit, and no permission is granted by default", (file) => {
  const text = readFileSync(file, "utf8");
  const used = [...text.matchAll(/uses: (\S+)( # v[\d.]+)?$/gm)];
  expect(used.length).toBeGreaterThan(0);
  for (const [, action, version] of used) expect([action, version]).toEqual([expect.stringMatching(/@[0-9a-f]{40}$/), expect.any(String)]);
  expect(text).toMatch(/^permissions: \{\}$/m);
});

describe.each(Object.entries(sampleProjects))("for a project with %s", (_title, project) => {
  test("actionlint has no findings in what slipway ci github generates", async () => {
    const { path } = await toolProgram("actionlint");
    const workflows = join(generated(project, "github"), ".github/workflows");
    const files = readdirSync(workflows).map((file) => join(workflows, file));
    expect(files.length).toBeGreaterThanOrEqual(4);
    expect(await command(path, files)).toBe("");
  });

  test("what slipway ci gitlab generates is valid by GitLab's JSON schema, and every job finds those that it needs", async () => {
    const root = generated(project, "gitlab");
    for (const pipeline of [request, main, scheduled]) await gitlabJobs(root, pipeline, "--validate-dependency-chain");
  });
});

const on = { SLIPWAY_PIPELINES: "on" };
const request = {
  ...on,
  CI_PIPELINE_SOURCE: "merge_request_event",
  CI_PROJECT_ID: "9",
  CI_MERGE_REQUEST_PROJECT_ID: "9",
  CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "9",
  CI_MERGE_REQUEST_IID: "7",
};
const ofFork = { ...request, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "10" };
const main = { ...on, CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: "main", CI_DEFAULT_BRANCH: "main" };
const scheduled = { ...on, CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: "main", CI_DEFAULT_BRANCH: "main" };

test.each<[string, Record<string, string>, string[]]>([
  ["of a merge request", request, ["check", "preview:prod", "review:up", "review:down"]],
  ["of a fork's merge request", ofFork, ["check"]],
  ["of a fork's merge request with the label", { ...ofFork, CI_MERGE_REQUEST_LABELS: "bug,review" }, ["check", "review:up", "review:down"]],
  ["of a fork's merge request, in the fork", { ...ofFork, CI_PROJECT_ID: "10", CI_MERGE_REQUEST_LABELS: "review" }, ["check"]],
  ["of a push to main", main, ["check", "deploy:prod"]],
  ["of a schedule", scheduled, ["drift:prod", "review:reap"]],
  ["of a merge request before everything is set up", { ...request, SLIPWAY_PIPELINES: "" }, ["check"]],
  ["of a push to main before everything is set up", { ...main, SLIPWAY_PIPELINES: "" }, ["check"]],
])("the pipeline %s on GitLab has exactly its jobs", async (_title, variables, jobs) => {
  const root = generated(sampleProjects["review environments, in a folder"], "gitlab");
  expect((await gitlabJobs(root, variables, "--list")).toSorted()).toEqual(jobs.toSorted());
});

test("a mistake in a pipeline of GitLab is found", async () => {
  const root = generated(sampleProjects["three stacks on EKS"], "gitlab");
  const file = join(root, ".gitlab-ci.yml");
  writeFileSync(file, readFileSync(file, "utf8").replace("resource_group: dev", "resource_group: [dev]"));
  await expect(gitlabJobs(root, main, "--list")).rejects.toThrow("resource_group");
});

/**
 * The names of the jobs of a pipeline.
 *
 * @throws Error with the output of gitlab-ci-local if the pipeline is invalid.
 */
async function gitlabJobs(root: string, variables: Record<string, string>, action: string): Promise<string[]> {
  if (!existsSync(join(root, ".git/HEAD"))) {
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=Dev", "-c", "user.email=dev@example.org", "-C", root, ...args]);
    git("init", "--quiet", "--initial-branch=main");
    git("remote", "add", "origin", "git@gitlab.example.org:me/shop.git");
    git("commit", "--quiet", "--allow-empty", "-m", "Start");
  }
  const { code, out } = await gitlabCi(root, variables, action);
  if (code !== 0) throw new Error(out);
  return out.split("\n").flatMap((line) => /^(\S+) +(?:test|deploy) /.exec(line)?.[1] ?? []);
}
