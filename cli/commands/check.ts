import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const check = defineCommand({
  name: "check",
  group: CommandGroup.Project,
  summary: "Check the program's types, the stack files and the scorecard",
  description: "Reports all problems of all stacks. Needs neither Docker, nor a cluster, nor credentials; secrets are not decrypted.",
  options: {
    stack: { value: "name", summary: "check only this stack; can be repeated", repeatable: true },
    json: jsonOption,
  },
  examples: [
    { command: "slipway check", summary: "check the program and every stack" },
    { command: "slipway check --stack prod", summary: "check the program and the stack prod" },
  ],
  async run({ stack, json }) {
    const { checkProject, formatChecks, isClean } = await import("../check.ts");
    const checks = await checkProject(stack);
    process.stdout.write(json ? `${JSON.stringify(checks, null, 2)}\n` : formatChecks(checks));
    return isClean(checks) ? ExitCode.Success : ExitCode.Failed;
  },
});
