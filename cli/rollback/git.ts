import { command, succeeds } from "../../lib/command.ts";
import { UserError } from "../../lib/user-error.ts";

/** Seconds for a commit that is fetched. */
const fetchTimeoutSeconds = 60;

/**
 * The contents of files of the project at a commit, in the same order. Undefined for one that it does not have. A commit that is missing here, as in
 * the shallow clone of a pipeline, is fetched.
 *
 * @param files relative to the project's root
 * @throws UserError if git does not have the commit.
 */
export async function filesAt(commit: string, files: string[]): Promise<(string | undefined)[]> {
  const isHere = () => succeeds("git", ["cat-file", "-e", `${commit}^{commit}`]);
  if (!(await isHere()))
    await succeeds("git", ["fetch", "--quiet", "--depth=1", "origin", commit], { timeoutSeconds: fetchTimeoutSeconds });
  if (!(await isHere()))
    throw new UserError(`--to: git does not have commit ${commit} here. Fetch it, or roll back the images alone: --images-only.`);
  return Promise.all(files.map((file) => command("git", ["show", `${commit}:./${file}`]).catch(() => undefined)));
}

/** Whether a file differs from the last commit, or is not in git. */
export async function isUncommitted(file: string): Promise<boolean> {
  return (await command("git", ["status", "--porcelain", "--", file])).trim() !== "";
}
