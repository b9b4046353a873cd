import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const status = defineCommand({
  name: "status",
  group: CommandGroup.Deploy,
  summary: "Show what runs: replicas, health, image and age, URLs, and what went wrong lately",
  description: "The exit code is 1 if a service or job fails, or a URL does not answer.",
  options: {
    stack: stackOption,
    watch: { short: "w", summary: "show it again every 2 s, until Ctrl-C" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway status --stack prod", summary: "print the services of prod" },
    { command: "slipway status -w", summary: "watch them" },
  ],
  async run({ stack: name, watch: again, json }) {
    const [{ readStack }, { engineFor }, { statusOf }, { formatStatus }, { isWell }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../status/read.ts"),
      import("../status/format.ts"),
      import("../status/well.ts"),
    ]);
    const stack = readStack(name);
    const engine = await engineFor(stack);
    const format = (found: Awaited<ReturnType<typeof statusOf>>) => (json ? `${JSON.stringify(found)}\n` : formatStatus(found));
    if (again) {
      const stop = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
      await (await import("../status/watch.ts")).watch(async () => format(await statusOf(stack, engine)), stop.signal);
      return ExitCode.Success;
    }
    const found = await statusOf(stack, engine);
    process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : formatStatus(found));
    return isWell(found) ? ExitCode.Success : ExitCode.Failed;
  },
});
