import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { previewOption } from "../review-options.ts";

export const gate = defineCommand({
  name: "gate",
  group: CommandGroup.Review,
  summary: "Decide whether the stack lets a change through (slipway:gate)",
  options: { stack: stackOption, preview: previewOption, json: jsonOption },
  examples: [{ command: "slipway gate --stack prod --preview preview.json", summary: "fail with exit code 3 if the gate is closed" }],
  exitCodes: [ExitCode.GateClosed],
  async run({ stack: name, preview, json }) {
    const [{ readStack }, { previewedReview }, { formatVerdict, verdictAsJson }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../review.ts"),
      import("../../review/gate.ts"),
    ]);
    const { verdict } = await previewedReview(readStack(name), preview);
    process.stdout.write(`${json ? JSON.stringify(verdictAsJson(verdict, name), null, 2) : formatVerdict(verdict, name)}\n`);
    return verdict.open ? ExitCode.Success : ExitCode.GateClosed;
  },
});
