import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const importCommand = defineCommand({
  name: "import",
  group: CommandGroup.Machine,
  summary: "Create a stack file from a Compose file",
  description: "Never overwrites a stack file.",
  argument: { name: "file", summary: "Compose file", default: "compose.yaml" },
  options: {
    stack: { value: "name", summary: "name of the new stack", required: true },
    platform: { value: "name", summary: "where the stack runs: local, docker or swarm", default: "local" },
    profile: { value: "name", summary: "also import the services of this Compose profile", repeatable: true },
    json: jsonOption,
  },
  examples: [{ command: "slipway import compose.yaml --stack shop", summary: "create stacks/Pulumi.shop.yaml" }],
  async run({ stack, platform, profile, json }, file) {
    if (platform !== "local" && platform !== "docker" && platform !== "swarm")
      throw new UserError(
        `--platform: must be local, docker or swarm (got "${platform}"). For eks, import for local, then set slipway:platform and slipway:eks.`,
      );
    const { importCompose } = await import("../compose/import.ts");
    const imported = await importCompose(file, { stack, platform, profiles: profile });
    if (json) process.stdout.write(`${JSON.stringify(imported, null, 2)}\n`);
    else {
      const { formatImport } = await import("../compose/format.ts");
      process.stdout.write(formatImport(file, stack, imported));
    }
    return ExitCode.Success;
  },
});
