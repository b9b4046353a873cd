import { command } from "./command.ts";
import type { Commit } from "./deployment-record.ts";

/** Seconds for an answer of git. A large repository must not delay a deployment. */
const timeoutSeconds = 10;

/** What git prints. Undefined if there is no git, or it has no answer. */
export type Git = (...args: string[]) => Promise<string | undefined>;

/** The commit that git has checked out here. If git cannot say, the one of the CI run. */
export async function commitOf(env: NodeJS.ProcessEnv, git: Git): Promise<Commit | undefined> {
  // A CI system checks out a commit without a branch. On a pull request, GITHUB_REF_NAME is a number.
  const named = env["GITHUB_HEAD_REF"] || env["GITHUB_REF_NAME"] || env["CI_COMMIT_REF_NAME"];
  const status = await git("-c", "status.relativePaths=true", "status", "--porcelain=v2", "--branch");
  const found = status === undefined ? undefined : parseStatus(status);
  const sha = found?.sha ?? (env["GITHUB_SHA"] || env["CI_COMMIT_SHA"]);
  if (!sha) return undefined;
  const branch = found?.branch ?? named;
  const { dirty, changed = [] } = found ?? {};
  return { sha, ...(branch && { branch }), ...(found && { dirty }), ...(dirty && changed.length <= maxChanged && { changed }) };
}

/** How many changed files a record names. */
const maxChanged = 20;

/** Undefined before the first commit. The format is that of https://git-scm.com/docs/git-status#_porcelain_format_version_2. */
export function parseStatus(text: string): (Commit & { dirty: boolean; changed: string[] }) | undefined {
  const header = (name: string) => new RegExp(`^# branch\\.${name} (.+)$`, "m").exec(text)?.[1];
  const [sha, head] = [header("oid"), header("head")];
  if (sha === undefined || sha === "(initial)") return undefined;
  const changed = text.split("\n").flatMap((line) => pathIn(line) ?? []);
  return { sha, ...(head !== undefined && head !== "(detached)" && { branch: head }), dirty: changed.length > 0, changed };
}

/** How many fields are before the path in a line of a file that is changed, renamed, unmerged or unknown. */
const fieldsBeforePath: Record<string, number> = { "1": 8, "2": 9, u: 10, "?": 1 };

/** The path in a line of git's status, from the folder that git runs in. */
function pathIn(line: string): string | undefined {
  const fields = fieldsBeforePath[line[0] ?? ""];
  return fields === undefined ? undefined : line.split(" ").slice(fields).join(" ").split("\t")[0];
}

/** Asks git in a folder. */
export function gitIn(folder: string, args: string[]): Promise<string | undefined> {
  // Without a lock, so that another git at the same time does not fail.
  return command("git", args, { cwd: folder, timeoutSeconds, env: { GIT_OPTIONAL_LOCKS: "0" } }).catch(() => undefined);
}
