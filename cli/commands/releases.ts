import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const releases = defineCommand({
  name: "releases",
  group: CommandGroup.Deploy,
  summary: "List which image runs in each stack, since when, from which commit and by whom",
  description:
    "For every service and job of all stacks of the project, with the images before. A stack that cannot be reached is listed with the reason.",
  options: { json: jsonOption },
  examples: [{ command: "slipway releases", summary: "compare what runs in dev, staging and prod" }],
  async run({ json }) {
    const { allReleases, formatReleases, releasesAsJson } = await import("../history/releases.ts");
    const all = await allReleases();
    process.stdout.write(json ? `${JSON.stringify(releasesAsJson(all), null, 2)}\n` : formatReleases(all));
    return ExitCode.Success;
  },
});
