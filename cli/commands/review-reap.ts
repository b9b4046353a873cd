import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { templateOption } from "../review-environment-options.ts";

export const reviewReap = defineCommand({
  name: "review reap",
  group: CommandGroup.Environments,
  summary: "Delete the review environments whose time is over, or that were closed",
  description:
    "Asks the cluster once, so it also finds what an interrupted pipeline has left. With --closed or --open, environments with a number as ID are also deleted if no pull request of that number is open. One that fails does not stop the others.",
  options: {
    closed: { summary: "also those whose pull request is not open, as GitHub or GitLab says" },
    open: { value: "ids", summary: "numbers of the open pull requests, separated by commas" },
    "dry-run": { summary: "print what would be deleted, and delete nothing" },
    template: templateOption,
    json: jsonOption,
  },
  examples: [
    { command: "slipway review reap", summary: "delete what has expired" },
    { command: "slipway review reap --closed", summary: "also those of pull requests that are not open" },
    { command: "slipway review reap --open 7,12", summary: "the same, with a list of those that are open" },
  ],
  async run({ closed, open, "dry-run": dryRun, template: name, json }) {
    const [{ openTemplate }, { reap }, { environmentAsJson, formatReaped }, { UserError }] = await Promise.all([
      import("../environments/template.ts"),
      import("../environments/reap.ts"),
      import("../environments/format.ts"),
      import("../../lib/user-error.ts"),
    ]);
    if (closed && open !== undefined) throw new UserError("--closed, --open: only one of them may be given. Remove one.");
    const given = open?.split(",").map((id) => id.trim());
    const wrong = given?.filter((id) => !/^\d+$/.test(id)) ?? [];
    if (wrong.length > 0)
      throw new UserError(
        `--open: must be numbers separated by commas (got "${open}"). Nothing was deleted. If no pull request is open, use --closed, or name the environments: slipway review down.`,
      );
    const ids = closed ? (await (await import("../forge/forge.ts")).openRequests()).map(String) : given;
    const template = await openTemplate(name);
    const { kept, reaped } = await reap(template, { open: ids, dryRun });
    const now = template.cluster.now();
    if (json) process.stdout.write(`${JSON.stringify({ reaped, kept: kept.map((one) => environmentAsJson(one, now)) }, null, 2)}\n`);
    else process.stdout.write(formatReaped(reaped, kept));
    return reaped.some(({ result }) => result === "failed") ? ExitCode.Failed : ExitCode.Success;
  },
});
