import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const lockCommand = defineCommand({
  name: "lock",
  group: CommandGroup.Images,
  summary: "Record the digests of images by tag, and the IDs of users by name",
  description:
    "Writes stacks/slipway-lock.<stack>.yaml, which belongs into version control: deployments use the digests in it until --update. slipway up adds new tags itself, except with CI=true.",
  argument: { name: "service", summary: "with --update: the service to update, by default all", default: "" },
  options: {
    stack: stackOption,
    update: { summary: "look tags up again that have a digest, and print the old and the new ones" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway lock --stack shop", summary: "add the digests of new tags" },
    { command: "slipway lock --update db --stack shop", summary: 'use what the tag of "db" is now' },
  ],
  async run({ stack: name, update, json }, service) {
    if (service !== "" && !update)
      throw new UserError(`A service can be given only with --update. Run slipway lock --update ${service} --stack ${name}`);
    const [{ readStack }, { lock, lockableServices }, { formatChanges }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../lock/lock.ts"),
      import("../lock/format.ts"),
    ]);
    const stack = readStack(name);
    const lockable = lockableServices(stack);
    const { file, changes } = await lock(stack, update ? (service === "" ? lockable : [service]) : []);
    if (json) process.stdout.write(`${JSON.stringify({ file, changes }, null, 2)}\n`);
    else if (changes.length > 0) process.stdout.write(`${file}: updated. Commit it.\n${formatChanges(changes)}`);
    else if (lockable.length > 0) process.stdout.write(`${file}: nothing to change.\n`);
    else process.stdout.write(`No service of stack "${name}" has an image by tag or a user by name.\n`);
    return ExitCode.Success;
  },
});
