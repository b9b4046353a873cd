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
    const [{ readStack }, { previewedImpacts }, { formatImpacts, impactsAsJson }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../review.ts"),
      import("../../review/impact/format.ts"),
    ]);
    const stack = readStack(name);
    const impacts = await previewedImpacts(stack, preview);
    process.stdout.write(`${json ? JSON.stringify(impactsAsJson(impacts, name), null, 2) : formatImpacts(impacts, name)}\n`);
    return ExitCode.Success;
  },
});
