import { readFileSync } from "node:fs";
import { throwIfAny } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";

/** What Slipway's commands need of GitHub or GitLab. A pull request is a merge request on GitLab. */
export interface Forge {
  /** Pull requests in messages: `#7 of me/shop`. */
  nameOf(request: number): string;
  /** The comments on a pull request. */
  comments(request: number): Promise<Comment[]>;
  createComment(request: number, body: string): Promise<void>;
  updateComment(request: number, comment: number, body: string): Promise<void>;
  /** Numbers of the open pull requests. */
  openRequests(): Promise<number[]>;
  /** The contents of files on the default branch, in the same order. Undefined for one that does not exist. */
  contents(files: string[]): Promise<(string | undefined)[]>;
  /**
   * Puts changed files on a branch that starts at the default branch, as one commit, and opens a pull request, or updates the one that is open.
   * Returns its URL.
   */
  propose(change: ProposedChange): Promise<string>;
  /** The rights that the token needs to open a pull request, for messages. */
  rightsToPropose: string;
  /** The rights that the token needs to comment, for messages. */
  rightsToComment: string;
  /** The rights that the token needs to list pull requests, for messages. */
  rightsToList: string;
}

/** A file that a pull request changes. */
export interface ChangedFile {
  /** Path in the repository. */
  file: string;
  /** What the file should have been until now. @default - it did not exist */
  before?: string | undefined;
  /** @default - the file is deleted */
  after?: string | undefined;
}

/** A change of files, for a pull request. */
export interface ProposedChange {
  /** Branch of the pull request. What it has is replaced. */
  branch: string;
  /** At least one. */
  files: ChangedFile[];
  title: string;
  body: string;
}

export interface Comment {
  id: number;
  body: string;
  /** Whether the comment may be replaced. Anyone can write a marker. */
  isReplaceable: boolean;
}

type Environment = Record<string, string | undefined>;

/**
 * The forge whose pipeline runs this command, from the variables that the pipeline has: GitHub's
 * (https://docs.github.com/en/actions/reference/workflows-and-actions/variables) or GitLab's (https://docs.gitlab.com/ci/variables/predefined_variables/).
 *
 * @throws UserError that names all variables that are missing.
 */
export async function currentForge(env: Environment = process.env): Promise<Forge> {
  if (isGitLab(env)) {
    const url = env["CI_API_V4_URL"];
    const project = env["CI_PROJECT_ID"];
    const token = env["GITLAB_TOKEN"] || env["CI_JOB_TOKEN"];
    rejectMissing({ CI_API_V4_URL: url, CI_PROJECT_ID: project, GITLAB_TOKEN: token }, "GitLab");
    const { GitLab } = await import("./gitlab.ts");
    return new GitLab({
      url: url!,
      project: project!,
      name: env["CI_PROJECT_PATH"] ?? `project ${project}`,
      token: token!,
      userOfJob: env["GITLAB_TOKEN"] ? undefined : Number(env["GITLAB_USER_ID"]),
    });
  }
  const repository = env["GITHUB_REPOSITORY"];
  const token = env["GITHUB_TOKEN"];
  if (!isGitHub(env))
    throw new UserError(
      "This command needs GitHub or GitLab, and no pipeline of either runs it. Set GITHUB_REPOSITORY and GITHUB_TOKEN, or CI_API_V4_URL, CI_PROJECT_ID and GITLAB_TOKEN.",
    );
  rejectMissing({ GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token }, "GitHub");
  const { GitHub } = await import("./github.ts");
  return new GitHub({ repository: repository!, token: token!, url: env["GITHUB_API_URL"] });
}

function isGitLab(env: Environment): boolean {
  return Boolean(env["GITLAB_CI"] || env["CI_API_V4_URL"]);
}

function isGitHub(env: Environment): boolean {
  return Boolean(env["GITHUB_ACTIONS"] || env["GITHUB_REPOSITORY"]);
}

function rejectMissing(variables: Environment, forge: string): void {
  const missing = Object.keys(variables).filter((name) => !variables[name]);
  if (missing.length > 0)
    throw new UserError(`${missing.join(", ")}: must be set to use ${forge}. In a workflow, pass the token to the step.`);
}

/**
 * The number of the pull request that the pipeline runs for: `PULL_REQUEST`, otherwise that of the event.
 *
 * @throws UserError if the pipeline does not run for a pull request.
 */
export function currentRequest(env: Environment = process.env): number {
  const found = env["PULL_REQUEST"] || (isGitLab(env) ? env["CI_MERGE_REQUEST_IID"] : numberOfEvent(env));
  const number = Number(found);
  if (found === undefined || found === "")
    throw new UserError("This pipeline does not run for a pull request. Set PULL_REQUEST to the number of the one to comment on.");
  if (!Number.isInteger(number) || number < 1) throw new UserError(`PULL_REQUEST: must be the number of a pull request (got "${found}").`);
  return number;
}

/** From the event's payload: with `pull_request_target`, the reference is the one of the base branch. */
function numberOfEvent({ GITHUB_EVENT_PATH: file, GITHUB_REF: reference = "" }: Environment): string | undefined {
  const event = file ? (JSON.parse(readFileSync(file, "utf8")) as { pull_request?: { number?: number } }) : {};
  return event.pull_request?.number?.toString() ?? /^refs\/pull\/(\d+)\//.exec(reference)?.[1];
}

/** What `postComment` did, for people. */
export type Posted = string;

/**
 * Posts a comment on the pull request that the pipeline runs for, and replaces the comment with the same marker of an earlier run.
 *
 * @param marker An HTML comment such as `<!-- slipway-report: prod -->`. It becomes the first line of the comment.
 * @param request Number of the pull request. @default - the one that the pipeline runs for
 * @throws UserError if the environment names no pull request, or the request fails.
 */
export async function postComment(marker: string, body: string, request: number = currentRequest()): Promise<Posted> {
  const forge = await currentForge();
  const text = body.startsWith(`${marker}\n`) ? body : `${marker}\n${body}`;
  const name = forge.nameOf(request);
  try {
    const previous = (await forge.comments(request)).find((comment) => comment.isReplaceable && comment.body.startsWith(`${marker}\n`));
    if (previous) await forge.updateComment(request, previous.id, text);
    else await forge.createComment(request, text);
    return `${previous ? "updated" : "created"} the comment on ${name}`;
  } catch (error) {
    throw new UserError(`The comment on ${name} failed: ${(error as Error).message}. ${forge.rightsToComment}`);
  }
}

/** Whether a pipeline of GitHub or GitLab runs this command. */
export function hasForge(env: Environment = process.env): boolean {
  return isGitLab(env) || isGitHub(env);
}

/**
 * Opens a pull request with changed files, or updates the one on the same branch. Returns its URL.
 *
 * @throws UserError if the checkout is not up to date, or the request fails.
 */
export async function propose(change: ProposedChange): Promise<string> {
  const forge = await currentForge();
  const names = change.files.map(({ file }) => file);
  const fail = (error: Error): never => {
    throw new UserError(`The pull request for ${names.join(", ")} failed: ${error.message}. ${forge.rightsToPropose}`);
  };
  const current = await forge.contents(names).catch(fail);
  const stale = change.files.filter(({ before }, i) => current[i] !== before);
  throwIfAny(
    stale.map(({ file }) => `${file}: the default branch has another version of it than this checkout`),
    "No pull request was opened. Pull, and try again:",
  );
  return forge.propose(change).catch(fail);
}

/**
 * Numbers of the open pull requests.
 *
 * @throws UserError if they cannot be listed: an empty list would mean that all are closed.
 */
export async function openRequests(): Promise<number[]> {
  const forge = await currentForge();
  try {
    return await forge.openRequests();
  } catch (error) {
    throw new UserError(`The open pull requests cannot be listed: ${(error as Error).message}. ${forge.rightsToList}`);
  }
}
