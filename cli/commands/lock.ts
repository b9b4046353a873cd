import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const lockCommand = defineCommand({
  name: "lock",
  group: CommandGroup.Images,
  summary: "Record the digests of images by tag, the IDs of users by name, and the versions of EKS add-ons",
  description:
    "Writes stacks/slipway-lock.<stack>.yaml, which belongs into version control: deployments use what is in it until --update. slipway up adds new entries itself, except with CI=true. Add-ons of EKS are looked up with the AWS CLI.",
  argument: { name: "name", summary: "with --update: the service or add-on to update, by default all", default: "" },
  options: {
    stack: stackOption,
    update: { summary: "look up again what has an entry, and print the old and the new ones" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway lock --stack shop", summary: "add the digests of new tags" },
    { command: "slipway lock --update db --stack shop", summary: 'use what the tag of "db" is now' },
  ],
  async run({ stack: name, update, json }, chosen) {
    if (chosen !== "" && !update)
      throw new UserError(`A name can be given only with --update. Run slipway lock --update ${chosen} --stack ${name}`);
    const [{ readStack }, { lock, lockables }, { formatChanges }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../lock/lock.ts"),
      import("../lock/format.ts"),
    ]);
    const stack = readStack(name);
    const known = lockables(stack);
    const result = await lock(stack, update ? (chosen === "" ? known : [chosen]) : []);
    const { file, changes, addons, note } = result;
    if (json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else if (changes.length + addons.length > 0) process.stdout.write(`${file}: updated. Commit it.\n${formatChanges(result)}`);
    else if (known.length > 0 && note === undefined) process.stdout.write(`${file}: nothing to change.\n`);
    else if (known.length === 0)
      process.stdout.write(`Nothing of stack "${name}" is locked: no image by tag, no user by name, no EKS add-on.\n`);
    if (note !== undefined) process.stderr.write(`${note}.\n`);
    return note === undefined || changes.length > 0 ? ExitCode.Success : ExitCode.Failed;
  },
});
