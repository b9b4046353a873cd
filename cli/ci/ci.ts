import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../../lib/user-error.ts";
import { formatDiff, writeAll } from "../init/changes.ts";
import { generatedFile, generatedText, ownershipOf, type GeneratedFile } from "./generated-file.ts";
import { githubSetUp, workflowNames, type WorkflowName } from "./github-set-up.ts";
import { githubWorkflows } from "./github.ts";
import { gitlabPipeline, gitlabSetUp } from "./gitlab.ts";
import { readCiProject, type CiProject } from "./project.ts";
import { formatOrigin } from "./promotion.ts";
import type { SetUp } from "./set-up.ts";

/** Where the pipelines run. */
export const CiForge = { GitHub: "github", GitLab: "gitlab" } as const;
export type CiForge = (typeof CiForge)[keyof typeof CiForge];

export interface CiOptions {
  forge: CiForge;
  /** Stacks to deploy, in this order. @default - all that a pipeline can deploy */
  stacks: string[];
  /** Workflows to generate; only for GitHub. @default - all that the project needs */
  workflows: string[];
  /** Whether each stack builds its own images. @default false: it gets those of the stack before it, where that is possible */
  rebuild?: boolean;
  dryRun: boolean;
  /** Whether generated files that were edited since are overwritten. */
  force: boolean;
}

/** What `slipway ci` did, or would do. */
export interface GeneratedCi {
  files: GeneratedFile[];
  /** How the stacks get their images. */
  images: CiProject["images"];
  skipped: CiProject["skipped"];
  setUp: SetUp[];
  /** What else is to do. */
  notes: string[];
}

/**
 * Generates the workflows of the project in the working directory. Writes all files or none. Changes the working directory to the root of the
 * repository, which the paths are relative to.
 *
 * @throws UserError if the project cannot be read, or a file is not Slipway's, or was edited since.
 */
export function generateCi(options: CiOptions): GeneratedCi {
  const { forge, dryRun, force } = options;
  const project = readCiProject(options.stacks, options.rebuild);
  // Forges find the files in the root of the repository only.
  process.chdir(project.root);
  const generated = forge === CiForge.GitHub ? github(project, options) : gitlab(project, options);
  rejectOthersFiles(generated.files, force, forge);
  if (!dryRun) writeAll(generated.files.map(({ change }) => change));
  return { ...generated, images: project.images, skipped: project.skipped };
}

/** The command that generates the files again, for their first line. */
function commandLine({ forge, stacks, workflows, rebuild }: CiOptions): string {
  const options = [...stacks.map((name) => `--stack ${name}`), ...workflows.map((name) => `--workflow ${name}`)];
  return ["slipway ci", forge, ...options, ...(rebuild ? ["--rebuild"] : [])].join(" ");
}

type Generated = Omit<GeneratedCi, "images" | "skipped">;

function github(project: CiProject, options: CiOptions): Generated {
  const unknown = options.workflows.filter((name) => !workflowNames.includes(name as WorkflowName));
  if (unknown.length > 0) throw new UserError(`--workflow: must be ${workflowNames.join(", ")} (got "${unknown.join(", ")}").`);
  const all = githubWorkflows(project);
  const path = (name: string) => `.github/workflows/${name}.yml`;
  const missing = (options.workflows as WorkflowName[]).filter((name) => all[name] === undefined);
  if (missing.length > 0)
    throw new UserError(`--workflow: ${missing.join(", ")} cannot be generated, because no stack needs it. ${whatIsNeeded(missing)}`);
  const names = workflowNames.filter(
    (name) => all[name] !== undefined && (options.workflows.length === 0 || options.workflows.includes(name)),
  );
  const files = names.map((name) => generatedFile(path(name), generatedText(commandLine(options), all[name]!)));
  const left = options.workflows.length > 0 ? [] : workflowNames.filter((name) => all[name] === undefined && isGenerated(path(name)));
  const notes = left.map((name) => `${path(name)}: was generated, and no stack needs it any more. Delete it.`);
  return { files, setUp: githubSetUp(project, names), notes };
}

function whatIsNeeded(workflows: WorkflowName[]): string {
  return workflows.some((name) => name === "review" || name === "cleanup")
    ? "Review environments need stacks/Pulumi.review.yaml."
    : "Pipelines deploy stacks on the platforms kubernetes and eks.";
}

function isGenerated(path: string): boolean {
  return existsSync(path) && ownershipOf(readFileSync(path, "utf8")) !== "foreign";
}

function gitlab(project: CiProject, options: CiOptions): Generated {
  if (options.workflows.length > 0) throw new UserError("--workflow: is for GitHub only. GitLab has one file with all jobs.");
  const text = generatedText(commandLine(options), gitlabPipeline(project));
  const main = generatedFile(".gitlab-ci.yml", text);
  // Your own pipeline stays, and includes the jobs.
  if (main.ownership !== "foreign") return { files: [main], setUp: gitlabSetUp(project), notes: [] };
  const included = ".gitlab/slipway.yml";
  const notes = main.change.before!.includes(included)
    ? []
    : [`.gitlab-ci.yml: is yours, and was not changed. Add to it:\n  include:\n    - local: ${included}`];
  return { files: [generatedFile(included, text)], setUp: gitlabSetUp(project), notes };
}

function rejectOthersFiles(files: GeneratedFile[], force: boolean, forge: CiForge): void {
  const changed = files.filter(({ change }) => change.state === "changed");
  const foreign = changed.filter(({ ownership }) => ownership === "foreign");
  const edited = force ? [] : changed.filter(({ ownership }) => ownership === "edited");
  if (foreign.length + edited.length === 0) return;
  const leaveOut = forge === CiForge.GitHub ? ", or name only the others with --workflow" : "";
  throw new UserError(
    [
      "Nothing was written:",
      ...foreign.map(({ change }) => `  - ${change.path}: was not generated by slipway ci. Rename it${leaveOut}.`),
      ...edited.map(({ change }) => `  - ${change.path}: was edited since slipway ci generated it. To overwrite it, set --force.`),
    ].join("\n"),
  );
}

const marks = { created: "+", changed: "~", unchanged: "=" };

/** The report of `slipway ci` for people. */
export function formatCi({ files, images, skipped, setUp, notes }: GeneratedCi, forge: CiForge, dryRun: boolean): string {
  const changes = files.map(({ change }) => change);
  const width = Math.max(0, ...setUp.map(({ name }) => name.length));
  const blocks = [
    dryRun
      ? ["Nothing was written. It would write:", formatDiff(changes) || "  nothing"]
      : changes.map(({ path, state }) => `${marks[state]} ${path}  ${state}`),
    images.length > 1 ? ["Images:", ...images.map((origin) => `  ${origin.stack}: ${formatOrigin(origin)}`)] : [],
    skipped.length > 0 ? ["Not deployed:", ...skipped.map(({ stack, reason }) => `  ${stack}: ${reason}`)] : [],
    setUp.length > 0
      ? [
          `Set up in ${forge === CiForge.GitHub ? "GitHub" : "GitLab"}:`,
          ...setUp.map(({ kind, name, meaning }) => `  ${kind.padEnd("environment".length)}  ${name.padEnd(width)}  ${meaning}`),
        ]
      : [],
    notes,
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** The report for machines. */
export function ciAsJson({ files, ...rest }: GeneratedCi, dryRun: boolean): object {
  const written = files.map(({ change: { path, state, after } }) => ({
    path,
    state,
    ...(dryRun && state !== "unchanged" && { content: after }),
  }));
  return { dryRun, files: written, ...rest };
}
