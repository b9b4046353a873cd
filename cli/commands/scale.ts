import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const scale = defineCommand({
  name: "scale",
  group: CommandGroup.Deploy,
  summary: "Set how many replicas of a service run, without a deployment",
  description:
    "For the moment: the stack file keeps its number, and slipway drift shows the difference. To keep it, set services.<name>.replicas and run slipway up. On Kubernetes and Swarm.",
  argument: { name: "service", summary: "service to scale" },
  options: { stack: stackOption, replicas: { value: "number", summary: "how many replicas, from 0", required: true }, json: jsonOption },
  examples: [{ command: "slipway scale web --replicas 5 --stack prod", summary: "run five replicas of web" }],
  async run({ stack: name, replicas, json }, service) {
    const [{ readStack }, { engineFor }, operate, { UserError }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../operate/operate.ts"),
      import("../../lib/user-error.ts"),
    ]);
    if (!/^\d{1,4}$/.test(replicas)) throw new UserError(`--replicas: must be an integer from 0 to 9999 (got "${replicas}").`);
    const stack = readStack(name);
    const done = await operate.scale(stack, await engineFor(stack), service, Number(replicas));
    process.stdout.write(json ? `${JSON.stringify({ stack: name, service, done }, null, 2)}\n` : `${done}\n`);
    return ExitCode.Success;
  },
});
