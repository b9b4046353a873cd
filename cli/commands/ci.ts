import { UserError } from "../../lib/user-error.ts";
import { CommandGroup, defineCommand, jsonOption } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

export const ci = defineCommand({
  name: "ci",
  group: CommandGroup.Project,
  summary: "Generate the pipelines of GitHub or GitLab that check, preview and deploy the stacks",
  description:
    "Checks on every push; previews with impact, gate and a comment on pull requests; deployments in the order of the stacks after a merge, where the first stack builds the images and the others get the same ones; review environments; scheduled drift reports. Files that were not generated, or were edited since, are not overwritten.",
  argument: { name: "forge", summary: "github or gitlab" },
  options: {
    dir: { value: "folder", summary: "folder of the project in the repository", default: "." },
    stack: { value: "name", summary: "deploy only this stack; can be repeated, in the order of deployment", repeatable: true },
    workflow: { value: "name", summary: "write only this workflow of GitHub; can be repeated", repeatable: true },
    rebuild: { summary: "build the images of each stack, instead of promoting those of the stack before it" },
    "dry-run": { summary: "print the changes, and write nothing" },
    force: { summary: "overwrite generated files that were edited since" },
    json: jsonOption,
  },
  examples: [
    { command: "slipway ci github", summary: "write .github/workflows/" },
    { command: "slipway ci github --stack dev --stack prod", summary: "deploy to dev, then to prod" },
    { command: "slipway ci gitlab --dry-run", summary: "show the pipeline that it would write" },
  ],
  async run({ dir, stack: stacks, workflow: workflows, rebuild, "dry-run": dryRun, force, json }, forge) {
    const [{ CiForge, ciAsJson, formatCi, generateCi }, { existsSync }] = await Promise.all([import("../ci/ci.ts"), import("node:fs")]);
    if (forge !== CiForge.GitHub && forge !== CiForge.GitLab) throw new UserError(`slipway ci: must be github or gitlab (got "${forge}").`);
    if (!existsSync(dir)) throw new UserError(`--dir: must be the folder of the project (got "${dir}"), and does not exist.`);
    process.chdir(dir);
    const generated = generateCi({ forge, stacks, workflows, rebuild, dryRun, force });
    process.stdout.write(json ? `${JSON.stringify(ciAsJson(generated, dryRun), null, 2)}\n` : formatCi(generated, forge, dryRun));
    return ExitCode.Success;
  },
});
