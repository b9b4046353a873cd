import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const rollback = defineCommand({
  name: "rollback",
  group: CommandGroup.Deploy,
  summary: "Deploy the last good images again",
  description: "Rolls back the services whose update failed. If all are healthy, name the service to roll back.",
  options: {
    stack: stackOption,
    service: { value: "name", summary: "service to roll back" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway rollback", summary: "roll back every service whose update failed" },
    { command: "slipway rollback --service web", summary: 'roll back "web", even if it is healthy' },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ stack, service, json }) {
    const { deploy } = await import("../deploy.ts");
    return deploy({ command: "rollback", stack, service, json });
  },
});
