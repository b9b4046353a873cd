import { command } from "../lib/command.ts";
import { UserError } from "../lib/user-error.ts";

/** Placeholders of `build.ldflags`, each with the git command whose output takes its place. */
const commands = {
  version: ["describe", "--tags", "--always", "--dirty"],
  revision: ["rev-parse", "HEAD"],
  // The time of the commit in UTC, so that the same commit is always the same image.
  date: ["show", "--no-patch", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "HEAD"],
};
export type GitFact = keyof typeof commands;

export const gitFacts = Object.keys(commands) as GitFact[];

const placeholder = /\{\{\s*(\w+)\s*\}\}/g;

/** The placeholders in a text, also those that are none. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(placeholder)].map(([, name]) => name!);
}

/**
 * Replaces `{{version}}`, `{{revision}}` and `{{date}}` with what git says of a folder.
 *
 * @param given values that take precedence.
 * @throws UserError if the folder is not in a git repository with a commit.
 */
export async function withGitFacts(text: string, folder: string, given: Partial<Record<GitFact, string>>): Promise<string> {
  const values: Record<string, string> = { ...given };
  for (const name of new Set(placeholdersIn(text)) as Set<GitFact>) values[name] ??= await ask(name, folder);
  return text.replace(placeholder, (_all, name: string) => values[name]!);
}

async function ask(name: GitFact, folder: string): Promise<string> {
  const answer = await command("git", commands[name], { cwd: folder, env: { TZ: "UTC" } }).catch(() => {
    throw new UserError(
      `${folder}: build.ldflags has {{${name}}}, and git has no commit for this folder. Commit the source, or write the value instead.`,
    );
  });
  return answer.trim();
}
