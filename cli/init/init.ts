import { existsSync } from "node:fs";
import { basename, posix, relative, resolve } from "node:path";
import type { Platform } from "../../config/schema/setting.ts";
import { UserError } from "../../lib/user-error.ts";
import packageDescription from "../../package.json" with { type: "json" };
import { awsStacks, onAws } from "./aws-stacks.ts";
import { changeOf, writeAll, type Change } from "./changes.ts";
import type { Joined } from "./compose.ts";
import { findPrograms } from "./modules.ts";
import { gitignoreText, packageText, programText, pulumiProjectText, readPulumiProject } from "./project-files.ts";
import type { Ask } from "./questions.ts";
import { hasServices, schemaComment, stackFileText, type Contents, type StackSettings } from "./stack-files.ts";
import { moduleName, unitsOf, type Found, type Unit } from "./units.ts";

export interface InitOptions {
  /** Folder of the project, relative to the repository. */
  folder: string;
  platform: Platform;
  /** Whether to write the stacks dev, staging and prod on AWS. */
  aws: boolean;
  dryRun: boolean;
  ask: Ask;
}

/** What `slipway init` did, or would do. */
export interface Initialized {
  files: Change[];
  /** Empty if every stack file was there. */
  units: Unit[];
  skipped: Found["skipped"];
  /** Services and jobs of the Compose file besides the programs. */
  imported: string[];
  /** The Compose file; undefined if there is none. */
  composeFile?: string;
  /** Keys of the Compose file that are left out or different. */
  notes: Joined["notes"];
  warnings: string[];
  /** What the user has to do before the next command. */
  todo: string[];
  /** Number of encrypted values. */
  secrets: number;
}

/**
 * Makes the repository in the working directory a project of Slipway. Existing files are only added to, and nothing is written if anything
 * fails.
 *
 * @throws UserError if there is no Go program, a file is in the way, or the Pulumi project has another runtime.
 */
export async function initialize({ folder, platform, aws, dryRun, ask }: InitOptions): Promise<Initialized> {
  const root = process.cwd();
  const below = (file: string) => posix.join(folder, file);
  const result: Initialized = { files: [], units: [], skipped: [], imported: [], notes: [], warnings: [], todo: [], secrets: 0 };

  const project = changeOf(below("Pulumi.yaml"), (before) => before);
  const existing = project.before === undefined ? undefined : readPulumiProject(project.path, project.before);
  const { stackFolder, main } = existing ?? { stackFolder: "stacks", main: "index.ts" };
  const program = changeOf(below(main), (before) => before ?? programText);
  const isProgramOfSlipway = /from "slipway"|from 'slipway'|require\(["']slipway["']\)/.test(program.after);
  if (!existing && !isProgramOfSlipway)
    throw new UserError(`${program.path}: exists and is not Slipway's program. Put Slipway into a subfolder: slipway init --dir deploy`);

  const stackFile = (stack: string) => below(posix.join(stackFolder, `Pulumi.${stack}.yaml`));
  const stacks = ["local", ...(aws ? awsStacks.map(({ name }) => name) : [])];
  const files = stacks.map((stack) => changeOf(stackFile(stack), (before) => before));
  let found: Found | undefined;
  const isDone = files.map(hasServices);
  if (isDone.includes(false)) {
    // Loading what writes the stack file takes as long as Go needs to read the source.
    const [programs] = await Promise.all([findPrograms(root), import("./local-stack.ts")]);
    found = unitsOf(programs, root);
    const choices = await ask.programs(found);
    if (Object.keys(choices).length > 0) found = unitsOf(programs, root, choices);
    await ask.settings(found);
    if (found.units.length === 0)
      throw new UserError(
        ["No program is a service or a job:", ...found.skipped.map(({ folder, reason }) => `  - ${folder}: ${reason}.`)].join("\n"),
      );
    for (const unit of found.units)
      unit.settings["source"] = posix.join(relative(resolve(folder), root) || ".", String(unit.settings["source"]));
    result.units = found.units;
    result.skipped = found.skipped;
    result.warnings.push(...found.units.flatMap(({ warnings }) => warnings));
  }
  const name = projectName(found, root);
  const pulumiYaml = existing ? project : changeOf(project.path, () => pulumiProjectText(name));
  const packageJson = changeOf(below("package.json"), (before) =>
    packageText(below("package.json"), before, { name, version: packageDescription.version, isModule: program.before === undefined }),
  );
  if (
    packageJson.before !== undefined &&
    packageJson.after.includes('"type": "module"') &&
    !packageJson.before.includes('"type": "module"')
  )
    refuseCommonJs(packageJson.path, folder);
  const gitignore = changeOf(below(".gitignore"), gitignoreText);

  const programsFound = found?.units ?? [];
  const { localContents } = found && !isDone[0] ? await import("./local-stack.ts") : {};
  const local = await localContents?.(programsFound, result, { folder, root, platform, dryRun, ask });
  const head = schemaComment(stackFolder);
  const write = (settings: StackSettings, contents: Contents, units: Unit[]) => {
    const file = stackFile(settings.stack);
    return changeOf(file, (before) => {
      const text = stackFileText(file, before, settings, contents, units);
      return before === undefined ? `${head}${text}` : text;
    });
  };
  const written = [
    local ? write({ stack: "local", platform }, local, result.units) : files[0]!,
    ...(aws ? awsStacks : []).map(({ name: stack, head, eks }, i) => {
      if (!found || isDone[i + 1]) return files[i + 1]!;
      const ofKind = (kind: Unit["kind"]) =>
        Object.fromEntries(programsFound.filter((unit) => unit.kind === kind).map((unit) => [unit.name, onAws(unit)]));
      const contents = { services: ofKind("service"), jobs: ofKind("job"), assumptions: [] };
      return write({ stack, platform: "eks", more: { "slipway:eks": eks }, head }, contents, programsFound);
    }),
  ];
  result.files = [pulumiYaml, program, ...written, packageJson, gitignore];
  if (existing && !isProgramOfSlipway)
    result.todo.push(
      `${program.path}: is your program, and was not changed. Let it deploy the stack file too: import slipway from "slipway"; and call await slipway() in it.`,
    );
  if (!dryRun) writeAll(result.files);
  return result;
}

/** A valid name of a Pulumi project: of the module, otherwise of the folder. */
function projectName(found: Found | undefined, root: string): string {
  const paths = [...new Set((found?.units ?? []).map(({ module }) => module))];
  return moduleName(paths.length === 1 ? paths[0]! : basename(root), root);
}

/** Files that Node.js runs as CommonJS would fail as ES modules. */
function refuseCommonJs(file: string, folder: string): void {
  const scripts = [
    "index",
    "server",
    "app",
    "main",
    "webpack.config",
    "tailwind.config",
    "postcss.config",
    "babel.config",
    "jest.config",
    "gulpfile",
    "Gruntfile",
  ];
  const found = scripts.map((name) => posix.join(folder, `${name}.js`)).find((path) => existsSync(path));
  if (found !== undefined)
    throw new UserError(
      `${file}: has no "type": "module", which Slipway's program needs, and with it Node.js would run ${found} as an ES module. Put Slipway into a subfolder: slipway init --dir deploy`,
    );
}
