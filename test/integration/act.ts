import { execFileSync, spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "yaml";
import { toolProgram } from "../../scripts/tool-programs.ts";
import { startGitHub, type ForgeServer } from "../forge-servers.ts";

// Runs the workflows of a repository with nektos/act on this machine, as GitHub does when somebody pushes or opens a pull request. Real are git, the
// steps of the jobs, their conditions and their order. Folders in actions/ stand in for the actions of others. Not there are runners of their own,
// OIDC, approvals, and concurrency groups.

/** What the jobs of an event did. */
export interface ActRun {
  /** `success` or `failure` by the ids of the jobs that ran. Skipped jobs are missing. */
  jobs: Record<string, string>;
  /** What the steps printed. Secrets are masked. */
  out: string;
  /** The same by the ids of the jobs. */
  outOf: Record<string, string>;
}

/** `me/shop` on a GitHub of the test: a bare git repository, and a server for the API. */
export class ActRepository implements AsyncDisposable {
  /** The API that the jobs use. */
  readonly api: ForgeServer;
  /** The repository's variables and secrets. Those of environments are not told apart. */
  readonly vars: Record<string, string> = {};
  readonly secrets: Record<string, string> = {};
  /** Files that jobs have uploaded: `<name of the artifact>/<file>`. */
  readonly artifacts: string;
  private readonly home: string;
  private readonly server: string;
  private readonly project: string;

  private constructor(project: string, api: ForgeServer) {
    this.project = project;
    this.api = api;
    this.home = mkdtempSync(join(tmpdir(), "slipway-act-"));
    this.server = join(this.home, "server.git");
    this.artifacts = join(this.home, "artifacts");
  }

  /** Makes a folder a clone of an empty repository. Its node_modules are those of the jobs, too. */
  static async create(project: string): Promise<ActRepository> {
    const repository = new ActRepository(project, await startGitHub());
    const { server } = repository;
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", server]);
    // As GitHub does: any commit of the repository can be fetched.
    execFileSync("git", ["-C", server, "config", "uploadpack.allowAnySHA1InWant", "true"]);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", project]);
    writeFileSync(join(project, ".git/info/exclude"), "node_modules\n");
    repository.git("remote", "add", "origin", server);
    return repository;
  }

  /** Runs git in the clone. */
  git(...args: string[]): string {
    const identity = ["-c", "user.name=Dev", "-c", "user.email=dev@example.org"];
    return execFileSync("git", [...identity, ...args], { cwd: this.project, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  }

  /** Commits everything on the branch main, pushes it, and runs the workflows of the push. */
  async push(message: string): Promise<ActRun> {
    this.commit(message);
    this.git("push", "--quiet", "origin", "HEAD:main");
    return this.pushed();
  }

  /** Merges the branch of a pull request into main, and runs the workflows of the push. */
  async merge(number: number): Promise<ActRun> {
    this.git("checkout", "--quiet", "main");
    this.git("merge", "--quiet", "--no-ff", "--no-edit", `pr-${number}`);
    this.git("push", "--quiet", "origin", "main");
    return this.pushed();
  }

  /**
   * Commits everything on the branch of a pull request, pushes it, and runs the workflows of the event.
   *
   * @param fork Whether the branch is in a fork.
   */
  async pullRequest(number: number, action: "opened" | "synchronize", { fork = false } = {}): Promise<ActRun> {
    this.git("checkout", "--quiet", ...(action === "opened" ? ["-b"] : []), `pr-${number}`);
    this.commit(`${action} ${number}`);
    this.git("push", "--quiet", "origin", `HEAD:refs/pull/${number}/head`);
    // GitHub runs jobs on a merge of both branches.
    const tree = this.git("merge-tree", "--write-tree", "origin/main", "HEAD");
    const merged = this.git("commit-tree", tree, "-p", "origin/main", "-p", "HEAD", "-m", `Merge #${number}`);
    this.git("push", "--quiet", "--force", "origin", `${merged}:refs/pull/${number}/merge`);
    if (!this.api.open.includes(number)) this.api.open.push(number);
    return this.run("pull_request", `refs/pull/${number}/merge`, this.requestEvent(number, action, { fork }));
  }

  /** An event of a pull request whose workflows run with the code of main: a label was set, or the pull request was closed. */
  async trusted(number: number, action: "labeled" | "closed", { fork = false, label = "" } = {}): Promise<ActRun> {
    if (action === "closed") this.api.open = this.api.open.filter((one) => one !== number);
    return this.run("pull_request_target", "refs/heads/main", this.requestEvent(number, action, { fork, label }));
  }

  /** Runs a workflow by its schedule. */
  async scheduled(workflow: string): Promise<ActRun> {
    return this.run("schedule", "refs/heads/main", { repository: { default_branch: "main" } }, workflow);
  }

  private commit(message: string): void {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "-m", message);
  }

  private pushed(): Promise<ActRun> {
    return this.run("push", "refs/heads/main", { ref: "refs/heads/main", deleted: false, after: this.git("rev-parse", "main") });
  }

  private requestEvent(number: number, action: string, { fork, label }: { fork: boolean; label?: string }): object {
    const [head, base] = [`pr-${number}`, "origin/main"].map((branch) => this.git("rev-parse", branch));
    return {
      action,
      number,
      ...(label && { label: { name: label } }),
      pull_request: {
        number,
        head: { ref: `pr-${number}`, sha: head, repo: { full_name: fork ? "someone/shop" : "me/shop" } },
        base: { ref: "main", sha: base, repo: { full_name: "me/shop" } },
      },
    };
  }

  /** Runs all workflows of an event, or one, from a new clone, in which act finds them and the commit. */
  private async run(event: string, ref: string, payload: object, workflow?: string): Promise<ActRun> {
    const folder = mkdtempSync(join(this.home, "run-"));
    const clone = join(folder, "shop");
    execFileSync("git", ["init", "--quiet", clone]);
    execFileSync("git", ["-C", clone, "fetch", "--quiet", "--depth=1", `file://${this.server}`, ref]);
    execFileSync("git", ["-C", clone, "checkout", "--quiet", "--detach", "FETCH_HEAD"]);
    writeFileSync(join(folder, "event.json"), JSON.stringify(payload));
    mkdirSync(this.artifacts, { recursive: true });
    const pairs = (option: string, values: Record<string, string>) =>
      Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`]);
    const args = [
      event,
      "--json",
      "--platform=ubuntu-24.04=-self-hosted",
      "--no-skip-checkout",
      "--no-cache-server",
      "--container-daemon-socket=-",
      "--eventpath",
      join(folder, "event.json"),
      "--action-cache-path",
      join(folder, "cache"),
      "--workflows",
      join(clone, ".github/workflows", workflow === undefined ? "" : `${workflow}.yml`),
      ...actionsIn(clone).flatMap(([use, stand]) => ["--local-repository", `${use}=${stand}`]),
      ...pairs("--env", {
        GITHUB_REPOSITORY: "me/shop",
        GITHUB_REF: ref,
        GITHUB_API_URL: this.api.url,
        TEST_SERVER: `file://${this.server}`,
        TEST_NODE_MODULES: resolve("node_modules"),
        TEST_ARTIFACTS: this.artifacts,
        NO_COLOR: "1",
        NODE_OPTIONS: "",
      }),
      ...pairs("--var", this.vars),
      ...pairs("--secret", { GITHUB_TOKEN: "t0ken-of-the-run", ...this.secrets }),
    ];
    try {
      return await act((await toolProgram("act")).path, args, clone);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api[Symbol.asyncDispose]();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** The actions of others that the workflows of a clone use, with the folders that stand in for them. */
function actionsIn(clone: string): [use: string, folder: string][] {
  const workflows = globSync(join(clone, ".github/workflows/*.yml")).map((file) => parse(readFileSync(file, "utf8")) as Workflow);
  const steps = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap(({ steps }) => steps));
  const used = new Set(steps.flatMap(({ uses }) => uses ?? []));
  const actions = join(import.meta.dirname, "actions");
  return [...used].map((use) => [use, join(actions, basename(use.split("@")[0]!))]);
}

interface Workflow {
  jobs: Record<string, { steps: { uses?: string }[] }>;
}

/** A line of act's log in JSON. */
interface LogLine {
  jobID?: string;
  jobResult?: string;
  msg: string;
}

async function act(program: string, args: string[], cwd: string): Promise<ActRun> {
  const child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  const jobs: Record<string, string> = {};
  const lines: string[] = [];
  const linesOf: Record<string, string[]> = {};
  const read = (line: string) => {
    try {
      const { jobID, jobResult, msg } = JSON.parse(line) as LogLine;
      // A matrix has several jobs with one id.
      if (jobID !== undefined && jobResult !== undefined && jobs[jobID] !== "failure") jobs[jobID] = jobResult;
      lines.push(msg.trimEnd());
      if (jobID !== undefined) (linesOf[jobID] ??= []).push(msg.trimEnd());
    } catch {
      lines.push(line); // act's own errors
    }
  };
  createInterface({ input: child.stdout }).on("line", read);
  createInterface({ input: child.stderr }).on("line", read);
  await new Promise((done) => child.on("close", done));
  const outOf = Object.fromEntries(Object.entries(linesOf).map(([id, printed]) => [id, printed.join("\n")]));
  return { jobs, out: lines.join("\n"), outOf };
}
