import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { templateOption } from "../review-environment-options.ts";

export const reviewList = defineCommand({
  name: "review list",
  group: CommandGroup.Environments,
  summary: "List the review environments on the cluster, with their URLs and how long they stay",
  options: { template: templateOption, json: jsonOption },
  examples: [{ command: "slipway review list", summary: 'list the environments of the template "review"' }],
  async run({ template: name, json }) {
    const [{ openTemplate }, { environmentsOf }, { environmentAsJson, formatEnvironments }] = await Promise.all([
      import("../environments/template.ts"),
      import("../environments/environment.ts"),
      import("../environments/format.ts"),
    ]);
    const { cluster, project } = await openTemplate(name);
    const environments = await environmentsOf(cluster, project, name);
    const now = cluster.now();
    if (json)
      process.stdout.write(
        `${JSON.stringify(
          environments.map((one) => environmentAsJson(one, now)),
          null,
          2,
        )}\n`,
      );
    else process.stdout.write(environments.length > 0 ? formatEnvironments(environments, now) : "there are no environments\n");
    return ExitCode.Success;
  },
});
