import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const outputs = defineCommand({
  name: "outputs",
  group: CommandGroup.Deploy,
  summary: "Print URLs, images and other stack outputs as JSON",
  options: {
    stack: stackOption,
    "show-secrets": { summary: "print secrets in plain text" },
    json: { summary: "print one JSON document (always the case)" },
  },
  examples: [{ command: "slipway outputs --stack dev", summary: 'print the outputs of "dev"; secrets are masked' }],
  async run(options) {
    const [{ readStack }, { engineFor }] = await Promise.all([import("../../config/stack-file.ts"), import("../engines.ts")]);
    const engine = await engineFor(readStack(options.stack));
    process.stdout.write(`${JSON.stringify(await engine.outputs(options["show-secrets"]), null, 2)}\n`);
    return ExitCode.Success;
  },
});
