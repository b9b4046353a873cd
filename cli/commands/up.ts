import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const up = defineCommand({
  name: "up",
  group: CommandGroup.Deploy,
  summary: "Deploy the stack: build, push, and bring every resource to its desired state",
  description: "Prepares this machine first (see slipway setup). An unchanged stack causes no push and no rollout.",
  options: { stack: stackOption, json: jsonOption },
  examples: [
    { command: "slipway up", summary: 'deploy the stack "local"' },
    { command: "slipway up --stack dev", summary: 'deploy the stack "dev"' },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ stack, json }) {
    const { deploy } = await import("../deploy.ts");
    return deploy({ command: "up", stack, json });
  },
});
