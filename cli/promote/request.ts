import { formatMarkdown } from "../../review/report/markdown.ts";
import { hasForge } from "../forge/forge.ts";
import { proposeInProject } from "../reviewed-change.ts";
import { requestText } from "./format.ts";
import type { PromotionResult } from "./promote.ts";

/**
 * Opens a pull request with the changed lock file and the report, in a pipeline of GitHub or GitLab. Undefined elsewhere.
 *
 * @throws UserError if that fails.
 */
export async function openRequest(result: PromotionResult, from: string, to: string): Promise<string | undefined> {
  if (!hasForge() || result.isUnchanged) return undefined;
  const { file, before, after } = result;
  const text = requestText(result, from, to, formatMarkdown(result.review));
  return proposeInProject({ branch: `slipway/promote-${from}-to-${to}`, files: [{ file, before, after }], ...text });
}
