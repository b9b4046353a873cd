import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const restart = defineCommand({
  name: "restart",
  group: CommandGroup.Deploy,
  summary: "Restart the containers of a service",
  description:
    "On Kubernetes and Swarm, new pods and tasks replace the old ones as in a rollout, and the command does not wait for them. On Docker, one container after the other is restarted.",
  argument: { name: "service", summary: "service to restart" },
  options: { stack: stackOption, json: jsonOption },
  examples: [{ command: "slipway restart web --stack prod", summary: "replace the pods of web" }],
  async run({ stack: name, json }, service) {
    const [{ readStack }, { engineFor }, operate] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../operate/operate.ts"),
    ]);
    const stack = readStack(name);
    const done = await operate.restart(stack, await engineFor(stack), service);
    process.stdout.write(json ? `${JSON.stringify({ stack: name, service, done }, null, 2)}\n` : `${done}\n`);
    return ExitCode.Success;
  },
});
