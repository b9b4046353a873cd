import "../../lib/lazy-packages.ts"; // before the SDK
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import packageDescription from "../../package.json" with { type: "json" };
import { configFolder, knownStacks, readProject } from "../../config/project.ts";
import { changesBetween } from "./changelog.ts";
import { applyCodemods } from "./codemods/index.ts";
import { impactOf } from "./impact.ts";
import { protocol, type Plan, type PlannedStack, type PlanRequest } from "./protocol.ts";
import { StackText } from "./stack-text.ts";
import { problemsOfStack } from "./stack-problems.ts";

// The new version's part of `slipway upgrade`, which the installed version runs. It writes only into the folder of the upgrade.

const { from, stage } = JSON.parse(await textOf(process.stdin)) as PlanRequest;
const plan = await planUpgrade();
process.stdout.write(`${JSON.stringify(plan)}\n`, () => process.exit(0));

async function planUpgrade(): Promise<Plan> {
  const { version } = packageDescription;
  const { name: project = "" } = readProject();
  const folder = configFolder();
  // Changed stack files, which are read instead of those of the project.
  const changed = join(stage, "stack-files");
  mkdirSync(changed, { recursive: true });
  process.env["SLIPWAY_STACK_FILES"] = changed;
  const files: Plan["files"] = [];
  const stacks: PlannedStack[] = [];
  for (const stack of knownStacks()) {
    const path = join(folder, `Pulumi.${stack}.yaml`);
    const before = readFileSync(path, "utf8");
    const text = new StackText(before);
    const { changes, todo } = text.problem === undefined ? applyCodemods({ project, text }, from, version) : { changes: [], todo: [] };
    if (text.text !== before) {
      files.push({ path, before, after: text.text, codemods: changes });
      writeFileSync(join(changed, basename(path)), text.text, { mode: 0o600 });
    }
    stacks.push({ stack, file: path, todo, problems: await problemsOfStack(stack) });
  }
  for (const one of stacks)
    if (one.problems.length === 0) Object.assign(one, await impactOf(one.stack, stage));
    else one.withoutImpact = "the stack file is invalid";
  const changelog = changesBetween(readFileSync(join(import.meta.dirname, "../../CHANGELOG.md"), "utf8"), from, version);
  return { protocol, version, changelog, files, stacks };
}
