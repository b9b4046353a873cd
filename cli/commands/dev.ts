import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const dev = defineCommand({
  name: "dev",
  group: CommandGroup.Deploy,
  summary: "Develop: replace the programs of running services after each change of their sources",
  description:
    "Deploys the stack with one replica of each service, and watches the sources. After a change, it builds the program and replaces the running one in place; requests wait meanwhile. A program that does not compile, crashes or is not ready leaves the previous one running. Changed settings are deployed. Ctrl-C restores what was deployed before. Not for production: see slipway:dev.",
  argument: { name: "service", summary: "only these services", default: "", repeatable: true },
  options: {
    stack: stackOption,
    keep: { summary: "at the end, deploy the last program that ran instead of restoring" },
    debug: { summary: "run the programs in Delve, which editors connect to" },
    "debug-port": { value: "port", summary: "first of the ports on 127.0.0.1 that lead to the debuggers, with --debug", default: "2345" },
    quiet: { summary: "without what the programs print" },
    json: { ...jsonOption, summary: "print each event as one JSON document" },
  },
  examples: [
    { command: "slipway dev", summary: "develop all services that are built from source" },
    { command: "slipway dev web --stack feature --keep", summary: "develop web, and deploy what was tried last" },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ stack, keep, debug, "debug-port": port, quiet, json }, _first, services) {
    const [{ develop }, { DevReport }, { positiveInteger }, { UserError }] = await Promise.all([
      import("../dev/session.ts"),
      import("../dev/report.ts"),
      import("../positive-integer.ts"),
      import("../../lib/user-error.ts"),
    ]);
    if (debug && keep) throw new UserError("--keep: cannot be used with --debug, because programs for the debugger are not optimised.");
    const debugPort = debug ? positiveInteger("--debug-port", port) : undefined;
    const stop = new AbortController();
    // The terminal sends the signal to the deployment in progress, too. Another one ends this command.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop.abort());
    const isRestored = await develop({ stack, services, keep, debugPort, json }, new DevReport({ json, quiet }), stop.signal);
    return isRestored ? ExitCode.Success : ExitCode.Failed;
  },
});
