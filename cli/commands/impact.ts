import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { previewOption } from "../review-options.ts";

export const impact = defineCommand({
  name: "impact",
  group: CommandGroup.Review,
  summary: "Show what a change does to users: rolling update, downtime, data loss, …",
  options: { stack: stackOption, preview: previewOption, json: jsonOption },
  examples: [
    { command: "slipway impact --stack prod", summary: "run a preview and classify each change" },
    { command: "slipway impact --stack prod --preview preview.json", summary: "classify the changes of a preview that was saved" },
  ],
  async run({ stack: name, preview, json }) {
    const [{ readStack }, { previewedImpacts, vulnerabilitiesIn }, { formatImpacts, impactsAsJson }, vulnerability] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../review.ts"),
      import("../../review/impact/format.ts"),
      import("../../review/vulnerabilities/format.ts"),
    ]);
    const stack = readStack(name);
    const impacts = await previewedImpacts(stack, preview);
    const found = await vulnerabilitiesIn(stack);
    if (json) {
      const shown = { ...impactsAsJson(impacts, name), ...(found && { vulnerabilities: vulnerability.vulnerabilitiesAsJson(found) }) };
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    } else process.stdout.write(`${formatImpacts(impacts, name)}\n${found ? `${vulnerability.formatVulnerabilities(found)}\n` : ""}`);
    return ExitCode.Success;
  },
});
