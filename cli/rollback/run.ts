import { hasForge } from "../forge/forge.ts";
import { proposeInProject, write } from "../reviewed-change.ts";
import { formatVerdict } from "../../review/gate.ts";
import { ExitCode } from "../exit-code.ts";
import { deployChanged } from "../deploy-changed.ts";
import { formatRollback, requestText, rollbackAsJson } from "./format.ts";
import { rollBackTo, unhold, type RollbackOptions } from "./rollback.ts";

/** Runs `slipway rollback --to`: changes the files, opens a pull request in a pipeline, and deploys if asked to. */
export async function rollBack(stack: string, options: RollbackOptions, now: boolean, json: boolean): Promise<ExitCode> {
  const rollback = await rollBackTo(stack, options);
  const { files, review } = rollback;
  const say = (text: string) => (json ? process.stderr : process.stdout).write(text);
  say(`${formatRollback(rollback, stack)}${formatVerdict(review.verdict, stack)}\n`);
  const isOpen = review.verdict.open;
  const names = files.map(({ file }) => file).join(" and ");
  let url: string | undefined;
  if (!isOpen) say("Nothing was changed: the files of the stack are as they were.\n");
  else if (files.length > 0 && hasForge()) {
    const branch = `slipway/roll-back-${stack}`;
    url = await proposeInProject({ branch, files, ...requestText(rollback, stack, options.reason) });
    say(`pull request: ${url}\n`);
  } else if (files.length > 0) say(`Commit ${names}${now ? "" : `, or deploy now: slipway up --stack ${stack}`}\n`);
  const code = isOpen && now ? deployChanged(stack, json, files) : ExitCode.Success;
  if (json) process.stdout.write(`${JSON.stringify(rollbackAsJson(rollback, stack, url), null, 2)}\n`);
  return isOpen ? code : ExitCode.GateClosed;
}

/** Runs `slipway rollback --unhold`. */
export async function endHold(stack: string, service: string, json: boolean): Promise<ExitCode> {
  const { change, isBuilt } = unhold(stack, service);
  const { file, after } = change;
  write(file, after);
  const say = (text: string) => (json ? process.stderr : process.stdout).write(text);
  const what = isBuilt ? "is built from its source again" : "can be promoted again, with every image";
  say(`${service} ${what} in stack "${stack}".\n`);
  let url: string | undefined;
  if (hasForge()) {
    const title = `Allow all images of ${service} in ${stack} again`;
    const body = `${service} ${what}. Written by \`slipway rollback --stack ${stack} --unhold ${service}\`.\n`;
    url = await proposeInProject({ branch: `slipway/unhold-${stack}-${service}`, files: [change], title, body });
    say(`pull request: ${url}\n`);
  } else say(`Commit ${file}\n`);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ stack, service, built: isBuilt, file, ...(url !== undefined && { pullRequest: url }) }, null, 2)}\n`,
    );
  return ExitCode.Success;
}
