import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const configExplain = defineCommand({
  name: "config explain",
  group: CommandGroup.Review,
  summary: "Show where the value of a setting comes from",
  description:
    "Sources are the stack file, organisation defaults and their locks (docs/DEFAULTS.md), the platform, and Slipway. A path is written as for pulumi config set --path. Without one, all settings are listed that do not have Slipway's own default. Secrets are [secret], and need no passphrase.",
  argument: { name: "path", summary: "setting, or part of the stack file that has several, by default all", default: "" },
  options: { stack: stackOption, json: jsonOption },
  examples: [
    { command: "slipway config explain services.web.replicas --stack prod", summary: "show one setting, and the values that it replaces" },
    { command: "slipway config explain --stack prod", summary: "list all settings that are not Slipway's own defaults" },
  ],
  async run({ stack, json }, path) {
    const [{ explain }, { formatExplained }] = await Promise.all([import("../explain/explain.ts"), import("../explain/format.ts")]);
    const settings = await explain(stack, path === "" ? undefined : path);
    process.stdout.write(`${json ? JSON.stringify({ stack, settings }, null, 2) : formatExplained(settings)}\n`);
    return ExitCode.Success;
  },
});
