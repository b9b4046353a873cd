import { uses } from "./actions.ts";
import { inProject, type CiProject, type CiStack } from "./project.ts";
import { reviewLabel, switchName, type WorkflowName } from "./github-set-up.ts";
import {
  Access,
  built,
  credentials,
  handOver,
  identity,
  jobId,
  packages,
  prepared,
  promotion,
  pushesToGhcr,
  registryLogin,
  signingKey,
  stackSecrets,
} from "./github-steps.ts";
import { toYaml, writtenJob, type Job, type Workflow } from "./github-workflow.ts";

const token = { GITHUB_TOKEN: "${{ github.token }}" };
const isOn = `vars.${switchName} == 'on'`;
const isOfThisRepository = "github.event.pull_request.head.repo.full_name == github.repository";
const requestNumber = "${{ github.event.pull_request.number }}";

/** Workflows by path, relative to the repository; undefined for those that the project does not need. */
export function githubWorkflows(project: CiProject): Partial<Record<WorkflowName, string>> {
  const { stacks, review } = project;
  const all: Partial<Record<WorkflowName, Workflow>> = {
    check: check(project),
    ...(stacks.length > 0 && { preview: preview(project), deploy: deploy(project), drift: drift(project) }),
    ...(review && { review: reviewEnvironments(project, review), cleanup: cleanup(project, review) }),
  };
  return Object.fromEntries(Object.entries(all).map(([name, workflow]) => [name, toYaml(project, workflow)]));
}

function check(project: CiProject): Workflow {
  return {
    name: "check",
    on: { push: { branches: ["main"] }, pull_request: null },
    concurrency: { group: "check-${{ github.ref }}", "cancel-in-progress": true },
    jobs: { check: { minutes: 30, steps: [...prepared(project, { cache: true }), ...project.checks.map((run) => ({ run }))] } },
  };
}

function preview(project: CiProject): Workflow {
  const job = (stack: CiStack, name: string): Job => ({
    name: `preview ${name}`,
    // Pull requests from forks get no secrets.
    if: `${isOn} && ${isOfThisRepository}`,
    minutes: 30,
    permissions: { "pull-requests": "write" },
    stack,
    steps: [
      ...prepared(project, { cache: true }),
      ...credentials(stack, Access.Read),
      { run: `${project.slipway} report --stack ${name} --out report --comment`, env: { ...stackSecrets(stack), ...token } },
      {
        if: `\${{ !cancelled() && hashFiles('${inProject(project, "report/report.html")}') != '' }}`,
        uses: uses("actions/upload-artifact"),
        with: { name: `report-${name}`, path: inProject(project, "report/report.html") },
      },
    ],
  });
  return {
    name: "preview",
    on: { pull_request: null },
    concurrency: { group: `preview-${requestNumber}`, "cancel-in-progress": true },
    jobs: forEachStack("preview", project.stacks, job),
  };
}

function deploy(project: CiProject): Workflow {
  const job = (stack: CiStack, i: number): Job => ({
    name: `deploy ${stack.name}`,
    if: isOn,
    ...(i > 0 && { needs: jobId("deploy", project.stacks[i - 1]!) }),
    minutes: 60,
    permissions: { ...packages(stack), ...identity(stack) },
    ...(stack.isPromoted && { outputs: { images: "${{ steps.images.outputs.images }}" } }),
    environment: stack.name,
    // An update that is cancelled leaves a stack half updated.
    concurrency: { group: `slipway-${stack.name}`, "cancel-in-progress": false },
    stack,
    steps: [
      ...prepared(project, { cache: false }),
      ...credentials(stack, Access.Deploy),
      ...(stack.promotedFrom ? [promotion(project, stack, stack.promotedFrom)] : built(project, stack)),
      ...(stack.isPromoted ? [handOver(project, stack)] : []),
    ],
  });
  return {
    name: "deploy",
    on: { push: { branches: ["main"] }, workflow_dispatch: null },
    jobs: Object.fromEntries(project.stacks.map((stack, i) => [jobId("deploy", stack), job(stack, i)])),
  };
}

function drift(project: CiProject): Workflow {
  const job = (stack: CiStack, name: string): Job => ({
    name: `drift ${name}`,
    if: isOn,
    minutes: 30,
    permissions: { issues: "write" },
    stack,
    steps: [
      ...prepared(project, { cache: false }),
      ...credentials(stack, Access.Read),
      { run: `${project.slipway} drift --stack ${name} --issue`, env: { ...stackSecrets(stack), ...token } },
    ],
  });
  return {
    name: "drift",
    on: { schedule: [{ cron: "17 5 * * *" }], workflow_dispatch: null },
    jobs: forEachStack("drift", project.stacks, job),
  };
}

/** One job with a matrix if the jobs of all stacks differ in the name only, otherwise a job for each stack. */
function forEachStack(verb: string, stacks: CiStack[], job: (stack: CiStack, name: string) => Job): Record<string, Job> {
  const [same, ...others] = new Set(stacks.map((stack) => JSON.stringify(writtenJob(job(stack, "${{ matrix.stack }}")))));
  if (same === undefined || others.length > 0 || stacks.length === 1)
    return Object.fromEntries(stacks.map((stack) => [jobId(verb, stack), job(stack, stack.name)]));
  const strategy = { "fail-fast": false, matrix: { stack: stacks.map(({ name }) => name) } };
  return { [verb]: { ...job(stacks[0]!, "${{ matrix.stack }}"), strategy } };
}

function reviewEnvironments(project: CiProject, stack: CiStack): Workflow {
  const job = (name: string, condition: string, command: string, checkout?: object): Job => ({
    name,
    if: `${isOn} && ${condition}`,
    minutes: 30,
    permissions: { "pull-requests": "write", ...(pushesToGhcr(stack) && { packages: "write" as const }), ...identity(stack) },
    environment: "review",
    concurrency: { group: `slipway-review-${requestNumber}`, "cancel-in-progress": false },
    stack,
    steps: [
      ...prepared(project, { ...(checkout && { checkout }), cache: false }),
      ...credentials(stack, Access.Deploy),
      {
        run: `${project.slipway} review ${command}`,
        env: { ...stackSecrets(stack), ...registryLogin(stack), ...signingKey(stack), ...token },
      },
    ],
  });
  const ofFork = {
    ref: "${{ github.event.pull_request.head.sha }}",
    // The label says that a maintainer has read exactly this commit.
    "allow-unsafe-pr-checkout": true,
  };
  const up = `up --id ${requestNumber} --comment`;
  return {
    name: "review",
    // Only pull_request_target runs with secrets for forks, and also if the branches conflict. Its jobs are those of the branch main.
    on: { pull_request: { types: ["opened", "synchronize", "reopened"] }, pull_request_target: { types: ["labeled", "closed"] } },
    jobs: {
      up: job("review up", `github.event_name == 'pull_request' && ${isOfThisRepository}`, up),
      "up-from-fork": job(
        "review up from fork",
        `github.event.action == 'labeled' && github.event.label.name == '${reviewLabel}' && !(${isOfThisRepository})`,
        up,
        ofFork,
      ),
      down: job("review down", "github.event.action == 'closed'", `down --id ${requestNumber} --comment`),
    },
  };
}

function cleanup(project: CiProject, stack: CiStack): Workflow {
  return {
    name: "cleanup",
    on: { schedule: [{ cron: "47 * * * *" }], workflow_dispatch: null },
    concurrency: { group: "slipway-review-reap", "cancel-in-progress": false },
    jobs: {
      reap: {
        name: "review reap",
        if: isOn,
        minutes: 30,
        permissions: { "pull-requests": "read" },
        environment: "review",
        stack,
        steps: [
          ...prepared(project, { cache: false }),
          ...credentials(stack, Access.Deploy),
          { run: `${project.slipway} review reap --closed`, env: { ...stackSecrets(stack), ...token } },
        ],
      },
    },
  };
}
