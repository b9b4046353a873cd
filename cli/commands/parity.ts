import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const parity = defineCommand({
  name: "parity",
  group: CommandGroup.Review,
  summary: "Show how two stacks differ, and which setting causes each difference",
  options: {
    stack: stackOption,
    with: { value: "name", summary: "stack to compare with", required: true },
    json: jsonOption,
  },
  examples: [{ command: "slipway parity --stack dev --with prod", summary: 'compare "dev" with "prod"' }],
  async run({ stack, with: other, json }) {
    const [{ readStack }, { formatParity, parityOf }, { step }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../../review/parity.ts"),
      import("../../lib/progress.ts"),
    ]);
    const [a, b] = [readStack(stack), readStack(other)];
    const disparities = await step(`compare "${stack}" with "${other}"`, () => parityOf(a, b));
    const text = json ? JSON.stringify({ stacks: [stack, other], disparities }, null, 2) : formatParity(disparities, stack, other);
    process.stdout.write(`${text}\n`);
    return ExitCode.Success;
  },
});
