import { commitOf, gitIn } from "../git-commit.ts";

/** The source that an image is built from, as git knows it. */
export interface Source {
  /** Hash of the commit. */
  commit: string;
  /** Time of the commit. @default - git does not have it here */
  date?: string;
  branch?: string;
  /** Whether files differ from the commit. @default - unknown */
  dirty?: boolean;
  /** URL of the repository, without credentials. @default - it has no remote, or one on this machine */
  repository?: string;
  /** The folder in the repository. `.` is the repository itself. */
  folder: string;
}

/** Undefined if the folder is not in git, such as that of a package: the commit then says nothing about it. */
export async function sourceOf(folder: string, env: NodeJS.ProcessEnv = process.env): Promise<Source | undefined> {
  const git = (...args: string[]) => gitIn(folder, args);
  const [commit, remote, date, prefix = "", tree] = await Promise.all([
    commitOf(env, git),
    git("remote", "get-url", "origin"),
    git("show", "--no-patch", "--format=%cI", "HEAD"),
    git("rev-parse", "--show-prefix"),
    git("rev-parse", "HEAD:./"),
  ]);
  if (commit === undefined || tree === undefined) return undefined;
  const { sha, branch, dirty } = commit;
  const repository = remote === undefined ? undefined : publicUrl(remote.trim());
  return {
    commit: sha,
    ...(date?.trim() && { date: new Date(date.trim()).toISOString() }),
    ...(branch !== undefined && { branch }),
    ...(dirty !== undefined && { dirty }),
    ...(repository !== undefined && { repository }),
    folder: prefix.trim().replace(/\/$/, "") || ".",
  };
}

/** A path says nothing to others. */
function publicUrl(remote: string): string | undefined {
  const url = withoutCredentials(remote);
  return /^(https?|ssh|git):\/\//.test(url) ? url : undefined;
}

/** A URL without user and password. `git@github.com:acme/shop.git`, the short form for SSH, becomes a URL. */
export function withoutCredentials(url: string): string {
  const short = /^(?:[^/@:]+@)?([^/:@]+):(?!\/)(.+)$/.exec(url);
  if (short) return `ssh://${short[1]}/${short[2]}`;
  return url.replace(/^(\w[\w+.-]*:\/\/)[^/@]*@/, "$1");
}
