import { Gitlab, type CommitAction } from "@gitbeaker/rest";
import type { ChangedFile, Comment, Forge, ProposedChange } from "./forge.ts";

export interface GitLabOptions {
  /** URL of the API, with its version. */
  url: string;
  /** Id of the project. */
  project: string;
  /** Path of the project, for messages. */
  name: string;
  token: string;
  /** If the token is the one of a job: the id of the user who has started it, with whose rights the token comes. @default - another token */
  userOfJob: number | undefined;
}

const timeoutSeconds = 30;

/** A project on GitLab: https://docs.gitlab.com/api/rest/. */
export class GitLab implements Forge {
  readonly rightsToComment = "GITLAB_TOKEN must be a project access token with the role Reporter and the scope api.";
  readonly rightsToPropose = "GITLAB_TOKEN must be a project access token with the role Developer and the scope api.";
  readonly rightsToList = "GITLAB_TOKEN must be a project access token with the role Reporter and the scope read_api.";
  private readonly project: string;
  private readonly name: string;
  private readonly userOfJob: number | undefined;
  private readonly api: InstanceType<typeof Gitlab<false>>;

  constructor({ url, project, name, token, userOfJob }: GitLabOptions) {
    this.project = project;
    this.name = name;
    this.userOfJob = userOfJob;
    // The library adds the version itself.
    const options = { host: url.replace(/\/api\/v4\/?$/, ""), queryTimeout: timeoutSeconds * 1000 };
    this.api = new Gitlab(userOfJob === undefined ? { ...options, token } : { ...options, jobToken: token });
  }

  nameOf(request: number): string {
    return `!${request} of ${this.name}`;
  }

  async comments(request: number): Promise<Comment[]> {
    const [all, own] = await Promise.all([this.api.MergeRequestNotes.all(this.project, request), this.ownId()]);
    return all.map(({ id, body, author }) => ({ id, body, isReplaceable: author.id === own }));
  }

  async createComment(request: number, body: string): Promise<void> {
    await this.api.MergeRequestNotes.create(this.project, request, body);
  }

  async updateComment(request: number, comment: number, body: string): Promise<void> {
    await this.api.MergeRequestNotes.edit(this.project, request, comment, { body });
  }

  async openRequests(): Promise<number[]> {
    const all = await this.api.MergeRequests.all({ projectId: this.project, state: "opened" });
    return all.map(({ iid }) => iid);
  }

  async contents(files: string[]): Promise<(string | undefined)[]> {
    const base = await this.defaultBranch();
    return Promise.all(files.map((file) => this.api.RepositoryFiles.showRaw(this.project, file, base).then(textOf, ifMissing(undefined))));
  }

  async propose({ branch, files, title, body }: ProposedChange): Promise<string> {
    const base = await this.defaultBranch();
    await this.api.Commits.create(this.project, branch, title, files.map(actionOf), {
      startBranch: base,
      force: true,
    });
    const open = await this.api.MergeRequests.all({ projectId: this.project, state: "opened", sourceBranch: branch });
    const request = open[0]
      ? await this.api.MergeRequests.edit(this.project, open[0].iid, { title, description: body })
      : await this.api.MergeRequests.create(this.project, branch, base, title, { description: body, removeSourceBranch: true });
    return String(request.web_url);
  }

  private async defaultBranch(): Promise<string> {
    return String((await this.api.Projects.show(this.project)).default_branch);
  }

  /** The user of the token. GitLab's notes do not say whether their author is a bot. */
  private async ownId(): Promise<number> {
    return this.userOfJob ?? (await this.api.Users.showCurrentUser()).id;
  }
}

function actionOf({ file: filePath, before, after }: ChangedFile): CommitAction {
  if (after === undefined) return { action: "delete", filePath };
  return { action: before === undefined ? "create" : "update", filePath, content: after };
}

function textOf(content: string | Blob): string | Promise<string> {
  return typeof content === "string" ? content : content.text();
}

function ifMissing<T>(instead: T): (error: Error) => T | Promise<never> {
  return (error) =>
    (error.cause as { response?: { status?: number } } | undefined)?.response?.status === 404 ? instead : Promise.reject(error);
}
