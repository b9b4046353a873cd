import { readFileSync } from "node:fs";
import { command } from "../../lib/command.ts";
import { formatMarkdown } from "../../review/report/markdown.ts";
import { hasForge, propose } from "../forge/forge.ts";
import { requestText } from "./format.ts";
import type { PromotionResult } from "./promote.ts";

/**
 * Opens a pull request with the changed lock file and the report, in a pipeline of GitHub or GitLab. Undefined elsewhere.
 *
 * @throws UserError if that fails.
 */
export async function openRequest(result: PromotionResult, from: string, to: string): Promise<string | undefined> {
  if (!hasForge() || result.isUnchanged) return undefined;
  // The project need not be the root of the repository.
  const prefix = (await command("git", ["rev-parse", "--show-prefix"])).trim();
  const { title, body } = requestText(result, from, to, formatMarkdown(result.review));
  return propose({
    branch: `slipway/promote-${from}-to-${to}`,
    file: `${prefix}${result.file}`,
    before: result.before,
    after: readFileSync(result.file, "utf8"),
    title,
    body,
  });
}
