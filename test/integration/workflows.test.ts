import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PatchStrategy } from "@kubernetes/client-node";
import { startGitLab } from "../forge-servers.ts";
import { gitlabCi } from "../gitlab-ci-local.ts";
import type { KubernetesCluster } from "../../lib/kubernetes-client.ts";
import { ActRepository } from "./act.ts";
import { Checkout, eventually, get, passphraseVariable, ports } from "./checkout.ts";
import { withContext } from "./kubeconfig.ts";
import { sharedCheckout } from "./shared-stack.ts";

// The workflows that slipway ci generates, run by nektos/act on this machine: a stack on the cluster of another stack, from the first push to a
// deployment after a merge. The tests do not prove what only GitHub has: OIDC, approvals, concurrency groups, and tokens with fewer permissions.

const name = "integration-workflows";
const host = "workflows.localhost";
const web = { source: "app", host, replicas: 1, ingressClassName: "traefik" };
const preview = `preview-${name}`;
const deploy = `deploy-${name}`;

const merge = PatchStrategy.StrategicMergePatch;

const running = new AsyncDisposableStack();
let checkout: Checkout;
/** The same folder, with the stack after the first one. */
let production: Checkout;
let repository: ActRepository;
let cluster: KubernetesCluster;

/** Writes the stack file. Without a gate, it is the default one. */
const configure = (gate?: object) => {
  checkout.configure({ web }, { context: "someone", registry: `127.0.0.1:${ports.registry}/team`, ports: { http: ports.http } });
  if (gate) checkout.edit(`stacks/Pulumi.${name}.yaml`, "config:\n", `config:\n  slipway:gate: ${JSON.stringify(gate)}\n`);
};
/** For commands that a person runs. Jobs reach the cluster by a secret. */
const clusterVariable = () => {
  const file = join(checkout.folder, ".slipway/cluster.yaml");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, repository.secrets["KUBECONFIG"]!);
  return { KUBECONFIG: file };
};
/** What a project on GitLab has as variables, and its jobs too. */
const gitlabVariables = (server: string) => ({
  ...passphraseVariable,
  ...clusterVariable(),
  SLIPWAY_PIPELINES: "on",
  GITLAB_TOKEN: "t0ken",
  CI_API_V4_URL: `${server}/api/v4`,
  CI_PROJECT_ID: "9",
  CI_PROJECT_PATH: "me/shop",
});
const pushToMain = { CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: "main", CI_DEFAULT_BRANCH: "main" };
const answer = () => get(host);
const greets = (greeting: string) =>
  eventually(answer, ({ status, body }) => status === 200 && body === `Hello ${greeting}\n`).then(({ body }) => body);

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  cluster = await shared.cluster();
  checkout = running.use(new Checkout(name, "kubernetes"));
  production = new Checkout(`${name}-prod`, "kubernetes", checkout.folder);
  // Only the stack of the test, and one that pipelines leave out. The project's own check, and its types, take a minute each time.
  for (const stack of ["dev", "staging", "prod", "docker", "swarm"]) rmSync(join(checkout.folder, `stacks/Pulumi.${stack}.yaml`));
  rmSync(join(checkout.folder, ".github"), { recursive: true });
  checkout.edit("package.json", '"check":', '"check-all":');
  writeFileSync(join(checkout.folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { types: [] }, files: ["types.d.ts"] }));
  writeFileSync(join(checkout.folder, "types.d.ts"), "");
  configure();
  repository = running.use(await ActRepository.create(checkout.folder));
  const kubeconfig = withContext(readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8"), "someone");
  Object.assign(repository.secrets, passphraseVariable, { KUBECONFIG: kubeconfig, KUBECONFIG_TO_PREVIEW: kubeconfig });
  execFileSync(join(checkout.folder, "slipway"), ["ci", "github"], { stdio: "ignore" });
});
afterAll(async () => {
  await checkout.run("down", clusterVariable());
  await running.disposeAsync();
});

test("the first push is checked, and nothing is deployed before the repository is set up", async () => {
  const { jobs, out } = await repository.push("Add the project");
  expect([jobs, out]).toEqual([{ check: "success" }, expect.stringContaining(`✓ stack ${name}: valid`)]);
  repository.vars["SLIPWAY_PIPELINES"] = "on";
});

test("a pull request gets one comment with the impact, which its next push replaces", async () => {
  const opened = await repository.pullRequest(1, "opened");
  expect([opened.jobs, opened.out]).toEqual([
    { check: "success", [preview]: "success" },
    expect.stringContaining("created the comment on #1 of me/shop"),
  ]);
  const [comment] = repository.api.comments[1]!;
  expect(comment!.body).toMatch(new RegExp(`^<!-- slipway-report: ${name} -->\n### <code>${name}</code>: access change · gate open`));
  expect(readFileSync(join(repository.artifacts, `report-${name}/report.html`), "utf8")).toContain(name);
  checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello Review"');
  const next = await repository.pullRequest(1, "synchronize");
  expect([next.jobs, next.out]).toEqual([
    { check: "success", [preview]: "success" },
    expect.stringContaining("updated the comment on #1 of me/shop"),
  ]);
  expect(repository.api.comments[1]!.map(({ id }) => id)).toEqual([comment!.id]);
  expect([...repository.api.tokens]).toEqual(["authorization: token t0ken-of-the-run"]);
});

test("a merge deploys the stack, which answers", async () => {
  const { jobs, out } = await repository.merge(1);
  expect([jobs, out]).toEqual([
    { check: "success", [deploy]: "success" },
    expect.stringContaining(`web  http://${host}:${ports.http}/  answers HTTP 200`),
  ]);
  expect(await greets("Review")).toBe("Hello Review\n");
  // The kubeconfig is printed nowhere.
  expect(out).not.toContain("client-key-data");
});

test("a closed gate fails the pull request, and stops the deployment if it is merged nevertheless", async () => {
  checkout.edit("app/settings.go", 'greeting: "Hello Review"', 'greeting: "Hello Gate"');
  configure({ refuse: ["rolling update"] });
  const opened = await repository.pullRequest(2, "opened");
  expect([opened.jobs, opened.out]).toEqual([
    { check: "success", [preview]: "failure" },
    expect.stringContaining(`gate of stack "${name}": closed`),
  ]);
  expect(repository.api.comments[2]!.map(({ body }) => body)).toEqual([expect.stringContaining("**gate closed**")]);
  const merged = await repository.merge(2);
  expect([merged.jobs, merged.out]).toEqual([
    { check: "success", [deploy]: "failure" },
    expect.stringContaining(`gate of stack "${name}": closed`),
  ]);
  expect(merged.out).not.toContain("up of stack");
  expect(await greets("Review")).toBe("Hello Review\n");
});

test("a pull request from a fork is checked without secrets, and gets no preview", async () => {
  const { jobs } = await repository.pullRequest(3, "opened", { fork: true });
  expect(jobs).toEqual({ check: "success" });
  expect(repository.api.comments[3]).toBeUndefined();
});

test("the pipeline on GitLab posts one note, and deploys", async () => {
  await using server = await startGitLab();
  repository.git("checkout", "--quiet", "main");
  configure();
  execFileSync(join(checkout.folder, "slipway"), ["ci", "gitlab"], { stdio: "ignore" });
  const project = gitlabVariables(server.url);
  const request = {
    ...project,
    CI_PIPELINE_SOURCE: "merge_request_event",
    CI_MERGE_REQUEST_IID: "7",
    CI_MERGE_REQUEST_PROJECT_ID: "9",
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "9",
  };
  for (const did of ["created", "updated"]) {
    const { code, out } = await gitlabCi(checkout.folder, request);
    expect([code, out]).toEqual([0, expect.stringContaining(`${did} the comment on !7 of me/shop`)]);
  }
  expect(server.comments[7]!.map(({ body }) => body.split("\n")[0])).toEqual([`<!-- slipway-report: ${name} -->`]);
  expect(await greets("Review")).toBe("Hello Review\n");
  const { code, out } = await gitlabCi(checkout.folder, { ...project, ...pushToMain });
  expect([code, out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
  expect(await greets("Gate")).toBe("Hello Gate\n");
});

describe("with a template of review environments", () => {
  const reviewHost = (id: number) => `pr-${id}.reviewed.localhost`;
  const answers = (id: number) => get(reviewHost(id));
  const environments = async () => {
    const namespaces = await cluster.select("v1", "Namespace", undefined, "dev.slipway/review=review");
    return namespaces.filter(({ metadata }) => metadata?.deletionTimestamp === undefined).map(({ metadata }) => metadata?.name);
  };

  beforeAll(async () => {
    repository.git("checkout", "--quiet", "main");
    const template = {
      "slipway:platform": "kubernetes",
      "slipway:review": { ttl: "2h" },
      "slipway:kubernetes": { context: "someone", registry: `127.0.0.1:${ports.registry}/review`, ports: { http: ports.http } },
      "slipway:services": { web: { source: "app", host: "reviewed.localhost", ingressClassName: "traefik" } },
    };
    writeFileSync(join(checkout.folder, "stacks/Pulumi.review.yaml"), JSON.stringify({ config: template }));
    execFileSync(join(checkout.folder, "slipway"), ["ci", "github"], { stdio: "ignore" });
    await repository.push("Add review environments");
  });

  test("a pull request that is opened is deployed and answers, and its URL is posted", async () => {
    const { jobs, out } = await repository.pullRequest(4, "opened");
    expect([jobs["up"], out]).toEqual(["success", expect.stringContaining("created the comment on #4 of me/shop")]);
    expect((await answers(4)).status).toBe(200);
    const comments = repository.api.comments[4]!.map(({ body }) => body);
    expect(comments).toContainEqual(
      expect.stringContaining(
        `### Review environment 4\n\n| Service | URL | Answer |\n| --- | --- | --- |\n| web | http://${reviewHost(4)}:${ports.http}/ | HTTP 200 |`,
      ),
    );
  });

  test("a push to it is deployed to the same environment, and one that is closed is removed", async () => {
    checkout.edit("app/settings.go", 'greeting: "Hello Gate"', 'greeting: "Goodbye Gate"');
    const { jobs } = await repository.pullRequest(4, "synchronize");
    expect(jobs["up"]).toBe("success");
    expect(
      (
        await eventually(
          () => answers(4),
          ({ body }) => body.startsWith("Goodbye"),
        )
      ).status,
    ).toBe(200);
    expect(await environments()).toEqual(["slipway-review-4"]);
    const closed = await repository.trusted(4, "closed");
    expect([closed.jobs, closed.out]).toEqual([{ down: "success" }, expect.stringContaining("environment 4 is deleted")]);
    expect(await environments()).toEqual([]);
  });

  test("one from a fork is only deployed once a maintainer labels it, and the cleanup removes it when it is no longer open", async () => {
    repository.git("checkout", "--quiet", "main");
    const opened = await repository.pullRequest(5, "opened", { fork: true });
    expect([opened.jobs["up"], await environments()]).toEqual([undefined, []]);
    const other = await repository.trusted(5, "labeled", { fork: true, label: "bug" });
    expect([other.jobs, await environments()]).toEqual([{}, []]);
    const labeled = await repository.trusted(5, "labeled", { fork: true, label: "review" });
    expect(labeled.jobs).toEqual({ "up-from-fork": "success" });
    expect((await answers(5)).status).toBe(200);
    const kept = await repository.scheduled("cleanup");
    expect([kept.jobs, kept.out]).toEqual([{ reap: "success" }, expect.stringContaining("1 environment stays (5)")]);
    // The pipeline of the event was lost.
    repository.api.open = repository.api.open.filter((number) => number !== 5);
    const removed = await repository.scheduled("cleanup");
    expect([removed.jobs, removed.out]).toEqual([{ reap: "success" }, expect.stringContaining("5  not open, deleted")]);
    expect(await environments()).toEqual([]);
  });
});

describe("with a stack after the first one", () => {
  const second = { name: `${name}-prod`, host: "production.localhost", deploy: `${deploy}-prod` };
  const configureProduction = (gate: object = {}) =>
    production.configure(
      { web: { ...web, host: second.host } },
      { context: "someone", registry: `127.0.0.1:${ports.registry}/production`, ports: { http: ports.http } },
      { "slipway:gate": { refuse: [], ...gate } },
    );
  const deploymentIn = (stack: string) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: `slipway-${stack}` },
  });
  /** The image that the cluster runs. */
  const liveDigest = async (stack: string) => {
    const found = (await cluster.find(deploymentIn(stack)))!;
    return (found["spec"].template.spec.containers[0].image as string).split("@")[1]!;
  };
  const bodyOf = async (of: string) => (await get(of)).body;
  const isBuilt = /RegistryPush web|compile/;

  beforeAll(() => {
    repository.git("checkout", "--quiet", "main");
    for (const file of ["stacks/Pulumi.review.yaml", ".github/workflows/review.yml", ".github/workflows/cleanup.yml"])
      rmSync(join(checkout.folder, file));
    configureProduction();
    execFileSync(join(checkout.folder, "slipway"), ["ci", "github"], { stdio: "ignore" });
  });
  afterAll(async () => void (await production.run("down", clusterVariable())));

  test("a merge is deployed to the first stack, and then the same image to the second one, without another build", async () => {
    checkout.edit("app/settings.go", 'greeting: "Hello Gate"', 'greeting: "Hello Chain"');
    const opened = await repository.pullRequest(6, "opened");
    expect([opened.jobs, repository.api.comments[6]!.length]).toEqual([{ check: "success", preview: "success" }, 2]);
    const { jobs, outOf } = await repository.merge(6);
    expect(jobs).toEqual({ check: "success", [deploy]: "success", [second.deploy]: "success" });
    expect(await greets("Chain")).toBe("Hello Chain\n");
    expect(await bodyOf(second.host)).toBe("Hello Chain\n");
    const digest = await liveDigest(name);
    expect(await liveDigest(second.name)).toBe(digest);
    expect([outOf[deploy], outOf[second.deploy]]).toEqual([expect.stringMatching(isBuilt), expect.not.stringMatching(isBuilt)]);
    expect(outOf[second.deploy]).toContain(`  web  ${digest.slice(0, 19)}  → 127.0.0.1:${ports.registry}/production/web`);
    // Nothing but the copy.
    const tags = await fetch(`http://127.0.0.1:${ports.registry}/v2/production/web/tags/list`);
    expect(await tags.json()).toEqual({ name: "production/web", tags: [`${name}-${digest.slice("sha256:".length).slice(0, 12)}`] });
    const { out } = await production.run("history", clusterVariable(), ["--json"]);
    const [{ commit }] = (JSON.parse(out) as { deployments: [{ commit: object }] }).deployments;
    expect(commit).toEqual({ sha: repository.git("rev-parse", "main"), branch: "main", dirty: false });
  });

  test("a closed gate of the second stack stops the promotion, and the first stack keeps what it got", async () => {
    checkout.edit("app/settings.go", 'greeting: "Hello Chain"', 'greeting: "Hello Stop"');
    configureProduction({ refuse: ["rolling update"] });
    const before = await liveDigest(second.name);
    const { jobs, outOf } = await repository.push("Say stop");
    expect(jobs).toEqual({ check: "success", [deploy]: "success", [second.deploy]: "failure" });
    expect(outOf[second.deploy]).toContain(`gate of stack "${second.name}": closed`);
    expect(outOf[second.deploy]).not.toContain("up of stack");
    expect(await greets("Stop")).toBe("Hello Stop\n");
    expect([await bodyOf(second.host), await liveDigest(second.name)]).toEqual(["Hello Chain\n", before]);
  });

  test("a change by hand opens an issue and fails the drift workflow, which closes the issue once the change is restored", async () => {
    await cluster.patch({ ...deploymentIn(second.name), spec: { replicas: 2 } }, undefined, undefined, "kubectl-scale", undefined, merge);
    const found = await repository.scheduled("drift");
    expect(found.jobs).toEqual({ drift: "failure" });
    const issues = () => repository.api.issues.map(({ number, title, state }) => [number, title, state]);
    expect(issues()).toEqual([[1001, `Drift of stack ${second.name}`, "open"]]);
    expect(repository.api.issues[0]!.body).toContain("kubectl-scale");
    expect(await production.run("drift", clusterVariable(), ["--fix"])).toMatchObject({ code: 0 });
    const restored = await repository.scheduled("drift");
    expect([restored.jobs, issues()]).toEqual([{ drift: "success" }, [[1001, `Drift of stack ${second.name}`, "closed"]]]);
    expect(repository.api.comments[1001]!.map(({ body }) => body)).toEqual([`Stack \`${second.name}\` has no drift any more.`]);
  });

  test("on GitLab, somebody starts the second deployment, which gets the image of the first one", async () => {
    await using server = await startGitLab();
    configureProduction();
    execFileSync(join(checkout.folder, "slipway"), ["ci", "gitlab"], { stdio: "ignore" });
    const variables = { ...gitlabVariables(server.url), ...pushToMain };
    const { code, out } = await gitlabCi(checkout.folder, variables, "--manual", `deploy:${second.name}`);
    const digest = await liveDigest(name);
    expect([code, out]).toEqual([0, expect.stringContaining(`  web  ${digest.slice(0, 19)}  → `)]);
    expect([await bodyOf(second.host), await liveDigest(second.name)]).toEqual(["Hello Stop\n", digest]);
  });
});
