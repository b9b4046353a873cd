import { existsSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { projectAbove } from "../../config/project.ts";
import { command, succeeds } from "../../lib/command.ts";
import { locked } from "../../lib/file-lock.ts";
import { step } from "../../lib/progress.ts";
import { UserError } from "../../lib/user-error.ts";
import { changeOf, type Change } from "../init/changes.ts";
import { applyUpgrade, installedVersion } from "./apply.ts";
import { restore } from "./backup.ts";
import { packageManagerOf } from "./package-manager.ts";
import { parsePackage, slipwayIn, withSlipway } from "./package-json.ts";
import { runPlan } from "./run-plan.ts";
import { problemsOfStack } from "./stack-problems.ts";
import { stagePackages } from "./stage.ts";
import type { Plan } from "./protocol.ts";
import { findTarget, isOlder, specFor, type Target } from "./target.ts";

export interface UpgradeOptions {
  /** A version, or the path of a tarball or folder. @default - the latest version in the registry */
  to: string | undefined;
  dryRun: boolean;
  /** Whether files may be changed that have uncommitted changes. */
  mayMix: boolean;
  /** Shows the plan, and decides whether it is carried out. */
  confirm: (upgrade: Upgrade) => Promise<boolean>;
}

/** What an upgrade changes. */
export interface Upgrade {
  from: string;
  to: string;
  /** Relative to the working directory. The lock file is not here, because the package manager writes it. */
  files: Change[];
  lockFile: string;
  changelog: string;
  codemods: { file: string; id: string; description: string }[];
  stacks: Plan["stacks"];
  warnings: string[];
}

/** What came of it. */
export interface Upgraded extends Upgrade {
  result: "upgraded" | "planned" | "declined" | "up to date";
}

/**
 * Upgrades the project in the working directory, or above it. Nothing in it changes until the upgrade is confirmed, and if anything fails then,
 * all is as before.
 *
 * @throws UserError that says why the project cannot be upgraded.
 */
export async function upgradeProject(options: UpgradeOptions): Promise<Upgraded> {
  const folder = process.cwd();
  const project = projectOf(folder);
  process.chdir(project);
  const work = join(project, ".slipway", "upgrade");
  const isNew = !existsSync(".slipway");
  try {
    return await locked(work, "The project", "slipway upgrade", async () => {
      // This process may be of the version that has just been removed, so it must not go on.
      if (restore(work))
        throw new UserError(
          "The last upgrade was killed. It has been undone: all files and node_modules are as before. Run slipway upgrade again.",
        );
      clear(work);
      try {
        return await upgrade({ ...options, folder, project, work });
      } finally {
        clear(work);
      }
    });
  } finally {
    if (isNew && existsSync(".slipway") && readdirSync(".slipway").every((name) => name === "upgrade"))
      rmSync(".slipway", { recursive: true });
  }
}

/** Removes what an upgrade leaves in its folder, besides its lock. */
function clear(work: string): void {
  for (const name of readdirSync(work)) if (!name.startsWith("lock.")) rmSync(join(work, name), { recursive: true, force: true });
}

interface Start extends UpgradeOptions {
  /** The folder in which the command was called. */
  folder: string;
  project: string;
  work: string;
}

async function upgrade({ to, folder, project, work, ...options }: Start): Promise<Upgraded> {
  const text = readFileSync("package.json", "utf8");
  const current = slipwayIn(parsePackage("package.json", text))!;
  const installation = packageManagerOf(project);
  const from = installedVersion(project);
  if (from === undefined)
    throw new UserError(`node_modules: Slipway is not installed. Run ${installation.manager.name} install, then slipway upgrade again.`);
  const target = await step("find the version", () => findTarget({ to, folder, project, manager: installation.manager, work }));
  const lockFile = relative(project, join(installation.root, installation.manager.lockFile));
  const nothing = { from, to: target.version, files: [], lockFile, changelog: "", codemods: [], stacks: [], warnings: [] };
  if (to === undefined && (target.version === from || isOlder(target.version, from))) return { ...nothing, result: "up to date" };
  if (target.tarball === undefined && target.version === from && current === specFor(target, current, project))
    return { ...nothing, result: "up to date" };

  const stage = join(work, "stage");
  await step(`install Slipway ${target.version} into a temporary folder`, () => stagePackages(stage, project, installation, target), {
    always: true,
  });
  const plan = await runPlan({ stage, project, from });
  const spec = specFor(target, current, project);
  const files = filesOf(plan, text, spec);
  const shown = { from, to: target.version, files, lockFile, changelog: plan?.changelog ?? "" };
  const codemods = (plan?.files ?? []).flatMap(({ path, codemods }) => codemods.map((codemod) => ({ file: path, ...codemod })));
  const warnings = [
    ...(isOlder(target.version, from)
      ? [`Slipway ${target.version} is older than ${from}: stack files are not changed back, and the state may be too new for it.`]
      : []),
    ...(plan ? [] : [`Slipway ${target.version} has no slipway upgrade: stack files were not checked, and the impact is unknown.`]),
  ];
  const result: Upgrade = { ...shown, codemods, stacks: plan?.stacks ?? [], warnings };
  await rejectInvalid(result);
  const uncommitted = await uncommittedOf([...files.filter(({ state }) => state !== "unchanged").map(({ path }) => path), lockFile]);
  if (uncommitted.length > 0 && (options.dryRun || options.mayMix))
    result.warnings.push(
      `${uncommitted.join(", ")}: ${uncommitted.length === 1 ? "has" : "have"} uncommitted changes, which the upgrade adds to.`,
    );
  else if (uncommitted.length > 0)
    throw new UserError(
      `${uncommitted.join(", ")}: ${uncommitted.length === 1 ? "has" : "have"} uncommitted changes, and the upgrade would mix with them. Commit or stash them, or add --yes.`,
    );
  if (options.dryRun) {
    await options.confirm(result);
    return { ...result, result: "planned" };
  }
  if (!(await options.confirm(result))) return { ...result, result: "declined" };
  const exact = target.tarball === undefined ? target.version : spec;
  await step(
    `install Slipway ${target.version}`,
    () =>
      applyUpgrade({
        project,
        installation,
        work,
        stage,
        version: target.version,
        exactPackage: withSlipway(text, exact),
        changes: files,
        isSameSpec: spec === current,
        ...tarballOf(target, project),
      }),
    { always: true },
  );
  return { ...result, result: "upgraded" };
}

function tarballOf({ tarball, isPacked }: Target, project: string): { tarball?: { from: string; to: string } } {
  return tarball !== undefined && isPacked ? { tarball: { from: tarball, to: join(project, basename(tarball)) } } : {};
}

/** @throws UserError if the folder is in no project that has Slipway as a dependency. */
function projectOf(folder: string): string {
  const found = projectAbove(folder);
  if (found === undefined)
    throw new UserError("Pulumi.yaml: does not exist here or above. Run slipway upgrade in a project, or create one: slipway init");
  const project = realpathSync(found);
  const file = join(relative(folder, project), "package.json");
  if (!existsSync(file))
    throw new UserError(`${file}: does not exist, so there is nothing to upgrade. Make Slipway a dependency of the project: slipway init`);
  const description = parsePackage(file, readFileSync(file, "utf8"));
  if (description["name"] === "slipway" && slipwayIn(description) === undefined)
    throw new UserError("This is a clone of Slipway, not a project that depends on it. Upgrade it with git: git pull");
  if (slipwayIn(description) === undefined) throw new UserError(`${file}: slipway is not a dependency. Add it: slipway init`);
  return project;
}

function filesOf(plan: Plan | undefined, text: string, spec: string): Change[] {
  return [
    changeOf("package.json", () => withSlipway(text, spec)),
    ...(plan?.files ?? []).map(({ path, after }) => changeOf(path, () => after)),
  ];
}

/** What was invalid before, such as placeholders of a stack that is not used yet, does not stop an upgrade. */
async function rejectInvalid({ stacks, to, warnings }: Upgrade): Promise<void> {
  const lines: string[] = [];
  for (const { stack, file, problems, todo } of stacks) {
    if (problems.length === 0) continue;
    const before = await problemsOfStack(stack);
    const added = problems.filter((problem) => !before.includes(problem));
    if (added.length === 0) warnings.push(`${file}: is invalid, as before the upgrade. slipway check --stack ${stack} lists its problems.`);
    else lines.push(`In ${file}:`, ...[...todo, ...added].map((line) => `  - ${line.replaceAll("\n", "\n    ")}`));
  }
  if (lines.length > 0)
    throw new UserError([`Stack files are invalid in Slipway ${to}, so nothing was changed. Correct them first.`, ...lines].join("\n"));
}

/** The files of a git repository that have uncommitted changes. */
async function uncommittedOf(files: string[]): Promise<string[]> {
  if (!(await succeeds("git", ["rev-parse", "--is-inside-work-tree"]))) return [];
  const output = await command("git", [
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=no",
    "--",
    ...files.map((file) => resolve(file)),
  ]);
  const prefix = (await command("git", ["rev-parse", "--show-prefix"])).trim();
  return output
    .split("\0")
    .filter(Boolean)
    .map((line) => relative(prefix, line.slice(3)));
}
