import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";
import { commentOption, idOption, templateOption } from "../review-environment-options.ts";

export const reviewUp = defineCommand({
  name: "review up",
  group: CommandGroup.Environments,
  summary: "Deploy a review environment, in a namespace of its own",
  description:
    "It has the settings and secrets of the template, with other hosts, and one replica unless the template sets a number. Its state is in the namespace. Each up restarts the time to live; when that is over, slipway review reap deletes the environment.",
  options: {
    id: idOption,
    ttl: { value: "time", summary: "how long it stays, such as 72h or 30m (default: slipway:review.ttl)" },
    comment: commentOption,
    template: templateOption,
    json: jsonOption,
  },
  examples: [
    { command: "slipway review up --id 7", summary: "deploy this checkout as environment 7" },
    { command: "slipway review up --id 7 --ttl 24h --comment", summary: "for a day, and post its URLs on pull request 7" },
  ],
  exitCodes: [ExitCode.Locked],
  async run({ id, ttl, comment, template: name, json }) {
    const [{ openTemplate }, { rejectSharedSecrets }, { prepareEnvironment, recordUrls }, { deployment }] = await Promise.all([
      import("../environments/template.ts"),
      import("../environments/secrets.ts"),
      import("../environments/up.ts"),
      import("../deploy.ts"),
    ]);
    const template = await openTemplate(name);
    await rejectSharedSecrets(template);
    const { stack, namespace, expires, commit } = await prepareEnvironment(template, id, ttl);
    const result = await deployment({ command: "up", stack, json });
    const urls = Object.entries(result.services).flatMap(([service, { url }]) => (url === undefined ? [] : [[service, url]]));
    if (result.succeeded) await recordUrls(template, namespace, Object.fromEntries(urls) as Record<string, string>);
    if (json) process.stdout.write(`${JSON.stringify({ id, namespace, expires, ...result }, null, 2)}\n`);
    else process.stdout.write(`environment ${id} stays until ${expires}\n`);
    if (comment) {
      const [{ postComment }, { commentMarker, upComment }] = await Promise.all([
        import("../forge/forge.ts"),
        import("../environments/comment.ts"),
      ]);
      const { succeeded, services } = result;
      process.stderr.write(`${await postComment(commentMarker(name), upComment({ id, succeeded, commit, expires, services }))}\n`);
    }
    return result.succeeded ? ExitCode.Success : ExitCode.Failed;
  },
});
