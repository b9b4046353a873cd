import { CommandGroup, defineCommand, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const logs = defineCommand({
  name: "logs",
  group: CommandGroup.Deploy,
  summary: "Print the logs of services and jobs",
  description:
    "Of all pods and containers, in the order of their times, with the name of each before its lines. After a restart, also those of the run before. Without --since, the last 100 lines of each.",
  argument: { name: "service", summary: "only this service or job", default: "" },
  options: {
    stack: stackOption,
    follow: { short: "f", summary: "go on with new lines, also of new pods and containers, until Ctrl-C" },
    since: { value: "time", summary: "only lines after this time: 10m ago, 2h ago, or 2026-11-28T10:00:00Z" },
    tail: { value: "number", summary: "how many of the last lines of each pod or container" },
    timestamps: { summary: "print the time of each line" },
    json: { summary: "print each line as one JSON document" },
  },
  examples: [
    { command: "slipway logs web -f", summary: "follow the logs of web" },
    { command: "slipway logs --stack prod --since 1h --json", summary: "print the last hour, for a program" },
  ],
  async run({ stack: name, follow, since, tail, timestamps, json }, service) {
    const [{ readStack }, { engineFor }, { printLogs }, { LogPrinter, sinceOf }, { positiveInteger }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../engines.ts"),
      import("../logs/read.ts"),
      import("../logs/print.ts"),
      import("../positive-integer.ts"),
    ]);
    const request = {
      service: service === "" ? undefined : service,
      since: since === undefined ? undefined : sinceOf(since),
      lines: tail === undefined ? (since === undefined ? 100 : undefined) : positiveInteger("--tail", tail),
      follow,
    };
    const stack = readStack(name);
    const stop = new AbortController();
    if (follow) for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
    // A reader such as head may close the pipe.
    process.stdout.on("error", () => process.exit(ExitCode.Success));
    await printLogs(stack, await engineFor(stack), request, new LogPrinter({ json, timestamps }), stop.signal);
    return ExitCode.Success;
  },
});
