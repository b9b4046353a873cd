import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { ciAsJson, formatCi, generateCi, type CiOptions } from "../../../../cli/ci/ci.ts";
import { inOrder } from "../../../../cli/ci/order.ts";
import { sampleProjects, writeSampleProject, type SampleProject } from "../../../ci-projects.ts";

const before = process.cwd();
let root: string;
beforeEach(() => (root = realpathSync(mkdtempSync(join(tmpdir(), "slipway-ci-")))));
afterEach(() => {
  process.chdir(before);
  rmSync(root, { recursive: true });
});

const enter = (project: SampleProject) => process.chdir(writeSampleProject(root, project));
const generate = (options: Partial<CiOptions> = {}) =>
  generateCi({ forge: "github", stacks: [], workflows: [], dryRun: false, force: false, ...options });
const again = (project: string, options: Partial<CiOptions> = {}) => {
  process.chdir(project);
  return generate(options);
};
const text = (file: string) => readFileSync(join(root, file), "utf8");

interface Workflow {
  permissions: object;
  defaults?: object;
  jobs: Record<string, Job>;
}
interface Job {
  if?: string;
  needs?: string;
  permissions: Record<string, string>;
  outputs?: object;
  environment?: string;
  concurrency?: object;
  strategy?: object;
  env?: object;
  steps: { uses?: string; run?: string; with?: Record<string, unknown>; env?: Record<string, string> }[];
}
const workflow = (name: string) => parse(text(`.github/workflows/${name}.yml`)) as Workflow;
const commandsOf = ({ steps }: Job) => steps.flatMap(({ run }) => run ?? []);

describe("this repository", () => {
  const files = ["check", "preview", "deploy", "drift"].map((name) => `.github/workflows/${name}.yml`);
  test("has the workflows that slipway ci github generates (run it to update them)", () => {
    const { files: generated } = generate({ dryRun: true });
    expect(generated.map(({ change }) => [change.path, change.after])).toEqual(
      files.map((file) => [file, readFileSync(resolve(before, file), "utf8")]),
    );
  });
});

test.each([
  [
    ["prod", "staging", "dev"],
    ["dev", "staging", "prod"],
  ],
  [
    ["production", "eu", "qa", "development", "uat"],
    ["development", "qa", "uat", "eu", "production"],
  ],
  [
    ["prod-us", "prod-eu", "devices", "dev"],
    ["dev", "devices", "prod-eu", "prod-us"],
  ],
])("the stacks %j are deployed in the order %j", (names, order) => expect(inOrder(names)).toEqual(order));

describe("for stacks on kubernetes", () => {
  beforeEach(() => enter(sampleProjects["local and kubernetes"]));

  test("writes check, preview, deploy and drift, and says which stacks are left out and what to set up", () => {
    const generated = generate();
    expect(formatCi(generated, "github", false)).toBe(`+ .github/workflows/check.yml  created
+ .github/workflows/preview.yml  created
+ .github/workflows/deploy.yml  created
+ .github/workflows/drift.yml  created

Images:
  dev: built
  prod: those of dev, promoted

Not deployed:
  local: it runs on this machine

Set up in GitHub:
  environment  dev                       limit it to the branch main; to approve deployments, add required reviewers
  environment  prod                      limit it to the branch main; to approve deployments, add required reviewers
  secret       KUBECONFIG                in the environments dev, prod: a kubeconfig for the deployer (slipway rbac)
  secret       KUBECONFIG_TO_PREVIEW     a kubeconfig with the contexts of dev, prod; pull requests run with it
  secret       PULUMI_CONFIG_PASSPHRASE  encrypts the secrets in stack files and in the state
  variable     SLIPWAY_PIPELINES         on, as soon as everything above is there; until then only the workflow check runs
`);
  });

  test("deploys one stack after the other, each in its environment, never cancelled, with the secrets of the environment", () => {
    generate();
    const { permissions, jobs } = workflow("deploy");
    expect(permissions).toEqual({});
    expect(
      Object.entries(jobs).map(([id, { needs, environment, concurrency, permissions }]) => [
        id,
        needs,
        environment,
        concurrency,
        permissions,
      ]),
    ).toEqual([
      ["deploy-dev", undefined, "dev", { group: "slipway-dev", "cancel-in-progress": false }, { contents: "read", packages: "write" }],
      [
        "deploy-prod",
        "deploy-dev",
        "prod",
        { group: "slipway-prod", "cancel-in-progress": false },
        { contents: "read", packages: "write" },
      ],
    ]);
    const { steps, env } = jobs["deploy-prod"]!;
    expect(env).toEqual({ SLIPWAY_ENGINE: "embedded" });
    expect(steps.slice(3)).toEqual([
      { run: "npm ci --no-audit --no-fund" },
      {
        name: "Write the kubeconfig",
        run: 'umask 077\nprintf \'%s\\n\' "$CONTENT" >"$RUNNER_TEMP/kubeconfig"\necho "KUBECONFIG=$RUNNER_TEMP/kubeconfig" >>"$GITHUB_ENV"\n',
        env: { CONTENT: "${{ secrets.KUBECONFIG }}" },
      },
      {
        run: 'npx slipway promote --from dev --to prod --images "$IMAGES" --now',
        env: {
          IMAGES: "${{ needs.deploy-dev.outputs.images }}",
          PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
          SLIPWAY_REGISTRY_USERNAME: "${{ github.actor }}",
          SLIPWAY_REGISTRY_PASSWORD: "${{ github.token }}",
        },
      },
    ]);
  });

  test("the first stack builds the images, and hands them over to the job of the next one", () => {
    generate();
    const { outputs, steps } = workflow("deploy").jobs["deploy-dev"]!;
    expect(outputs).toEqual({ images: "${{ steps.images.outputs.images }}" });
    expect(steps.slice(-3)).toEqual([
      { run: "npx slipway gate --stack dev", env: { PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}" } },
      {
        run: "npx slipway up --stack dev",
        env: {
          PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
          SLIPWAY_REGISTRY_USERNAME: "${{ github.actor }}",
          SLIPWAY_REGISTRY_PASSWORD: "${{ github.token }}",
        },
      },
      {
        id: "images",
        run: 'images=$(npx slipway outputs --stack dev --images)\necho "images=$images" >>"$GITHUB_OUTPUT"\n',
        env: { PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}" },
      },
    ]);
  });

  test("--rebuild builds the images of each stack", () => {
    const { images } = generate({ rebuild: true });
    expect(images).toEqual([{ stack: "dev" }, { stack: "prod" }]);
    const { outputs } = workflow("deploy").jobs["deploy-dev"]!;
    expect([outputs, commandsOf(workflow("deploy").jobs["deploy-prod"]!).slice(-2)]).toEqual([
      undefined,
      ["npx slipway gate --stack prod", "npx slipway up --stack prod"],
    ]);
    expect(text(".github/workflows/deploy.yml")).toMatch(/^# Generated by `slipway ci github --rebuild`,/);
  });

  test("previews all stacks in one job, with other credentials than deployments, and not for forks", () => {
    generate();
    const { jobs } = workflow("preview");
    expect(Object.keys(jobs)).toEqual(["preview"]);
    const job = jobs["preview"]!;
    expect(job.if).toBe("vars.SLIPWAY_PIPELINES == 'on' && github.event.pull_request.head.repo.full_name == github.repository");
    expect(job.strategy).toEqual({ "fail-fast": false, matrix: { stack: ["dev", "prod"] } });
    expect(job.permissions).toEqual({ contents: "read", "pull-requests": "write" });
    expect(job.environment).toBeUndefined();
    expect(job.steps.flatMap(({ env }) => Object.values(env ?? {}))).toEqual([
      "${{ secrets.KUBECONFIG_TO_PREVIEW }}",
      "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
      "${{ github.token }}",
    ]);
    expect(commandsOf(job).at(-1)).toBe("npx slipway report --stack ${{ matrix.stack }} --out report --comment");
  });

  test("caches downloads only where there are no secrets of an environment", () => {
    generate();
    const inputs = (name: string, action: string) =>
      Object.values(workflow(name).jobs).map(({ steps }) => steps.find(({ uses }) => uses?.startsWith(action))!.with);
    expect(inputs("check", "actions/setup-go")).toEqual([{ "go-version-file": "app/go.mod", "cache-dependency-path": "app/go.sum" }]);
    expect(inputs("check", "actions/setup-node")).toEqual([{ "node-version-file": "package.json", cache: "npm" }]);
    for (const input of inputs("deploy", "actions/setup-go")) expect(input).toEqual({ "go-version-file": "app/go.mod", cache: false });
    for (const input of inputs("deploy", "actions/setup-node"))
      expect(input).toEqual({ "node-version-file": "package.json", "package-manager-cache": false });
  });

  test("--stack chooses the stacks and their order, and is part of the command that generates the files again", () => {
    generate({ stacks: ["prod", "dev"] });
    expect(Object.keys(workflow("deploy").jobs)).toEqual(["deploy-prod", "deploy-dev"]);
    expect(text(".github/workflows/deploy.yml")).toMatch(
      /^# Generated by `slipway ci github --stack prod --stack dev`, sha256:[0-9a-f]{16}\n/,
    );
  });

  test("--workflow writes only some of them", () => {
    expect(generate({ workflows: ["deploy"] }).files.map(({ change }) => change.path)).toEqual([".github/workflows/deploy.yml"]);
    expect(existsSync(join(root, ".github/workflows/check.yml"))).toBe(false);
  });

  test.each([
    [{ stacks: ["nowhere"] }, "--stack: there is no stack nowhere to deploy. Known stacks: dev, local, prod."],
    [{ stacks: ["local"] }, "--stack: local cannot be deployed by a pipeline: it runs on this machine."],
    [{ workflows: ["deplyo"] }, '--workflow: must be check, preview, deploy, drift, review, cleanup (got "deplyo").'],
    [
      { workflows: ["review"] },
      "--workflow: review cannot be generated, because no stack needs it. Review environments need stacks/Pulumi.review.yaml.",
    ],
    [{ forge: "gitlab" as const, workflows: ["check"] }, "--workflow: is for GitHub only. GitLab has one file with all jobs."],
  ])("%j is rejected", (options, message) => expect(() => generate(options)).toThrow(message));
});

describe("existing files", () => {
  const file = ".github/workflows/check.yml";
  let project: string;
  beforeEach(() => {
    enter(sampleProjects["local and kubernetes"]);
    project = process.cwd();
  });
  const states = (options: Partial<CiOptions> = {}) => again(project, options).files.map(({ change }) => change.state);

  test("a second run changes nothing, also with the line ends of Windows", () => {
    generate();
    expect(states()).toEqual(["unchanged", "unchanged", "unchanged", "unchanged"]);
    writeFileSync(join(root, file), text(file).replaceAll("\n", "\r\n"));
    expect(states()).toEqual(["changed", "unchanged", "unchanged", "unchanged"]);
  });

  test("a dry run writes nothing, and shows the lines", () => {
    const generated = generate({ dryRun: true });
    expect(existsSync(join(root, ".github"))).toBe(false);
    expect(formatCi(generated, "github", true)).toContain(
      "+ .github/workflows/check.yml\n    + # Generated by `slipway ci github`, sha256:",
    );
    const json = ciAsJson(generated, true) as { files: { content: string }[]; skipped: object };
    expect(json.files[0]!.content).toMatch(/^# Generated by/);
    expect(json.skipped).toEqual([{ stack: "local", reason: "it runs on this machine" }]);
  });

  test("a file that was edited since is reported, nothing is written, and --force overwrites it", () => {
    generate();
    const generated = text(file);
    writeFileSync(join(root, file), generated.replace("timeout-minutes: 30", "timeout-minutes: 60"));
    rmSync(join(root, ".github/workflows/deploy.yml"));
    expect(() => again(project)).toThrow(
      `Nothing was written:\n  - ${file}: was edited since slipway ci generated it. To overwrite it, set --force.`,
    );
    expect(existsSync(join(root, ".github/workflows/deploy.yml"))).toBe(false);
    expect(states({ force: true })).toEqual(["changed", "unchanged", "created", "unchanged"]);
    expect(text(file)).toBe(generated);
  });

  test("a file of somebody else is never overwritten", () => {
    generate();
    writeFileSync(join(root, file), "name: mine\n");
    for (const force of [false, true])
      expect(() => again(project, { force })).toThrow(
        `Nothing was written:\n  - ${file}: was not generated by slipway ci. Rename it, or name only the others with --workflow.`,
      );
    expect(text(file)).toBe("name: mine\n");
  });

  test("a generated file that no stack needs any more is named", () => {
    writeFileSync(join(project, "stacks/Pulumi.review.yaml"), readFileSync(join(project, "stacks/Pulumi.dev.yaml")));
    expect(generate().files).toHaveLength(6);
    rmSync(join(project, "stacks/Pulumi.review.yaml"));
    expect(again(project).notes).toEqual([
      ".github/workflows/review.yml: was generated, and no stack needs it any more. Delete it.",
      ".github/workflows/cleanup.yml: was generated, and no stack needs it any more. Delete it.",
    ]);
  });

  test("the pipeline of a project on GitLab stays, and includes the jobs", () => {
    writeFileSync(join(root, ".gitlab-ci.yml"), "test:\n  script: make\n");
    const { files, notes } = generate({ forge: "gitlab" });
    expect(files.map(({ change }) => [change.path, change.state])).toEqual([[".gitlab/slipway.yml", "created"]]);
    expect(notes).toEqual([".gitlab-ci.yml: is yours, and was not changed. Add to it:\n  include:\n    - local: .gitlab/slipway.yml"]);
    writeFileSync(join(root, ".gitlab-ci.yml"), "include:\n  - local: .gitlab/slipway.yml\n");
    expect(again(project, { forge: "gitlab" }).notes).toEqual([]);
  });
});

describe("for stacks on EKS", () => {
  beforeEach(() => enter(sampleProjects["three stacks on EKS"]));

  test("jobs get a role by OIDC in the region of the stack, another one for previews, and the Pulumi CLI", () => {
    generate();
    const roleOf = (job: Job) => job.steps.find(({ uses }) => uses?.startsWith("aws-actions/"))!.with;
    const { jobs } = workflow("deploy");
    expect(Object.keys(jobs)).toEqual(["deploy-dev", "deploy-staging", "deploy-prod"]);
    for (const job of Object.values(jobs)) {
      expect(roleOf(job)).toEqual({ "role-to-assume": "${{ vars.AWS_ROLE }}", "aws-region": "eu-central-1" });
      expect([job.permissions, job.env]).toEqual([{ contents: "read", "id-token": "write" }, { SLIPWAY_ENGINE: "pulumi" }]);
    }
    expect(roleOf(workflow("preview").jobs["preview"]!)).toEqual({
      "role-to-assume": "${{ vars.AWS_ROLE_TO_PREVIEW }}",
      "aws-region": "eu-central-1",
    });
    expect(workflow("check").jobs["check"]!.steps[1]!.with).toEqual({ "node-version-file": ".node-version", cache: "npm" });
  });

  test("drift is reported in one job with a matrix", () =>
    expect([generate().files.length, workflow("drift").jobs["drift"]!.strategy]).toEqual([
      4,
      { "fail-fast": false, matrix: { stack: ["dev", "staging", "prod"] } },
    ]));
});

describe("with review environments, in a folder of the repository", () => {
  beforeEach(() => enter(sampleProjects["review environments, in a folder"]));

  test("all steps run in the folder, with the lock file and the Go module of their places", () => {
    const { setUp } = generate();
    expect(workflow("deploy").defaults).toEqual({ run: { "working-directory": "deploy" } });
    const { steps } = workflow("check").jobs["check"]!;
    expect(steps.slice(1, 3).map((step) => step.with)).toEqual([
      { "node-version-file": "deploy/package.json", "package-manager-cache": false },
      { "go-version-file": "app/go.mod", cache: false },
    ]);
    expect(setUp[0]).toEqual({ kind: "file", name: "package-lock.json", meaning: "commit it, because npm ci installs what it names" });
    const [kubeconfig] = workflow("deploy").jobs["deploy-prod"]!.steps.filter(({ run }) => run?.startsWith("umask"));
    expect(kubeconfig!.run).toBe('umask 077\nmkdir -p "secrets"\nprintf \'%s\\n\' "$CONTENT" >"secrets/cluster.yaml"\n');
  });

  test("the template is not deployed; its environments come and go with pull requests, and by the clock", () => {
    generate();
    expect(Object.keys(workflow("deploy").jobs)).toEqual(["deploy-prod"]);
    const { jobs } = workflow("review");
    expect(Object.entries(jobs).map(([id, job]) => [id, job.if, commandsOf(job).at(-1)])).toEqual([
      [
        "up",
        "vars.SLIPWAY_PIPELINES == 'on' && github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository",
        "npx slipway review up --id ${{ github.event.pull_request.number }} --comment",
      ],
      [
        "up-from-fork",
        "vars.SLIPWAY_PIPELINES == 'on' && github.event.action == 'labeled' && github.event.label.name == 'review' && !(github.event.pull_request.head.repo.full_name == github.repository)",
        "npx slipway review up --id ${{ github.event.pull_request.number }} --comment",
      ],
      [
        "down",
        "vars.SLIPWAY_PIPELINES == 'on' && github.event.action == 'closed'",
        "npx slipway review down --id ${{ github.event.pull_request.number }} --comment",
      ],
    ]);
    expect(Object.values(jobs).map(({ steps }) => steps[0]!.with)).toEqual([
      { "persist-credentials": false },
      { ref: "${{ github.event.pull_request.head.sha }}", "allow-unsafe-pr-checkout": true, "persist-credentials": false },
      { "persist-credentials": false },
    ]);
    expect(commandsOf(workflow("cleanup").jobs["reap"]!).at(-1)).toBe("npx slipway review reap --closed");
  });
});

describe("with images that are signed", () => {
  const sign = (how: object) => ({ ...sampleProjects["local and kubernetes"], stacks: signedStacks(how) });
  const signedStacks = (how: object) =>
    Object.fromEntries(
      Object.entries(sampleProjects["local and kubernetes"].stacks).map(([name, config]) => [
        name,
        { ...config, "slipway:supplyChain": { sign: how } },
      ]),
    );
  const secrets = (id: string) =>
    workflow("deploy")
      .jobs[id]!.steps.map(({ env }) => env?.["SLIPWAY_KEY_PASSPHRASE"])
      .filter(Boolean);

  test("with a key, only what builds images gets its passphrase, and it is part of the set-up", () => {
    enter(sign({ key: "keys/slipway.key" }));
    const { setUp } = generate();
    expect(secrets("deploy-dev")).toEqual(["${{ secrets.SLIPWAY_KEY_PASSPHRASE }}"]);
    expect(JSON.stringify(workflow("preview"))).not.toContain("SLIPWAY_KEY_PASSPHRASE");
    expect(setUp.find(({ name }) => name === "SLIPWAY_KEY_PASSPHRASE")).toEqual({
      kind: "secret",
      name: "SLIPWAY_KEY_PASSPHRASE",
      meaning: "passphrase of the private key that signs images",
    });
  });

  test("without a key, the jobs that deploy get an identity", () => {
    enter(sign({ keyless: {} }));
    generate();
    expect(secrets("deploy-dev")).toEqual([]);
    expect(workflow("deploy").jobs["deploy-dev"]!.permissions).toMatchObject({ "id-token": "write" });
    expect(JSON.stringify(workflow("preview"))).not.toContain("id-token");
  });
});

describe("with a registry for each stack", () => {
  beforeEach(() => enter(sampleProjects["a registry for each stack"]));

  test("the job of a stack may pull from the registry of the one before it, and has no access to its cluster", () => {
    const { setUp } = generate();
    const { jobs } = workflow("deploy");
    const credentials = (id: string) =>
      Object.fromEntries(Object.entries(jobs[id]!.steps.find(({ env }) => env?.["IMAGES"])!.env!).slice(2));
    expect([jobs["deploy-staging"]!.permissions, credentials("deploy-staging")]).toEqual([
      { contents: "read", packages: "write" },
      {
        SLIPWAY_REGISTRY_USERNAME: "${{ github.actor }}",
        SLIPWAY_REGISTRY_PASSWORD: "${{ github.token }}",
        SLIPWAY_SOURCE_REGISTRY_USERNAME: "${{ vars.SLIPWAY_SOURCE_REGISTRY_USERNAME }}",
        SLIPWAY_SOURCE_REGISTRY_PASSWORD: "${{ secrets.SLIPWAY_SOURCE_REGISTRY_PASSWORD }}",
      },
    ]);
    expect([jobs["deploy-prod"]!.permissions, credentials("deploy-prod")]).toEqual([
      { contents: "read", packages: "read" },
      {
        SLIPWAY_REGISTRY_USERNAME: "${{ vars.SLIPWAY_REGISTRY_USERNAME }}",
        SLIPWAY_REGISTRY_PASSWORD: "${{ secrets.SLIPWAY_REGISTRY_PASSWORD }}",
        SLIPWAY_SOURCE_REGISTRY_USERNAME: "${{ github.actor }}",
        SLIPWAY_SOURCE_REGISTRY_PASSWORD: "${{ github.token }}",
      },
    ]);
    expect(setUp.flatMap(({ kind, name, meaning }) => (name.includes("REGISTRY") ? [`${kind} ${name}: ${meaning}`] : []))).toEqual([
      "variable SLIPWAY_REGISTRY_USERNAME: user who may push to dev.example.org, prod.example.org",
      "secret SLIPWAY_REGISTRY_PASSWORD: its password or token",
      "variable SLIPWAY_SOURCE_REGISTRY_USERNAME: user who may pull from dev.example.org in the environment staging",
      "secret SLIPWAY_SOURCE_REGISTRY_PASSWORD: its password or token",
    ]);
  });

  test("on GitLab, the images are a file of the job before", () => {
    const { setUp } = generate({ forge: "gitlab" });
    const jobs = parse(text(".gitlab-ci.yml")) as Record<
      string,
      { script: string[]; needs: string[]; artifacts?: object; variables: object }
    >;
    expect(["dev", "staging", "prod"].map((stack) => jobs[`deploy:${stack}`]!.script)).toEqual([
      [
        "npx slipway gate --stack dev",
        "npx slipway up --stack dev",
        "mkdir -p .slipway && npx slipway outputs --stack dev --images >.slipway/images.dev.json",
      ],
      [
        'npx slipway promote --from dev --to staging --images "$(cat .slipway/images.dev.json)" --now',
        "mkdir -p .slipway && npx slipway outputs --stack staging --images >.slipway/images.staging.json",
      ],
      ['npx slipway promote --from staging --to prod --images "$(cat .slipway/images.staging.json)" --now'],
    ]);
    expect(["dev", "staging", "prod"].map((stack) => jobs[`deploy:${stack}`]!.artifacts)).toEqual([
      { paths: [".slipway/images.dev.json"], expire_in: "30 days" },
      { paths: [".slipway/images.staging.json"], expire_in: "30 days" },
      undefined,
    ]);
    expect(setUp.flatMap(({ name, meaning }) => (name === "SLIPWAY_SOURCE_REGISTRY_USERNAME" ? [meaning] : []))).toEqual([
      "user who may pull from dev.example.org in the scope staging, from ghcr.io in the scope prod",
    ]);
  });
});

describe("on GitLab", () => {
  type Pipeline = Record<string, Record<string, unknown> & { rules: { if: string; when?: string }[] }>;
  const pipeline = () => parse(text(".gitlab-ci.yml")) as Pipeline;

  test("stacks are deployed one after the other, the last one by hand, each in its environment and resource group", () => {
    enter(sampleProjects["three stacks on EKS"]);
    generate({ forge: "gitlab" });
    const jobs = pipeline();
    expect(Object.keys(jobs)).toEqual([
      ".slipway",
      "check",
      ...["preview", "deploy", "drift"].flatMap((verb) => ["dev", "staging", "prod"].map((stack) => `${verb}:${stack}`)),
    ]);
    const deploys = ["dev", "staging", "prod"].map((stack) => jobs[`deploy:${stack}`]!);
    expect(deploys.map(({ needs, environment, resource_group, rules }) => [needs, environment, resource_group, rules[0]!.when])).toEqual([
      [["check"], { name: "dev" }, "dev", undefined],
      [["deploy:dev"], { name: "staging" }, "staging", undefined],
      [["deploy:staging"], { name: "prod" }, "prod", "manual"],
    ]);
    expect(deploys[0]).toMatchObject({ id_tokens: { SLIPWAY_AWS_TOKEN: { aud: "sts.amazonaws.com" } }, interruptible: false });
    expect(jobs[".slipway"]!["image"]).toBe("golang:1.25-trixie");
  });

  test("review environments stop with the merge request, and after three days", () => {
    enter(sampleProjects["review environments, in a folder"]);
    generate({ forge: "gitlab" });
    const jobs = pipeline();
    expect(jobs["review:up"]!["environment"]).toEqual({
      name: "review/$CI_MERGE_REQUEST_IID",
      on_stop: "review:down",
      auto_stop_in: "3 days",
    });
    expect(jobs["review:down"]!["environment"]).toEqual({ name: "review/$CI_MERGE_REQUEST_IID", action: "stop" });
    expect(jobs[".slipway"]).toEqual({
      image: "golang:1.26-trixie",
      before_script: [
        "command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends nodejs npm; }",
        "cd deploy",
        "npm ci --no-audit --no-fund",
      ],
    });
  });
});

test("a project of another package manager is rejected", () => {
  enter({ ...sampleProjects["local and kubernetes"], files: { "pnpm-lock.yaml": "" } });
  expect(() => generate()).toThrow(/^pnpm-lock\.yaml: the project uses pnpm, and slipway ci writes jobs for npm only\./);
});

test("without a project, the error says how to create one", () => {
  process.chdir(root);
  expect(() => generate()).toThrow("Pulumi.yaml: does not exist here. Run slipway in the folder of a project, or create one: slipway init");
});
