import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const setup = defineCommand({
  name: "setup",
  group: CommandGroup.Machine,
  summary: "Install what the stack needs on this machine",
  description:
    "Starts Docker, and installs it on Debian and Ubuntu as root. Pulls the images that the platform needs, or builds them from package registries. slipway up does this too.",
  exitCodes: [ExitCode.Locked],
  options: { stack: stackOption, json: jsonOption },
  examples: [{ command: "slipway setup", summary: 'prepare this machine for the stack "local"' }],
  async run({ stack, json }) {
    const [{ readStack }, { setUp }] = await Promise.all([import("../../config/stack-file.ts"), import("../../setup/setup.ts")]);
    const images = await setUp(readStack(stack));
    if (json) process.stdout.write(`${JSON.stringify({ stack, images })}\n`);
    return ExitCode.Success;
  },
});
