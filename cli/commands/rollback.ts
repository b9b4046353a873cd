import { CommandGroup, defineCommand, jsonOption, stackOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const rollback = defineCommand({
  name: "rollback",
  group: CommandGroup.Deploy,
  summary: "Deploy the last good images again, or go back to a release",
  description:
    "Without --to it deploys at once: the last good images of the services whose update failed, until the next up. With --to it changes files of the stack, so that the rollback stays: images and settings become those of an earlier deployment, and the images that it replaces are not promoted again until --unhold. In a pipeline of GitHub or GitLab it opens a pull request; elsewhere, commit the files.",
  options: {
    stack: stackOption,
    service: { value: "name", summary: "service (with --to, or job) to roll back" },
    to: { value: "id", summary: "deployment to go back to, as in slipway history" },
    "images-only": { summary: "with --to: leave the settings as they are" },
    reason: { value: "text", summary: "with --to: why the images that it replaces are not promoted again" },
    now: { summary: "with --to: deploy at once" },
    unhold: { value: "name", summary: "let images of this service or job that were rolled back be promoted again" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway rollback", summary: "roll back every service whose update failed" },
    { command: "slipway rollback --service web", summary: 'roll back "web", even if it is healthy' },
    { command: "slipway rollback --stack prod --to 12 --now", summary: "deploy images and settings of deployment 12" },
    { command: "slipway rollback --stack prod --unhold web", summary: "end the rollback of web" },
  ],
  exitCodes: [ExitCode.GateClosed, ExitCode.Locked],
  async run({ stack, service, to, "images-only": imagesOnly, reason, now, unhold, json }) {
    const { UserError } = await import("../../lib/user-error.ts");
    const given = Object.entries({ to, "images-only": imagesOnly, reason, now, service, unhold }).filter(([, value]) => value);
    const names = given.map(([name]) => name);
    const reject = (name: string, rule: string): never => {
      throw new UserError(`--${name}: ${rule}. Run slipway rollback --help.`);
    };
    if (unhold !== undefined) {
      const other = names.find((name) => name !== "unhold");
      if (other !== undefined) reject(other, "cannot be used together with --unhold");
      const { endHold } = await import("../rollback/run.ts");
      return endHold(stack, unhold, json);
    }
    if (to !== undefined) {
      const { rollBack } = await import("../rollback/run.ts");
      return rollBack(stack, { to, service, imagesOnly, reason }, now, json);
    }
    const needsTo = names.find((name) => name !== "service");
    if (needsTo !== undefined) reject(needsTo, "needs --to, the deployment to go back to");
    const { deploy } = await import("../deploy.ts");
    return deploy({ command: "rollback", stack, service, json });
  },
});
