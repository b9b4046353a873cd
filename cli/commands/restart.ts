import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const restart = defineCommand({
  name: "restart",
  group: CommandGroup.Deploy,
  summary: "Restart the containers of a service",
  description:
    "On Kubernetes and Swarm, new pods and tasks replace the old ones as in a rollout, and the command does not wait for them. On Docker, one container after the other is restarted.",
  argument: { name: "service", summary: "service to restart" },
  options: { stack: stackOption },
  examples: [{ command: "slipway restart web --stack prod", summary: "replace the pods of web" }],
  async run({ stack: name }, service) {
    const [{ readStack }, { engineFor }, operate] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../operate/operate.ts"),
    ]);
    const stack = readStack(name);
    process.stdout.write(`${await operate.restart(stack, await engineFor(stack), service)}\n`);
    return ExitCode.Success;
  },
});
