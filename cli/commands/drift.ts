import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const drift = defineCommand({
  name: "drift",
  group: CommandGroup.Review,
  summary: "Compare the live objects with what the last up deployed, and say what differences do to users",
  description:
    "Changes nothing without --fix, and does not run the program: a change in the source that is not deployed is no drift. --fix restores drifted objects, if the gate of the stack lets it.",
  options: {
    stack: stackOption,
    fix: { summary: "restore the objects that have drifted" },
    markdown: { value: "file", summary: "also write the report as Markdown" },
    issue: { summary: "open, update or close the stack's issue on GitHub (GITHUB_TOKEN, GITHUB_REPOSITORY)" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway drift --stack prod", summary: "fail with exit code 6 if the stack has drifted" },
    { command: "slipway drift --stack prod --fix", summary: "restore what the last up deployed" },
    { command: "slipway drift --stack prod --markdown drift.md --issue", summary: "keep one issue for the stack on GitHub, in a pipeline" },
  ],
  exitCodes: [ExitCode.GateClosed, ExitCode.Locked, ExitCode.Drifted],
  async run({ stack, fix, markdown, issue, json }) {
    const { drift: run } = await import("../drift/drift.ts");
    return run({ stack, fix, markdown, issue, json });
  },
});
