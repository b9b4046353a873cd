import { Octokit } from "@octokit/rest";
import type { Comment, Forge } from "./forge.ts";

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
  readonly rightsToList = "The token needs the permission pull-requests: read.";
  private readonly repository: string;
  private readonly names: { owner: string; repo: string };
  private readonly octokit: Octokit;

  constructor({ repository, token, url }: GitHubOptions) {
    const [owner = "", repo = ""] = repository.split("/");
    this.repository = repository;
    this.names = { owner, repo };
    this.octokit = new Octokit({
      auth: token,
      // Octokit must not log: errors are reported by the caller.
      log: { debug: silent, info: silent, warn: silent, error: silent },
      request: { fetch: withTimeout },
      ...(url !== undefined && { baseUrl: url }),
    });
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
}

function silent(): void {}

function withTimeout(url: string, options: RequestInit): Promise<Response> {
  return fetch(url, { ...options, signal: AbortSignal.timeout(timeoutSeconds * 1000) });
}
