import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import packageDescription from "../../package.json" with { type: "json" };
import { startApiServer, type ApiServer } from "./api-server.ts";
import { Checkout, otherPort, passphraseVariable, type Run } from "./checkout.ts";
import { StateApi } from "./state-api.ts";

// The history of a stack in a real Kubernetes API and in a file. The programs create ConfigMaps only, so that no nodes are needed.

const name = "integration-history";
/** As in a pipeline. */
const env = {
  ...passphraseVariable,
  GITHUB_ACTOR: "grace",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/shop",
  GITHUB_RUN_ID: "4711",
  GITHUB_SHA: "6e04de1c9a72f1c1f6d2a4b1b0c3d4e5f6a7b8c9",
  GITHUB_REF_NAME: "main",
  GITHUB_HEAD_REF: "",
  SLIPWAY_ENVIRONMENT: "production",
};
/** For runs that die: the next one waits until their lock expires. */
const dying = { ...env, SLIPWAY_LEASE_SECONDS: "5" };
const settings = { context: "state", kubeconfig: "cluster.json", registry: "127.0.0.1:1/none" };
const running = new AsyncDisposableStack();
let api: ApiServer;
let state: StateApi;
/** The same stack from two machines: each has a checkout of its own, which is not in git. */
let one: Checkout;
let other: Checkout;

beforeAll(async () => {
  api = running.use(await startApiServer("slipway-integration-history", otherPort + 5));
  state = running.use(await StateApi.start(api));
  await api.cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "objects" } });
  [one, other] = [newCheckout(), newCheckout()];
});
afterAll(() => running.disposeAsync());
beforeEach(async () => {
  state.onWrite = () => {};
  // Each test has a history of its own.
  program({});
  await one.run("down", env);
  for (const { metadata } of await secrets()) await api.cluster.remove({ apiVersion: "v1", kind: "Secret", metadata }, 60);
});

function newCheckout(): Checkout {
  const checkout = new Checkout(name, "kubernetes");
  // Its objects are deleted with the API server.
  running.defer(() => rmSync(checkout.folder, { recursive: true }));
  writeFileSync(join(checkout.folder, "cluster.json"), state.kubeconfig);
  checkout.configure({}, settings);
  return checkout;
}

const imageOf = (digit: string) => `registry.example.org/web@sha256:${digit.repeat(64)}`;

/** Writes a program that creates ConfigMaps with these names and values, in both checkouts. */
function program(configMaps: Record<string, string>, digit = "a"): void {
  const text = `
    import * as k8s from "@pulumi/kubernetes";
    import * as pulumi from "@pulumi/pulumi";
    export default async () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "cluster.json", context: "state" });
      for (const [name, value] of Object.entries(${JSON.stringify(configMaps)}))
        new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace: "objects" }, data: { value, password: pulumi.secret("s3cret-" + value) } }, { provider });
      return { images: { web: "${imageOf(digit)}" }, password: pulumi.secret("s3cret") };
    };`;
  for (const { folder } of [one, other]) writeFileSync(join(folder, "index.ts"), text);
}

const secrets = async () => (await api.cluster.list<Manifest>("v1", "Secret", "slipway-state")).items;
const isHistory = ({ metadata }: Manifest) => metadata!.labels?.["dev.slipway/history"] !== undefined;
const up = (checkout: Checkout) => checkout.run("up", env);
async function historyOf(checkout: Checkout): Promise<Deployment[]> {
  const { code, out } = await checkout.run("history", env, ["--json"]);
  expect([code, out]).toEqual([0, expect.stringMatching(/^\{/)]);
  return (JSON.parse(out) as { deployments: Deployment[] }).deployments;
}
const results = async (checkout: Checkout) => (await historyOf(checkout)).map(({ id, command, result }) => `${id} ${command} ${result}`);
function expectSuccess({ code, out }: Run, containing = ""): void {
  expect([code, out]).toEqual([0, expect.stringContaining(containing)]);
}
const noChanges = { created: 0, updated: 0, replaced: 0, deleted: 0, unchanged: 0, failed: 0 };

test("two machines see the same history: what changed, from which commit, by whom and in which CI run", async () => {
  program({ a: "1", b: "1" });
  expectSuccess(await up(one));
  // Nothing changes, so nothing is recorded.
  expectSuccess(await up(other), "2 unchanged");
  program({ a: "2", c: "1" }, "b");
  expectSuccess(await up(other));
  program({ a: "2", c: "1", "Not-a-name": "1" }, "c");
  expect(await up(one)).toMatchObject({ code: 1 });
  const all = await historyOf(one);
  expect(await historyOf(other)).toEqual(all);
  const shared = {
    command: "up",
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    seconds: expect.any(Number) as number,
    commit: { sha: env.GITHUB_SHA, branch: "main" },
    actor: "grace",
    ci: "https://github.com/acme/shop/actions/runs/4711",
    environment: "production",
    slipway: packageDescription.version,
  };
  expect(all).toEqual([
    {
      ...shared,
      id: 3,
      result: "failed",
      changes: { ...noChanges, unchanged: 2, failed: 1 },
      impact: "nothing",
      impacts: [expect.objectContaining({ resource: "ConfigMap Not-a-name", operation: "create" })],
    },
    {
      ...shared,
      id: 2,
      result: "succeeded",
      changes: { ...noChanges, created: 1, updated: 1, deleted: 1 },
      impact: expect.any(String) as string,
      impacts: expect.arrayContaining([expect.objectContaining({ resource: "ConfigMap a", operation: "update" })]) as object[],
      images: { web: imageOf("b") },
    },
    {
      ...shared,
      id: 1,
      result: "succeeded",
      changes: { ...noChanges, created: 2 },
      impact: "nothing",
      impacts: expect.any(Array) as object[],
      images: { web: imageOf("a") },
    },
  ]);
  const { out } = await other.run("history", env);
  expect(out.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["ID", "WHEN", "AGE", "COMMAND", "RESULT", "TIME", "COMMIT", "BY", "CHANGES", "IMPACT"],
    ["3", expect.any(String), expect.any(String), "up", "failed", expect.any(String), "6e04de1", "grace", "✗1", "nothing"],
    ["2", expect.any(String), expect.any(String), "up", "succeeded", expect.any(String), "6e04de1", "grace", "+1 ~1 -1", all[1]!.impact],
    ["1", expect.any(String), expect.any(String), "up", "succeeded", expect.any(String), "6e04de1", "grace", "+2", "nothing"],
    [""],
  ]);
  expect((await one.run("history 2", env)).out).toMatch(
    new RegExp(`^up 2 of stack "${name}"\n  result       succeeded\n[^]*\n  images\n    web  ${imageOf("b")}\n$`),
  );
});

test("the history is encrypted as the state is, has no secrets, and outlives the stack", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  program({ a: "2" });
  expectSuccess(await up(one));
  expectSuccess(await one.run("down", env));
  const left = await secrets();
  expect([left.length, left.every(isHistory)]).toEqual([1, true]);
  const bytes = Buffer.from(left[0]!["data"].state as string, "base64");
  expect([bytes.includes("grace"), bytes.subarray(0, 2).toString("hex")]).toEqual([false, expect.not.stringMatching("1f8b")]);
  expect(JSON.stringify(await historyOf(other))).not.toContain("s3cret");
  expect(await other.run("history", { ...env, PULUMI_CONFIG_PASSPHRASE: "wrong" })).toMatchObject({
    code: 1,
    out: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE is not the passphrase") as string,
  });
  expect(await results(other)).toEqual(["3 down succeeded", "2 up succeeded", "1 up succeeded"]);
  // A new stack of the same name has a new state, and continues the history.
  expectSuccess(await up(other));
  expect((await results(one))[0]).toBe("4 up succeeded");
});

test("after SIGKILL at any write of the history, the next run completes the stack and marks what was interrupted", async () => {
  const found: string[][] = [];
  let killed = true;
  for (let n = 1; killed; n++) {
    program({ a: String(n) });
    killed = false;
    let writes = 0;
    state.onWrite = ({ path, method }) => {
      if (!path.includes("-history") && !(method === "POST" && path.endsWith("/secrets"))) return;
      if (++writes !== n || killed) return;
      killed = true;
      process.kill(-first.pid!, "SIGKILL");
    };
    const first = one.start("up", dying);
    await first.run;
    state.onWrite = () => {};
    expectSuccess(await up(other));
    const { items } = await api.cluster.list<Manifest>("v1", "ConfigMap", "objects");
    expect([n, items.find(({ metadata }) => metadata?.name === "a")!["data"].value]).toEqual([n, String(n)]);
    found.push(await results(one));
  }
  // A write that was on its way when the run was killed still arrives.
  expect(found.at(-1)!.filter((line) => line.endsWith("running"))).toEqual([]);
  expect(found.at(-1)!.filter((line) => line.endsWith("interrupted")).length).toBeGreaterThanOrEqual(2);
  expect(found.length).toBeGreaterThanOrEqual(5);
  // Nothing that was recorded is lost.
  for (const [i, lines] of found.slice(1).entries()) expect(lines.slice(-found[i]!.length)).toEqual(found[i]);
});

test("a run that was killed between its writes is shown as interrupted after the next one", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  program({ a: "2" });
  let began = false;
  state.onWrite = ({ path }) => {
    const isHistory = path.includes("-history");
    began ||= isHistory;
    if (isHistory || !began) return;
    state.onWrite = () => {};
    process.kill(-first.pid!, "SIGKILL");
  };
  const first = one.start("up", dying);
  await first.run;
  expect(await results(other)).toEqual(["2 up running", "1 up succeeded"]);
  expectSuccess(await up(other));
  expect((await results(one)).slice(-2)).toEqual(["2 up interrupted", "1 up succeeded"]);
});

test("a run whose lock was taken over does not overwrite the history of the other", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  program({ a: "2" });
  const stopped = Promise.withResolvers<void>();
  state.onWrite = ({ path, moment }) => {
    if (!path.includes("-history") || moment !== "after") return;
    state.onWrite = () => {};
    process.kill(-first.pid!, "SIGSTOP");
    stopped.resolve();
  };
  const first = one.start("up", dying);
  await stopped.promise;
  program({ a: "3" });
  await new Promise((wake) => setTimeout(wake, 6000));
  expectSuccess(await up(other));
  process.kill(-first.pid!, "SIGCONT");
  expect(await first.run).toMatchObject({ code: 1, out: expect.stringContaining("the lock was lost") as string });
  expect(await results(other)).toEqual(["3 up succeeded", "2 up interrupted", "1 up succeeded"]);
});

test("a damaged history does not stop a deployment: it is kept, and a new one begins", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  const damaged = (await secrets()).find(isHistory)!;
  const { metadata } = damaged;
  await api.cluster.merge({ apiVersion: "v1", kind: "Secret", metadata: metadata!, data: { state: btoa("damaged, for a test of it") } });
  expect(await one.run("history", env)).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      new RegExp(`^error: Secret slipway-state/${metadata!.name}: cannot be read \\(.*\\)\\. Restore it from a backup, or delete it\\.\n$`),
    ) as string,
  });
  program({ a: "2" });
  expectSuccess(await up(one), `It is kept in Secret slipway-state/${metadata!.name}-damaged.`);
  expect(await results(other)).toEqual(["1 up succeeded"]);
  expect((await secrets()).filter(isHistory).length).toBe(2);
});

test("a history that cannot be written is a warning", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  program({ a: "2" });
  const history = (await secrets()).find(isHistory)!;
  // Another version than the one that the run has read.
  let touched: Promise<unknown> | undefined;
  state.onWrite = ({ path, moment }) => {
    if (!path.includes("-history") || moment !== "after") return;
    state.onWrite = () => {};
    touched = api.cluster.merge({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: history.metadata!.name!, namespace: "slipway-state", annotations: { touched: "1" } },
    });
  };
  const { code, out } = await up(one);
  await touched;
  expect([code, out]).toEqual([
    0,
    expect.stringContaining(
      `warning: the history does not say how this run has ended: Secret slipway-state/${history.metadata!.name} was changed by another run`,
    ),
  ]);
});

test("in a file, the history is beside the state, and outlives the stack", async () => {
  one.configure({}, { ...settings, state: "file" });
  const file = join(one.folder, ".slipway", name, "history.json");
  try {
    program({ a: "1" });
    expectSuccess(await up(one));
    program({ a: "1", "Not-a-name": "1" });
    expect(await up(one)).toMatchObject({ code: 1 });
    program({ a: "2" });
    const first = one.start("up", env);
    const isRunning = () => existsSync(file) && readFileSync(file, "utf8").includes('"result":"running"');
    while (!isRunning()) await new Promise((wake) => setTimeout(wake, 1));
    process.kill(-first.pid!, "SIGKILL");
    await first.run;
    expectSuccess(await one.run("down", env));
    expect(await results(one)).toEqual(["4 down succeeded", "3 up interrupted", "2 up failed", "1 up succeeded"]);
    expect(readFileSync(file, "utf8")).not.toContain("s3cret");
    writeFileSync(file, "{");
    expectSuccess(await up(one), `It is kept in .slipway/${name}/history.json.damaged.`);
    expect(await results(one)).toEqual(["1 up succeeded"]);
    expectSuccess(await one.run("down", env));
  } finally {
    for (const old of [file, `${file}.damaged`]) rmSync(old, { force: true });
    one.configure({}, settings);
  }
});

test("the history moves with the state, from the cluster to a file and back", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  const move = async (from: string, to: string) => {
    writeFileSync(join(one.folder, "state.json"), (await one.run("state export", env, ["--from", from])).out);
    one.configure({}, { ...settings, state: to });
    expectSuccess(await one.run("state import state.json", env, ["--to", to]));
  };
  await move("cluster", "file");
  expect((await secrets()).filter(isHistory)).toEqual([]);
  program({ a: "2" });
  expectSuccess(await up(one));
  expect(await results(one)).toEqual(["2 up succeeded", "1 up succeeded"]);
  await move("file", "cluster");
  expect(existsSync(join(one.folder, ".slipway", name, "history.json"))).toBe(false);
  expect(await results(other)).toEqual(["2 up succeeded", "1 up succeeded"]);
});

test("slipway releases says what runs in each stack since when, and names those that it cannot reach", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  program({ a: "2" }, "b");
  expectSuccess(await up(other));
  const gone = join(one.folder, "stacks/Pulumi.integration-unreachable.yaml");
  const unreachable = { ...settings, kubeconfig: "missing.json" };
  writeFileSync(
    gone,
    stringify({ config: { "slipway:platform": "kubernetes", "slipway:services": {}, "slipway:kubernetes": unreachable } }),
  );
  const [text, json] = await Promise.all([releases(), releases("--json")]);
  rmSync(gone);
  expect(text).toMatch(/^dev {2}never deployed$/m);
  expect(text).toMatch(
    /^integration-unreachable {2}its history cannot be read: Stack "integration-unreachable" cannot be reached:\n {4}- .*missing\.json/m,
  );
  expect(text).toMatch(
    new RegExp(
      `^${name}\n  web  sha256:bbbbbbbbbbbb  since [-\\d]+ [:\\d]+ \\(\\d+s\\)  commit 6e04de1 by grace \\(up 2\\)\n       sha256:aaaaaaaaaaaa  [-\\d]+ [:\\d]+ to [-\\d]+ [:\\d]+  commit 6e04de1 by grace \\(up 1\\)$`,
      "m",
    ),
  );
  const { stacks } = JSON.parse(json) as { stacks: { stack: string; services: { web: { image: string }[] } }[] };
  expect(stacks.find(({ stack }) => stack === name)!.services.web.map(({ image }) => image)).toEqual([imageOf("b"), imageOf("a")]);
});

/** What `slipway releases` prints, which has no option for a stack. */
function releases(...options: string[]): Promise<string> {
  return new Promise((done, failed) =>
    execFile(
      join(one.folder, "slipway"),
      ["releases", ...options],
      { env: { ...process.env, ...env, NO_COLOR: "1", SLIPWAY_ENGINE: "embedded", NODE_OPTIONS: "" } },
      (error, stdout, stderr) => (error ? failed(new Error(`${error.message}\n${stderr}`)) : done(stdout)),
    ),
  );
}
