import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { commentOption, idOption, templateOption } from "../review-environment-options.ts";

export const reviewDown = defineCommand({
  name: "review down",
  group: CommandGroup.Environments,
  summary: "Delete a review environment with everything in its namespace",
  description:
    "Nothing happens if there is no such environment. If a run is deploying it, it is only marked, and the next slipway review reap deletes it.",
  options: { id: idOption, comment: commentOption, template: templateOption, json: jsonOption },
  examples: [{ command: "slipway review down --id 7", summary: "delete environment 7" }],
  exitCodes: [ExitCode.Locked],
  async run({ id, comment, template: name, json }) {
    const [{ openTemplate, environmentWithId }, { environmentsOf }, { removeEnvironment }] = await Promise.all([
      import("../environments/template.ts"),
      import("../environments/environment.ts"),
      import("../environments/remove.ts"),
    ]);
    const template = await openTemplate(name);
    environmentWithId(name, id);
    const environment = (await environmentsOf(template.cluster, template.project, name)).find((one) => one.id === id);
    const removed = environment && (await removeEnvironment(template, environment));
    if (json) process.stdout.write(`${JSON.stringify({ id, deleted: environment !== undefined })}\n`);
    else process.stdout.write(environment ? `environment ${id} is deleted\n` : `there is no environment ${id}\n`);
    if (removed === "empty" && !json)
      process.stdout.write(
        `Its namespace ${environment!.namespace.metadata!.name} is empty, and Kubernetes deletes it in a few seconds.\n`,
      );
    if (comment && environment) {
      const [{ postComment }, { commentMarker, downComment }] = await Promise.all([
        import("../forge/forge.ts"),
        import("../environments/comment.ts"),
      ]);
      process.stderr.write(`${await postComment(commentMarker(name), downComment(id))}\n`);
    }
    return ExitCode.Success;
  },
});
