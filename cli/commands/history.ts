import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const history = defineCommand({
  name: "history",
  group: CommandGroup.Deploy,
  summary: "List the deployments of the stack: when, from which commit, by whom, and what they changed",
  description:
    "The newest is first. A * after the commit says that files differed from it. Changes are + created, ~ updated, ± replaced, - deleted, ✗ failed. A run that changed nothing is not listed.",
  argument: { name: "id", summary: "number of a deployment to print in full", default: "" },
  options: {
    stack: stackOption,
    limit: { value: "number", summary: "how many deployments to list", default: "20" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway history --stack prod", summary: "list the last 20 deployments" },
    { command: "slipway history 12 --stack prod", summary: "print deployment 12 with its impacts, approvals and images" },
  ],
  async run({ stack: name, limit, json }, id) {
    const [{ readStack }, { listHistory }] = await Promise.all([import("../../config/stack-file.ts"), import("../history/list.ts")]);
    process.stdout.write(await listHistory(readStack(name, { withoutSecrets: true }), { id, limit, json }));
    return ExitCode.Success;
  },
});
