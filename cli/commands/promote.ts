import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const promote = defineCommand({
  name: "promote",
  group: CommandGroup.Deploy,
  summary: "Bring the images that ran in one stack to another one, without building them again",
  description:
    "Takes the digests of the last deployment that succeeded, copies them with what refers to them to the registry of the other stack, and records them in its lock file. In a pipeline of GitHub or GitLab it opens a pull request with the lock file and the report of the gate; elsewhere it changes the file here. The stack then deploys these images until the next promotion.",
  options: {
    from: { value: "stack", summary: "stack in which the images ran", required: true },
    to: { value: "stack", summary: "stack that gets them", required: true },
    service: { value: "name", summary: "only this service or job; may be repeated", repeatable: true },
    now: { summary: "deploy the other stack at once, without a pull request" },
    images: {
      value: "json",
      summary: "in a pipeline, with --now: images that run in --from (slipway outputs --images), instead of its history",
    },
    json: jsonOption,
  },
  examples: [
    { command: "slipway promote --from staging --to prod", summary: "promote what runs in staging" },
    { command: "slipway promote --from staging --to prod --service web --now", summary: "only web, and deploy it" },
    { command: 'slipway promote --from dev --to prod --images "$IMAGES" --now', summary: "what an earlier job of the pipeline deployed" },
  ],
  exitCodes: [ExitCode.GateClosed, ExitCode.Locked],
  async run({ from, to, service, now, images, json }) {
    if (images !== undefined && !now)
      throw new UserError("--images: needs --now, because the lock file stays as it is. Add --now, or leave out --images.");
    if (images !== undefined) return (await import("../promote/given.ts")).promoteGiven({ from, to, images, services: service, json });
    const [{ readStack }, { promote: start }, { formatPromotion, promotionAsJson }, { formatVerdict }] = await Promise.all([
      import("../../config/stack-file.ts"),
      import("../promote/promote.ts"),
      import("../promote/format.ts"),
      import("../../review/gate.ts"),
    ]);
    const result = await start(readStack(from), readStack(to), service);
    const say = (text: string) => (json ? process.stderr : process.stdout).write(text);
    say(`${formatPromotion(result, from, to)}${formatVerdict(result.review.verdict, to)}\n`);
    const isOpen = result.review.verdict.open;
    if (!isOpen) say(`Nothing was changed: ${result.file} is as it was.\n`);
    let code: ExitCode = isOpen ? ExitCode.Success : ExitCode.GateClosed;
    let url: string | undefined;
    if (isOpen && now) code = (await import("../deploy-changed.ts")).deployChanged(to, json, [result]);
    else if (isOpen) {
      const { openRequest } = await import("../promote/request.ts");
      url = await openRequest(result, from, to);
      say(url === undefined ? `Commit ${result.file}, or deploy now: slipway up --stack ${to}\n` : `pull request: ${url}\n`);
    }
    if (json) process.stdout.write(`${JSON.stringify(promotionAsJson(result, { from, to, url }), null, 2)}\n`);
    return code;
  },
});
