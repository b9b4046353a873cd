import { passphraseVariable } from "../../lib/attestations/key-file.ts";
import semver from "semver";
import { stringify } from "yaml";
import { CredentialVariables } from "../../config/registry-access.ts";
import { inProject, type CiProject, type CiStack } from "./project.ts";
import { distinct, type SetUp } from "./set-up.ts";
import { slipwayGo } from "./versions.ts";

/** A job: https://docs.gitlab.com/ci/yaml/. */
interface Job {
  stage: "test" | "deploy" | ".post";
  needs?: string[];
  rules: Rule[];
  environment?: object;
  /** Jobs of a group run one after the other. */
  resource_group?: string;
  stack?: CiStack;
  script: string[];
  artifacts?: object;
  interruptible?: boolean;
}

interface Rule {
  if: string;
  when?: "manual";
  allow_failure?: boolean;
}

const isRequest = '$CI_PIPELINE_SOURCE == "merge_request_event"';
/** Without it, the first pipeline would fail, because nothing is set up yet. */
const switchName = "SLIPWAY_PIPELINES";
const isOn = `$${switchName} == "on"`;
const isScheduled = '$CI_PIPELINE_SOURCE == "schedule"';
const isMain = "$CI_PIPELINE_SOURCE =~ /^(push|web)$/ && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH";
/** Pipelines of forks run without the variables of this project, unless a member runs one here. */
const isOfThisProject = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";
const hasLabel = "$CI_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID && $CI_MERGE_REQUEST_LABELS =~ /(^|,)review(,|$)/";

const reviewEnvironment = "review/$CI_MERGE_REQUEST_IID";

/** The pipeline of a project. It has no global keywords, so that it can also be included in another one. */
export function gitlabPipeline(project: CiProject): string {
  const { stacks, review } = project;
  const jobs: Record<string, Job> = {
    check: { stage: "test", rules: [{ if: isRequest }, { if: isMain }], interruptible: true, script: project.checks },
    ...Object.fromEntries(stacks.map((stack) => [`preview:${stack.name}`, preview(project, stack)])),
    ...Object.fromEntries(stacks.map((stack, i) => [`deploy:${stack.name}`, deploy(project, stack, i)])),
    ...Object.fromEntries(stacks.map((stack) => [`drift:${stack.name}`, drift(project, stack)])),
    ...(review && reviewJobs(project, review)),
  };
  const written = {
    ".slipway": { image: image(project), before_script: prepared(project) },
    ...Object.fromEntries(Object.entries(jobs).map(([name, job]) => [name, writtenJob(job)])),
  };
  return stringify(written, { lineWidth: 0 });
}

function preview(project: CiProject, stack: CiStack): Job {
  return {
    stage: "test",
    rules: [{ if: `${isOn} && ${isRequest} && ${isOfThisProject}` }],
    interruptible: true,
    environment: { name: `preview/${stack.name}`, action: "access" },
    stack,
    script: [`${project.slipway} report --stack ${stack.name} --out report --comment`],
    artifacts: { when: "always", paths: [inProject(project, "report/report.html")], expire_in: "30 days" },
  };
}

function deploy(project: CiProject, stack: CiStack, i: number): Job {
  const { slipway, stacks } = project;
  const isLastOfSeveral = i > 0 && i === stacks.length - 1;
  const { name, promotedFrom: from } = stack;
  return {
    stage: "deploy",
    needs: [i > 0 ? `deploy:${stacks[i - 1]!.name}` : "check"],
    rules: [{ if: `${isOn} && ${isMain}`, ...(isLastOfSeveral && { when: "manual", allow_failure: false }) }],
    // An update that is cancelled leaves a stack half updated.
    interruptible: false,
    environment: { name: stack.name },
    resource_group: stack.name,
    stack,
    script: [
      ...(from
        ? [`${slipway} promote --from ${from.name} --to ${name} --images "$(cat ${imagesFile(from)})" --now`]
        : [`${slipway} gate --stack ${name}`, `${slipway} up --stack ${name}`]),
      ...(stack.isPromoted ? [`mkdir -p .slipway && ${slipway} outputs --stack ${name} --images >${imagesFile(stack)}`] : []),
    ],
    ...(stack.isPromoted && { artifacts: { paths: [inProject(project, imagesFile(stack))], expire_in: "30 days" } }),
  };
}

/** The images of a stack, for the job that promotes them. Git ignores the folder, so the checkout is still that of the commit. */
function imagesFile({ name }: CiStack): string {
  return `.slipway/images.${name}.json`;
}

function drift({ slipway }: CiProject, stack: CiStack): Job {
  return {
    stage: "test",
    rules: [{ if: `${isOn} && ${isScheduled}` }],
    environment: { name: `preview/${stack.name}`, action: "access" },
    stack,
    script: [`${slipway} drift --stack ${stack.name} --issue`],
  };
}

function reviewJobs({ slipway }: CiProject, stack: CiStack): Record<string, Job> {
  const resource_group = reviewEnvironment;
  return {
    "review:up": {
      stage: "deploy",
      needs: [],
      rules: [{ if: `${isOn} && ${isRequest} && ${isOfThisProject}` }, { if: `${isOn} && ${isRequest} && ${hasLabel}` }],
      interruptible: false,
      environment: { name: reviewEnvironment, on_stop: "review:down", auto_stop_in: "3 days" },
      resource_group,
      stack,
      script: [`${slipway} review up --id $CI_MERGE_REQUEST_IID --comment`],
    },
    // GitLab runs this job when the merge request is closed, or the time is over.
    "review:down": {
      stage: "deploy",
      needs: [],
      rules: [
        { if: `${isOn} && ${isRequest} && ${isOfThisProject}`, when: "manual", allow_failure: true },
        { if: `${isOn} && ${isRequest} && ${hasLabel}`, when: "manual", allow_failure: true },
      ],
      interruptible: false,
      environment: { name: reviewEnvironment, action: "stop" },
      resource_group,
      stack,
      script: [`${slipway} review down --id $CI_MERGE_REQUEST_IID --comment`],
    },
    "review:reap": {
      stage: "test",
      rules: [{ if: `${isOn} && ${isScheduled}` }],
      environment: { name: "review/reap", action: "access" },
      stack,
      script: [`${slipway} review reap --closed`],
    },
  };
}

/** An image with Go. Node.js comes from Debian, and Slipway replaces it with the version that it needs. */
function image({ goModule }: CiProject): string {
  const versions = [slipwayGo(), ...(goModule ? [goModule.version] : [])].map((version) => semver.coerce(version)!);
  const { major, minor } = versions.reduce((a, b) => (semver.gt(a, b) ? a : b));
  return `golang:${major}.${minor}-trixie`;
}

function prepared({ folder, install }: CiProject): string[] {
  return [
    // An image of your own may have it.
    "command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm; }",
    ...(folder === "." ? [] : [`cd ${folder}`]),
    ...(install === undefined ? [] : [install]),
  ];
}

function writtenJob({ stack, script, ...job }: Job): object {
  const { stage, needs, rules, interruptible, environment, resource_group, artifacts } = job;
  return {
    extends: ".slipway",
    stage,
    ...(needs && { needs }),
    rules,
    ...(interruptible !== undefined && { interruptible }),
    ...(environment && { environment }),
    ...(resource_group !== undefined && { resource_group }),
    ...(stack && { variables: { SLIPWAY_ENGINE: stack.engine, ...registryLogin(stack), ...awsVariables(stack) } }),
    ...(stack && idTokens(stack)),
    script: [...awsLogin(stack), ...kubeconfig(stack), ...script],
    ...(artifacts && { artifacts }),
  };
}

/** Tokens with the identity of the job, for AWS and for the signatures of images. */
function idTokens({ platform, signing }: CiStack): object {
  const tokens = {
    ...(platform === "eks" && { SLIPWAY_AWS_TOKEN: { aud: "sts.amazonaws.com" } }),
    ...(signing === "keyless" && { SIGSTORE_ID_TOKEN: { aud: "sigstore" } }),
  };
  return Object.keys(tokens).length > 0 ? { id_tokens: tokens } : {};
}

const tokenFile = "$CI_PROJECT_DIR.tmp/aws-token";

/** The AWS SDKs take the role and the token from these variables: https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html. */
function awsVariables({ platform, region }: CiStack): Record<string, string> {
  if (platform !== "eks") return {};
  return { ...(region !== undefined && { AWS_REGION: region }), AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile };
}

function awsLogin(stack: CiStack | undefined): string[] {
  if (stack?.platform !== "eks") return [];
  return ['mkdir -p "$CI_PROJECT_DIR.tmp"', `(umask 077 && printf '%s' "$SLIPWAY_AWS_TOKEN" >"${tokenFile}")`];
}

/** KUBECONFIG is the path of a file, which GitLab has written. */
function kubeconfig(stack: CiStack | undefined): string[] {
  return stack?.kubeconfig === undefined ? [] : [`install -D -m 600 "$KUBECONFIG" "${stack.kubeconfig}"`];
}

function pushesToGitLab({ registry }: CiStack): boolean {
  return registry === "registry.gitlab.com";
}

/** GitLab's own registry takes the credentials of the job. Those of others are variables of the project. */
function registryLogin(stack: CiStack): Record<string, string> {
  const { promotedFrom: from } = stack;
  const isOther = from !== undefined && from.registry !== stack.registry;
  return { ...loginTo(stack, CredentialVariables.Registry), ...(isOther && loginTo(from, CredentialVariables.SourceRegistry)) };
}

function loginTo(stack: CiStack, variables: CredentialVariables): Record<string, string> {
  if (!pushesToGitLab(stack)) return {};
  return { [`${variables}_USERNAME`]: "$CI_REGISTRY_USER", [`${variables}_PASSWORD`]: "$CI_REGISTRY_PASSWORD" };
}

/** What people set up on GitLab before the pipeline runs. */
export function gitlabSetUp({ stacks, review, lockFile }: CiProject): SetUp[] {
  const all = [...stacks, ...(review ? [review] : [])];
  const onEks = all.filter(({ platform }) => platform === "eks");
  const onKubernetes = all.filter(({ platform }) => platform === "kubernetes");
  const scopes = (list: CiStack[]) =>
    list.flatMap((stack) => (stack === review ? ["review/*"] : [stack.name, `preview/${stack.name}`])).join(", ");
  const registries = [...new Set(all.filter((stack) => !pushesToGitLab(stack)).flatMap(({ registry }) => registry ?? []))].join(", ");
  const setUp: SetUp[] = [];
  const add = (needed: boolean, kind: SetUp["kind"], name: string, meaning: string) => void (needed && setUp.push({ kind, name, meaning }));
  add(lockFile === undefined, "file", "package-lock.json", "commit it, because npm ci installs what it names");
  for (const { name } of stacks)
    add(
      true,
      "environment",
      name,
      "protect it, so that only the branch main deploys; to approve deployments, add approval rules (Premium)",
    );
  add(
    all.length > 0,
    "secret",
    "GITLAB_TOKEN",
    "masked variable: project access token with the role Reporter and the scope api, for comments and issues",
  );
  add(
    onKubernetes.length > 0,
    "secret",
    "KUBECONFIG",
    `variable of the type File for each of the scopes ${scopes(onKubernetes)}: a kubeconfig for the deployer (slipway rbac)`,
  );
  add(all.length > 0, "secret", "PULUMI_CONFIG_PASSPHRASE", "masked variable: encrypts the secrets in stack files and in the state");
  add(
    onEks.length > 0,
    "variable",
    "AWS_ROLE_ARN",
    `for each of the scopes ${scopes(onEks)}: ARN of a role that trusts this project by OIDC; for preview/* with read access`,
  );
  add(
    onEks.some(({ region }) => region === undefined),
    "variable",
    "AWS_REGION",
    "region of the stacks whose file has a placeholder",
  );
  add(
    all.some(({ engine }) => engine === "pulumi"),
    "variable",
    "PULUMI_BACKEND_URL",
    "where the Pulumi CLI keeps the state, such as s3://acme-state; for Pulumi Cloud, set PULUMI_ACCESS_TOKEN",
  );
  add(registries !== "", "variable", "SLIPWAY_REGISTRY_USERNAME", `user who may push to ${registries}`);
  add(registries !== "", "secret", "SLIPWAY_REGISTRY_PASSWORD", "masked variable: its password or token");
  add(
    stacks.some(({ signing }) => signing === "key"),
    "secret",
    passphraseVariable,
    "masked variable: passphrase of the private key that signs images",
  );
  const sources = stacks.flatMap(({ name, registry, promotedFrom: from }) =>
    from?.registry === undefined || from.registry === registry || pushesToGitLab(from)
      ? []
      : [`from ${from.registry} in the scope ${name}`],
  );
  const pulls = sources.join(", ");
  add(pulls !== "", "variable", "SLIPWAY_SOURCE_REGISTRY_USERNAME", `user who may pull ${pulls}`);
  add(pulls !== "", "secret", "SLIPWAY_SOURCE_REGISTRY_PASSWORD", "masked variable: its password or token");
  add(
    all.length > 0,
    "schedule",
    "drift",
    `pipeline schedule on main, such as 17 5 * * *: reports drift${review ? ", and removes expired review environments; for those, such as 47 * * * *" : ""}`,
  );
  add(all.length > 0, "variable", switchName, "on, as soon as everything above is there; until then only the job check runs");
  return distinct(setUp);
}
