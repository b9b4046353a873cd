import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const down = defineCommand({
  name: "down",
  group: CommandGroup.Deploy,
  summary: "Delete every resource of the stack",
  options: { stack: stackOption, json: jsonOption },
  examples: [{ command: "slipway down --stack dev", summary: 'delete the stack "dev"' }],
  exitCodes: [ExitCode.Locked],
  async run({ stack: name, json }) {
    const [{ readStack }, { engineFor }, { forgetVersions }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../workloads/workloads.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineFor(stack, { json });
    const succeeded = await engine.down();
    if (succeeded) await forgetVersions(stack, engine);
    if (json) process.stdout.write(`${JSON.stringify({ stack: name, succeeded })}\n`);
    return succeeded ? ExitCode.Success : ExitCode.Failed;
  },
});
