import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const dashboard = defineCommand({
  name: "dashboard",
  group: CommandGroup.Deploy,
  summary: "Show a stack on a local web page: health, logs, requests, CPU and memory, traces",
  description:
    "The page is live. Only programs on this machine can reach it, and only with the token in the printed URL. It also receives OTLP over HTTP at /v1/traces, /v1/metrics and /v1/logs. Ctrl-C ends it.",
  options: {
    stack: stackOption,
    port: { value: "number", summary: "port on 127.0.0.1, 0 for any free one", default: "4790" },
    "read-only": { summary: "reject the actions of the page: rollback, restart and scale" },
    "no-open": { summary: "do not open the page in a browser" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway dashboard", summary: "show the stack local" },
    { command: "slipway dashboard --stack prod --read-only", summary: "watch prod without changing it" },
  ],
  async run({ stack, port, "read-only": readOnly, "no-open": noOpen, json }) {
    const { runDashboard } = await import("../dashboard/run.ts");
    await runDashboard(stack, { port, readOnly, open: !noOpen && !json, json });
    return ExitCode.Success;
  },
});
