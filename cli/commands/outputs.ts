import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const outputs = defineCommand({
  name: "outputs",
  group: CommandGroup.Deploy,
  summary: "Print URLs, images and other stack outputs as JSON",
  options: {
    stack: stackOption,
    "show-secrets": { summary: "print secrets in plain text" },
    images: { summary: "print only the images by digest of services and jobs, in one line, for slipway promote --images" },
    json: { summary: "print one JSON document (always the case)" },
  },
  examples: [{ command: "slipway outputs --stack dev", summary: 'print the outputs of "dev"; secrets are masked' }],
  async run(options) {
    const [{ readStack }, { engineFor }, { imagesIn }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../../lib/deployment-record.ts"),
    ]);
    const engine = await engineFor(readStack(options.stack));
    const outputs = await engine.outputs(options["show-secrets"]);
    const { images, jobs } = imagesIn(outputs);
    process.stdout.write(`${options.images ? JSON.stringify({ ...jobs, ...images }) : JSON.stringify(outputs, null, 2)}\n`);
    return ExitCode.Success;
  },
});
