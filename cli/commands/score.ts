import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const score = defineCommand({
  name: "score",
  group: CommandGroup.Review,
  summary: "Check the stack against the policy rules and print a scorecard",
  description: "Needs neither a cluster nor the Pulumi CLI.",
  options: { stack: stackOption, json: jsonOption },
  examples: [{ command: "slipway score --stack prod", summary: "fail with exit code 3 on policy errors" }],
  exitCodes: [ExitCode.GateClosed],
  async run({ stack: name, json }) {
    const [{ readStack }, { configurationOf }, { scoreOfStack }, { errorsIn, formatScore }, { today }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../../review/configuration.ts"),
      import("../../review/policy/stack-score.ts"),
      import("../../review/policy/scorecard.ts"),
      import("../today.ts"),
    ]);
    const stack = readStack(name);
    const { policy } = await configurationOf(stack);
    const { score } = await scoreOfStack(stack, policy, [], today());
    process.stdout.write(`${json ? JSON.stringify({ stack: name, ...score }, null, 2) : formatScore(score, name)}\n`);
    return errorsIn(score).length + score.problems.length === 0 ? ExitCode.Success : ExitCode.GateClosed;
  },
});
