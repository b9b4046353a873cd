import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { Answer, HttpApi, type ApiRequest } from "../unit/http-api.ts";
import { Checkout, eventually, get, ports, type Run } from "./checkout.ts";
import { withContext } from "./kubeconfig.ts";
import { attacks, underLoad } from "./load.ts";
import { sharedCheckout } from "./shared-stack.ts";

// A rollback of a stack on a real cluster to a release in a real git repository. The tests do not prove that a forge merges what is proposed.

const staging = "integration-rollback-staging";
const prod = "integration-rollback-prod";
const host = "rollback.localhost";
const stackFile = `stacks/Pulumi.${prod}.yaml`;
const lockFile = `stacks/slipway-lock.${prod}.yaml`;
const running = new AsyncDisposableStack();
let checkout: Checkout;
/** The same folder, with another stack. */
let target: Checkout;

const service = (more: object) => ({ source: "app", replicas: 1, ingressClassName: "traefik", ...more });
const settings = { context: "someone", kubeconfig: "cluster.yaml", ports: { http: ports.http } };
const configureProd = (replicas: number, refuse: string[] = []) =>
  target.configure(
    { web: service({ host, replicas }) },
    { ...settings, registry: `127.0.0.1:${ports.registry}/rollback-prod` },
    { "slipway:gate": { refuse } },
  );
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], {
    cwd: checkout.folder,
    encoding: "utf8",
  }).trim();
const commit = (message: string) => {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
};
const file = (name: string) => readFileSync(join(checkout.folder, name), "utf8");
const rollback = (options: string[], env: Record<string, string> = {}): Promise<Run> =>
  checkout.only(["rollback", "--stack", prod, ...options], env);
const promote = (): Promise<Run> => checkout.only(["promote", "--from", staging, "--to", prod, "--now"]);
const imageOf = async () => (JSON.parse((await target.run("outputs")).out) as { images: { web: string } }).images.web;
const greets = (greeting: string) =>
  eventually(
    () => get(host),
    ({ body }) => body === `Hello ${greeting}\n`,
  );

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  checkout = running.use(new Checkout(staging, "kubernetes"));
  target = new Checkout(prod, "kubernetes", checkout.folder);
  running.defer(async () => void (await target.run("down")));
  const kubeconfig = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(kubeconfig, "someone"));
  checkout.configure(
    { web: service({ host: "rollback-staging.localhost" }) },
    { ...settings, registry: `127.0.0.1:${ports.registry}/rollback-staging` },
  );
  git("init", "--quiet", "--initial-branch=main");
  // Two releases, with other images and other settings.
  for (const [i, greeting] of ["World", "Later"].entries()) {
    if (i > 0) checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello Later"');
    configureProd(2 - i);
    commit(greeting);
    expect(await checkout.run("up")).toMatchObject({ code: 0 });
    expect(await promote()).toMatchObject({ code: 0 });
    await greets(greeting);
  }
  commit("Promoted");
});
afterAll(() => running.disposeAsync());

test("a gate of today that is closed leaves files and stack as they are", async () => {
  configureProd(1, ["rolling update"]);
  commit("Refuse");
  const before = [file(stackFile), file(lockFile)];
  const { code, out } = await rollback(["--to", "1", "--now"]);
  expect([code, out]).toEqual([3, expect.stringContaining("Nothing was changed: the files of the stack are as they were.\n")]);
  expect([file(stackFile), file(lockFile)]).toEqual(before);
  expect((await get(host)).body).toBe("Hello Later\n");
  configureProd(1);
  commit("Allow");
});

test("a rollback to a release deploys its image and its settings, and fails no request", async () => {
  const replaced = await imageOf();
  const loads = await underLoad(host, attacks, async () => {
    const { code, out } = await rollback(["--to", "1", "--now", "--reason", "slow"]);
    expect([code, out]).toEqual([0, expect.stringContaining(`Commit ${stackFile} and ${lockFile}\n`)]);
    await greets("World");
  });
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  const { config } = parse(file(stackFile)) as { config: { "slipway:services": { web: { replicas: number } } } };
  expect(config["slipway:services"].web.replicas).toBe(2);
  const { promoted, held } = parse(file(lockFile)) as { promoted: object; held: { web: object[] } };
  expect(promoted).toMatchObject({ web: { image: await imageOf(), from: prod, deployment: 1 } });
  expect(held.web).toMatchObject([{ image: replaced, deployment: 2, from: staging, reason: "slow" }]);
  commit("Roll back");
});

test("the next deployment keeps the release, although the source is a newer one", async () => {
  const image = await imageOf();
  expect(await target.run("up")).toMatchObject({ code: 0 });
  expect(await imageOf()).toBe(image);
  expect((await get(host)).body).toBe("Hello World\n");
});

test("what was rolled back is not promoted until it is released", async () => {
  const before = file(lockFile);
  const rejected = await promote();
  expect([rejected.code, rejected.out]).toEqual([
    1,
    expect.stringMatching(
      new RegExp(
        `Nothing was promoted from "${staging}" to "${prod}":\n  - web: sha256:[0-9a-f]{64} was rolled back in stack "${prod}" on \\S+ by .+ \\(slow\\)\\. Promote another image, or allow this one again: slipway rollback --stack ${prod} --unhold web`,
      ),
    ),
  ]);
  expect(file(lockFile)).toBe(before);
  const released = await rollback(["--unhold", "web"]);
  expect([released.code, released.out]).toEqual([
    0,
    `web can be promoted again, with every image in stack "${prod}".\nCommit ${lockFile}\n`,
  ]);
  expect(await promote()).toMatchObject({ code: 0 });
  await greets("Later");
  commit("Promote again");
});

test("in a pipeline, a pull request has the files, and nothing is deployed", async () => {
  configureProd(1);
  commit("One replica");
  using api = await new HttpApi().open("tcp");
  const repository = "/repos/me/shop";
  const content = (name: string) => ({ type: "file", content: Buffer.from(file(name)).toString("base64"), sha: "blob" });
  api.answers = {
    [`GET ${repository}`]: { default_branch: "main" },
    [`GET ${repository}/contents/${encodeURIComponent(stackFile)}`]: content(stackFile),
    [`GET ${repository}/contents/${encodeURIComponent(lockFile)}`]: content(lockFile),
    [`GET ${repository}/git/ref/heads%2Fmain`]: { object: { sha: "base" } },
    [`POST ${repository}/git/trees`]: { sha: "tree" },
    [`POST ${repository}/git/commits`]: { sha: "commit" },
    [`POST ${repository}/git/refs`]: {},
    [`GET ${repository}/git/ref/${encodeURIComponent(`heads/slipway/roll-back-${prod}`)}`]: new Answer(404, "{}"),
    [`GET ${repository}/pulls`]: [],
    [`POST ${repository}/pulls`]: { html_url: "https://github.example/me/shop/pull/9" },
  };
  const github = { GITHUB_REPOSITORY: "me/shop", GITHUB_TOKEN: "t0ken", GITHUB_API_URL: api.host };
  const { code, out } = await rollback(["--to", "1"], github);
  expect([code, out]).toEqual([0, expect.stringContaining("pull request: https://github.example/me/shop/pull/9\n")]);
  const [tree, , , request] = api.changes.map(({ body }: ApiRequest) => body as Record<string, unknown>);
  expect(tree!["tree"]).toEqual([
    { path: stackFile, mode: "100644", type: "blob", content: file(stackFile) },
    { path: lockFile, mode: "100644", type: "blob", content: file(lockFile) },
  ]);
  expect(request).toMatchObject({ title: `Roll back ${prod} to deployment 1`, base: "main" });
  expect((await get(host)).body).toBe("Hello Later\n");
});
