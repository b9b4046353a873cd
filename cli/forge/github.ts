import { Octokit } from "@octokit/rest";
import type { Comment, Forge, ProposedChange } from "./forge.ts";

export interface GitHubOptions {
  /** `owner/name` */
  repository: string;
  token: string;
  /** URL of the API. @default - GitHub.com */
  url: string | undefined;
}

const timeoutSeconds = 30;

/** A repository on GitHub: https://docs.github.com/en/rest. */
export class GitHub implements Forge {
  readonly rightsToComment = "The token needs the permission pull-requests: write.";
  readonly rightsToPropose =
    "The token needs the permissions contents: write and pull-requests: write, and the repository must allow GitHub Actions to create pull requests.";
  readonly rightsToList = "The token needs the permission pull-requests: read.";
  private readonly repository: string;
  private readonly names: { owner: string; repo: string };
  private readonly octokit: Octokit;

  constructor({ repository, token, url }: GitHubOptions) {
    const [owner = "", repo = ""] = repository.split("/");
    this.repository = repository;
    this.names = { owner, repo };
    this.octokit = gitHubClient(token, url);
  }

  nameOf(request: number): string {
    return `#${request} of ${this.repository}`;
  }

  async comments(request: number): Promise<Comment[]> {
    const { rest, paginate } = this.octokit;
    const all = await paginate(rest.issues.listComments, { ...this.names, issue_number: request, per_page: 100 });
    return all.map(({ id, body = "", user }) => ({ id, body, isReplaceable: user?.type === "Bot" }));
  }

  async createComment(request: number, body: string): Promise<void> {
    await this.octokit.rest.issues.createComment({ ...this.names, issue_number: request, body });
  }

  async updateComment(_request: number, comment: number, body: string): Promise<void> {
    await this.octokit.rest.issues.updateComment({ ...this.names, comment_id: comment, body });
  }

  async openRequests(): Promise<number[]> {
    const { rest, paginate } = this.octokit;
    const all = await paginate(rest.pulls.list, { ...this.names, state: "open", per_page: 100 });
    return all.map(({ number }) => number);
  }

  contents(files: string[]): Promise<(string | undefined)[]> {
    // Without a reference, GitHub takes the default branch.
    return Promise.all(files.map((file) => this.contentOf(file)));
  }

  async propose({ branch, files, title, body }: ProposedChange): Promise<string> {
    const { rest } = this.octokit;
    const { default_branch: base } = (await rest.repos.get(this.names)).data;
    const ref = `heads/${branch}`;
    const parent = (await rest.git.getRef({ ...this.names, ref: `heads/${base}` })).data.object.sha;
    const entries = files.map(({ file: path, after }) => ({
      path,
      mode: "100644" as const,
      type: "blob" as const,
      ...(after === undefined ? { sha: null } : { content: after }),
    }));
    // The tree of a commit is a valid base, https://docs.github.com/en/rest/git/trees#create-a-tree.
    const tree = (await rest.git.createTree({ ...this.names, base_tree: parent, tree: entries })).data.sha;
    const { sha } = (await rest.git.createCommit({ ...this.names, message: title, tree, parents: [parent] })).data;
    const exists = await rest.git.getRef({ ...this.names, ref }).then(() => true, ifMissing(false));
    if (exists) await rest.git.updateRef({ ...this.names, ref, sha, force: true });
    else await rest.git.createRef({ ...this.names, ref: `refs/${ref}`, sha });
    const { data: open } = await rest.pulls.list({ ...this.names, state: "open", head: `${this.names.owner}:${branch}` });
    const request = open[0]
      ? await rest.pulls.update({ ...this.names, pull_number: open[0].number, title, body })
      : await rest.pulls.create({ ...this.names, head: branch, base, title, body });
    return request.data.html_url;
  }

  /** A file on the default branch. Undefined if it does not exist. */
  private async contentOf(path: string): Promise<string | undefined> {
    const found = await this.octokit.rest.repos.getContent({ ...this.names, path }).then(({ data }) => data, ifMissing(undefined));
    if (found === undefined || Array.isArray(found) || found.type !== "file") return undefined;
    return Buffer.from(found.content, "base64").toString();
  }
}

function ifMissing<T>(instead: T): (error: Error & { status?: number }) => T | Promise<never> {
  return (error) => (error.status === 404 ? instead : Promise.reject(error));
}

/** A client of GitHub's API. @param url URL of the API. @default - GitHub.com */
export function gitHubClient(token: string, url: string | undefined): Octokit {
  return new Octokit({
    auth: token,
    // Octokit must not log: errors are reported by the caller.
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: { fetch: withTimeout },
    ...(url && { baseUrl: url }),
  });
}

function silent(): void {}

function withTimeout(url: string, options: RequestInit): Promise<Response> {
  return fetch(url, { ...options, signal: AbortSignal.timeout(timeoutSeconds * 1000) });
}
