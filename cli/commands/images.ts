import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const images = defineCommand({
  name: "images",
  group: CommandGroup.Images,
  summary: "List the images in the stack's registry and what uses them",
  options: {
    stack: stackOption,
    prune: { summary: "delete the images that nothing uses and no rollback needs" },
    yes: { summary: "delete without asking" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway images", summary: "list size, age and users of each image" },
    { command: "slipway images --prune --yes", summary: "delete unused images without asking" },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ stack: name, prune, yes, json }) {
    const [{ readStack }, { engineFor }, { listImages, pruneImages }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../images/list.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineFor(stack);
    await (prune ? pruneImages(stack, engine, { yes, json }) : listImages(stack, engine, json));
    return ExitCode.Success;
  },
});
