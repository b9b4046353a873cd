import { checkSettings } from "../../config/check.ts";
import { formatProblem } from "../../lib/problem.ts";
import type { Path } from "../../lib/property-path.ts";
import { loadPlatform } from "../../platforms/platform.ts";

/** Checks settings and formats the problems as messages. */
export async function check(input: Record<string, unknown>, secretPaths: Path[] = []) {
  const { value, problems } = await checkSettings(input, loadPlatform, { secretPaths });
  return { value, problems: problems.map(formatProblem) };
}
