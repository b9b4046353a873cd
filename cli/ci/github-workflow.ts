import { stringify } from "yaml";
import { withVersions } from "./actions.ts";
import type { CiProject, CiStack } from "./project.ts";

/** A workflow: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax. */
export interface Workflow {
  name: string;
  on: object;
  concurrency?: object;
  jobs: Record<string, Job>;
}

export type Permissions = Record<string, "read" | "write">;

export interface Job {
  name?: string;
  if?: string;
  needs?: string;
  minutes: number;
  permissions?: Permissions;
  outputs?: Record<string, string>;
  environment?: string;
  concurrency?: object;
  strategy?: object;
  stack?: CiStack;
  steps: Step[];
}

export interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: object;
  env?: Record<string, string>;
}

const runner = "ubuntu-24.04";

/** The file of a workflow. Actions are pinned by commit, with their version in a comment. */
export function toYaml({ folder }: CiProject, { name, on, concurrency, jobs }: Workflow): string {
  const written = {
    name,
    on,
    // Each job has only the permissions that it needs.
    permissions: {},
    ...(concurrency && { concurrency }),
    ...(folder !== "." && { defaults: { run: { "working-directory": folder } } }),
    jobs: Object.fromEntries(Object.entries(jobs).map(([id, job]) => [id, writtenJob(job)])),
  };
  return withVersions(stringify(written, { lineWidth: 0, nullStr: "" }).replaceAll(/: +$/gm, ":"));
}

/** A job as it is in the file. */
export function writtenJob({
  name,
  if: condition,
  needs,
  minutes,
  permissions,
  outputs,
  environment,
  concurrency,
  strategy,
  stack,
  steps,
}: Job): object {
  return {
    ...(name !== undefined && { name }),
    ...(condition !== undefined && { if: condition }),
    ...(needs !== undefined && { needs }),
    "runs-on": runner,
    "timeout-minutes": minutes,
    permissions: { contents: "read", ...permissions, ...(stack?.platform === "eks" && { "id-token": "write" }) },
    ...(outputs && { outputs }),
    ...(environment !== undefined && { environment }),
    ...(concurrency && { concurrency }),
    ...(strategy && { strategy }),
    ...(stack && { env: { SLIPWAY_ENGINE: stack.engine } }),
    steps,
  };
}
