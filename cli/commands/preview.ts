import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const preview = defineCommand({
  name: "preview",
  group: CommandGroup.Deploy,
  summary: "Show what slipway up would change, property by property",
  description: "Changes nothing, and installs and builds nothing that only slipway up needs.",
  options: { stack: stackOption, json: { summary: "print the preview in the form of pulumi preview --json" } },
  examples: [{ command: "slipway preview --stack prod", summary: 'show the changes to the stack "prod"' }],
  async run({ stack: name, json }) {
    const [{ readStack }, { engineForPreview }, { planImages }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../../setup/setup.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineForPreview(stack);
    await planImages(stack);
    if (json) {
      process.stdout.write(`${await engine.previewAsJson()}\n`);
      return ExitCode.Success;
    }
    process.stdout.write(`preview of stack "${stack.name}" with ${engine.title}\n`);
    return (await engine.preview()) ? ExitCode.Success : ExitCode.Failed;
  },
});
