import "../../lib/lazy-packages.ts"; // before the SDK
import { readStack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { formatImpacts, impactsAsJson } from "../../review/impact/format.ts";
import { previewedImpacts } from "../review.ts";

// Prints the impact of an upgrade on a stack as JSON. impact.ts runs it.

const [name = ""] = process.argv.slice(2);
try {
  const impacts = await previewedImpacts(readStack(name), undefined);
  const result = { ...impactsAsJson(impacts, name), text: formatImpacts(impacts, name) };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
} catch (error) {
  process.stderr.write(`error: ${error instanceof UserError ? error.message : (error as Error).stack}\n`, () => process.exit(1));
}
