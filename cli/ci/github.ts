import { passphraseVariable } from "../../lib/attestations/key-file.ts";
import { posix } from "node:path";
import { stringify } from "yaml";
import { CredentialVariables } from "../../config/registry-access.ts";
import { uses, withVersions, type Action } from "./actions.ts";
import { inProject, type CiProject, type CiStack } from "./project.ts";
import { distinct, type SetUp } from "./set-up.ts";
import { slipwayNode } from "./versions.ts";

/** A workflow: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax. */
interface Workflow {
  name: string;
  on: object;
  concurrency?: object;
  jobs: Record<string, Job>;
}

type Permissions = Record<string, "read" | "write">;

interface Job {
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

interface Step {
  id?: string;
  name?: string;
  if?: string;
  uses?: string;
  run?: string;
  with?: object;
  env?: Record<string, string>;
}

/** The label with which a maintainer lets the review environment of a fork's pull request be created. */
export const reviewLabel = "review";

/** Names of the workflows that can be generated. */
export const workflowNames = ["check", "preview", "deploy", "drift", "review", "cleanup"] as const;
export type WorkflowName = (typeof workflowNames)[number];

const runner = "ubuntu-24.04";
const secret = (name: string) => `\${{ secrets.${name} }}`;
const variable = (name: string) => `\${{ vars.${name} }}`;
const token = { GITHUB_TOKEN: "${{ github.token }}" };
/** Without it, the first push of the workflows would fail, because nothing is set up yet. */
const switchName = "SLIPWAY_PIPELINES";
const isOn = `vars.${switchName} == 'on'`;
const isOfThisRepository = "github.event.pull_request.head.repo.full_name == github.repository";
const requestNumber = "${{ github.event.pull_request.number }}";

/** What a job may do to a stack. Previews run code of a pull request that nobody has reviewed, so they have credentials of their own. */
const Access = {
  Read: { role: "AWS_ROLE_TO_PREVIEW", kubeconfig: "KUBECONFIG_TO_PREVIEW" },
  Deploy: { role: "AWS_ROLE", kubeconfig: "KUBECONFIG" },
} as const;
type Access = (typeof Access)[keyof typeof Access];

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

function built({ slipway }: CiProject, stack: CiStack): Step[] {
  return [
    { run: `${slipway} gate --stack ${stack.name}`, env: stackSecrets(stack) },
    { run: `${slipway} up --stack ${stack.name}`, env: { ...stackSecrets(stack), ...registryLogin(stack), ...signingKey(stack) } },
  ];
}

/** Hands the images that run over to the next job, which needs no access to this stack. */
function handOver({ slipway }: CiProject, stack: CiStack): Step {
  const lines = [`images=$(${slipway} outputs --stack ${stack.name} --images)`, 'echo "images=$images" >>"$GITHUB_OUTPUT"'];
  return { id: "images", run: `${lines.join("\n")}\n`, env: stackSecrets(stack) };
}

/** The gate decides on what exactly these images change. */
function promotion({ slipway }: CiProject, stack: CiStack, from: CiStack): Step {
  return {
    run: `${slipway} promote --from ${from.name} --to ${stack.name} --images "$IMAGES" --now`,
    env: {
      IMAGES: `\${{ needs.${jobId("deploy", from)}.outputs.images }}`,
      ...stackSecrets(stack),
      ...registryLogin(stack),
      ...sourceRegistryLogin(stack, from),
      // What differs between the stacks is built.
      ...signingKey(stack),
    },
  };
}

/** The right to push to ghcr.io, and to pull from there. */
function packages(stack: CiStack): Permissions {
  if (pushesToGhcr(stack)) return { packages: "write" };
  return stack.promotedFrom && pushesToGhcr(stack.promotedFrom) ? { packages: "read" } : {};
}

/** The right to an identity with which images are signed. */
function identity({ signing }: CiStack): Permissions {
  return signing === "keyless" ? { "id-token": "write" } : {};
}

function signingKey({ signing }: CiStack): Record<string, string> {
  return signing === "key" ? { [passphraseVariable]: secret(passphraseVariable) } : {};
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

/** A stack name may have dots, and may start with a digit. */
function jobId(verb: string, { name }: CiStack): string {
  return `${verb}-${name.replaceAll(/[^\w-]/g, "-")}`;
}

interface Preparation {
  /** Further inputs of the checkout. @default - the commit of the event */
  checkout?: object;
  /**
   * Whether downloads are cached. Whatever can write into the cache of the branch main, such as an approved fork, could change what a job with the
   * secrets of an environment runs, so such jobs use no cache.
   */
  cache: boolean;
}

/** The source, Node.js, Go and the packages of the project. */
function prepared({ nodeFile, lockFile, goModule, install }: CiProject, { checkout = {}, cache }: Preparation): Step[] {
  const action = (name: Action, options: object): Step => ({ uses: uses(name), with: options });
  const node = nodeFile === undefined ? { "node-version": slipwayNode() } : { "node-version-file": nodeFile };
  const nodeCache =
    cache && lockFile !== undefined
      ? { cache: "npm", ...(posix.dirname(lockFile) !== "." && { "cache-dependency-path": lockFile }) }
      : { "package-manager-cache": false };
  const goCache = cache && goModule?.sum !== undefined ? { "cache-dependency-path": goModule.sum } : { cache: false };
  return [
    action("actions/checkout", { ...checkout, "persist-credentials": false }),
    action("actions/setup-node", { ...node, ...nodeCache }),
    ...(goModule ? [action("actions/setup-go", { "go-version-file": goModule.file, ...goCache })] : []),
    ...(install === undefined ? [] : [{ run: install }]),
  ];
}

/** Credentials for the cloud or the cluster, which last as long as the job. */
function credentials({ platform, region, kubeconfig }: CiStack, access: Access): Step[] {
  if (platform === "eks")
    return [
      {
        uses: uses("aws-actions/configure-aws-credentials"),
        with: { "role-to-assume": variable(access.role), "aws-region": region ?? variable("AWS_REGION") },
      },
    ];
  const file = kubeconfig ?? "$RUNNER_TEMP/kubeconfig";
  const lines = [
    "umask 077",
    ...(kubeconfig !== undefined && posix.dirname(kubeconfig) !== "." ? [`mkdir -p "${posix.dirname(kubeconfig)}"`] : []),
    `printf '%s\\n' "$CONTENT" >"${file}"`,
    ...(kubeconfig === undefined ? ['echo "KUBECONFIG=$RUNNER_TEMP/kubeconfig" >>"$GITHUB_ENV"'] : []),
  ];
  return [{ name: "Write the kubeconfig", run: `${lines.join("\n")}\n`, env: { CONTENT: secret(access.kubeconfig) } }];
}

/** What the engine of the stack needs besides the credentials for the cluster. */
function stackSecrets({ engine }: CiStack): Record<string, string> {
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: secret("PULUMI_CONFIG_PASSPHRASE") };
  if (engine === "embedded") return passphrase;
  return { ...passphrase, PULUMI_BACKEND_URL: variable("PULUMI_BACKEND_URL"), PULUMI_ACCESS_TOKEN: secret("PULUMI_ACCESS_TOKEN") };
}

function pushesToGhcr({ registry }: CiStack): boolean {
  return registry === "ghcr.io";
}

/** The user who pushes images. */
function registryLogin(stack: CiStack): Record<string, string> {
  return loginTo(stack, CredentialVariables.Registry);
}

/** The user who pulls the images of the stack before, if they are in another registry. */
function sourceRegistryLogin({ registry }: CiStack, from: CiStack): Record<string, string> {
  return from.registry === registry ? {} : loginTo(from, CredentialVariables.SourceRegistry);
}

/**
 * Credentials for the registry of a stack. On ghcr.io they are those of the workflow itself. The user is no secret: GitHub would drop every
 * output in which it occurs, and names of images often contain it.
 */
function loginTo(stack: CiStack, variables: CredentialVariables): Record<string, string> {
  if (stack.registry === undefined) return {};
  const [user, password] = [`${variables}_USERNAME`, `${variables}_PASSWORD`];
  if (pushesToGhcr(stack)) return { [user]: "${{ github.actor }}", [password]: "${{ github.token }}" };
  return { [user]: variable(user), [password]: secret(password) };
}

function toYaml({ folder }: CiProject, { name, on, concurrency, jobs }: Workflow): string {
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

function writtenJob({
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

/** What people set up on GitHub before the workflows run. */
export function githubSetUp({ stacks, review, lockFile }: CiProject, names: WorkflowName[]): SetUp[] {
  const has = (...wanted: WorkflowName[]) => wanted.some((name) => names.includes(name));
  const deployed = has("deploy") ? stacks : [];
  const read = has("preview", "drift") ? stacks : [];
  const reviewed = review && has("review", "cleanup") ? [review] : [];
  const all = [...deployed, ...read, ...reviewed];
  const on = (list: CiStack[], platform: CiStack["platform"]) => list.filter((stack) => stack.platform === platform);
  const namesOf = (list: CiStack[]) => [...new Set(list.map(({ name }) => name))].join(", ");
  const inEnvironments = [...deployed, ...reviewed];
  const setUp: SetUp[] = [];
  const add = (needed: boolean, kind: SetUp["kind"], name: string, meaning: string) => void (needed && setUp.push({ kind, name, meaning }));
  add(lockFile === undefined, "file", "package-lock.json", "commit it, because npm ci installs what it names");
  for (const { name } of deployed)
    add(true, "environment", name, "limit it to the branch main; to approve deployments, add required reviewers");
  add(reviewed.length > 0, "environment", "review", "without required reviewers, which would also be asked to remove environments");
  const environments = (platform: CiStack["platform"]) => {
    const names = namesOf(on(inEnvironments, platform));
    return `in the ${names.includes(",") ? "environments" : "environment"} ${names}`;
  };
  add(
    on(inEnvironments, "eks").length > 0,
    "variable",
    "AWS_ROLE",
    `${environments("eks")}: ARN of the role that deploys, which trusts the environment by OIDC`,
  );
  add(
    on(read, "eks").length > 0,
    "variable",
    "AWS_ROLE_TO_PREVIEW",
    "ARN of a role with read access, which trusts this repository by OIDC",
  );
  add(
    on(all, "eks").some(({ region }) => region === undefined),
    "variable",
    "AWS_REGION",
    "region of the stacks whose file has a placeholder",
  );
  add(
    all.some(({ engine }) => engine === "pulumi"),
    "variable",
    "PULUMI_BACKEND_URL",
    "where the Pulumi CLI keeps the state, such as s3://acme-state",
  );
  add(
    all.some(({ engine }) => engine === "pulumi"),
    "secret",
    "PULUMI_ACCESS_TOKEN",
    "only for Pulumi Cloud",
  );
  add(
    on(inEnvironments, "kubernetes").length > 0,
    "secret",
    "KUBECONFIG",
    `${environments("kubernetes")}: a kubeconfig for the deployer (slipway rbac)`,
  );
  add(
    on(read, "kubernetes").length > 0,
    "secret",
    "KUBECONFIG_TO_PREVIEW",
    `a kubeconfig with the contexts of ${namesOf(on(read, "kubernetes"))}; pull requests run with it`,
  );
  add(all.length > 0, "secret", "PULUMI_CONFIG_PASSPHRASE", "encrypts the secrets in stack files and in the state");
  const registries = [...new Set(inEnvironments.filter((stack) => !pushesToGhcr(stack)).flatMap(({ registry }) => registry ?? []))].join(
    ", ",
  );
  add(registries !== "", "variable", "SLIPWAY_REGISTRY_USERNAME", `user who may push to ${registries}`);
  add(registries !== "", "secret", "SLIPWAY_REGISTRY_PASSWORD", "its password or token");
  add(
    inEnvironments.some(({ signing }) => signing === "key"),
    "secret",
    passphraseVariable,
    "passphrase of the private key that signs images",
  );
  const sources = deployed.flatMap(({ name, registry, promotedFrom: from }) =>
    from?.registry === undefined || from.registry === registry || pushesToGhcr(from)
      ? []
      : [`from ${from.registry} in the environment ${name}`],
  );
  const pulls = sources.join(", ");
  add(pulls !== "", "variable", "SLIPWAY_SOURCE_REGISTRY_USERNAME", `user who may pull ${pulls}`);
  add(pulls !== "", "secret", "SLIPWAY_SOURCE_REGISTRY_PASSWORD", "its password or token");
  add(
    has("review") && review !== undefined,
    "label",
    reviewLabel,
    "for pull requests from forks: whoever sets it lets their code run with the secrets of the environment review",
  );
  add(all.length > 0, "variable", switchName, "on, as soon as everything above is there; until then only the workflow check runs");
  return distinct(setUp);
}
