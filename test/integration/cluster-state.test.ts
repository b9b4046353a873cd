import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { startApiServer, type ApiServer } from "./api-server.ts";
import { Checkout, eventually, otherPort, passphraseVariable, type Run } from "./checkout.ts";
import { StateApi, type StateWrite } from "./state-api.ts";

// The state of a stack in a real Kubernetes API, in which objects stay as they are written. The tests do not prove that a state survives the loss of
// the cluster, or anything about clocks of several servers.

const name = "integration-state";
const env = passphraseVariable;
/** For runs that die: the next one waits until their lock expires. A busy machine must still be able to renew it. */
const dying = { ...env, SLIPWAY_LEASE_SECONDS: "5" };
const running = new AsyncDisposableStack();
let api: ApiServer;
let state: StateApi;
/** The same stack from two machines: each has a checkout of its own. */
let one: Checkout;
let other: Checkout;

beforeAll(async () => {
  api = running.use(await startApiServer("slipway-integration-state", otherPort + 5));
  state = running.use(await StateApi.start(api));
  await api.cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "objects" } });
  one = newCheckout();
  other = newCheckout();
});
afterAll(() => running.disposeAsync());
beforeEach(() => {
  state.onWrite = () => {};
});

function newCheckout(): Checkout {
  const checkout = new Checkout(name, "kubernetes");
  // Its objects are deleted with the API server.
  running.defer(() => rmSync(checkout.folder, { recursive: true }));
  writeFileSync(join(checkout.folder, "cluster.json"), state.kubeconfig);
  checkout.configure({}, { context: "state", kubeconfig: "cluster.json", registry: "127.0.0.1:1/none" });
  return checkout;
}

/** Writes a program that creates ConfigMaps with these names and values, in both checkouts. */
function program(configMaps: Record<string, string>): void {
  const text = `
    import * as k8s from "@pulumi/kubernetes";
    import * as pulumi from "@pulumi/pulumi";
    export default async () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: "cluster.json", context: "state" });
      for (const [name, value] of Object.entries(${JSON.stringify(configMaps)}))
        new k8s.core.v1.ConfigMap(name, { metadata: { name, namespace: "objects" }, data: { value } }, { provider });
      return { names: ${JSON.stringify(Object.keys(configMaps))}, password: pulumi.secret("s3cret") };
    };`;
  for (const { folder } of [one, other]) writeFileSync(join(folder, "index.ts"), text);
}

const configMaps = async () => {
  const { items } = await api.cluster.list<Manifest>("v1", "ConfigMap", "objects");
  const own = items.filter(({ metadata }) => metadata?.name !== "kube-root-ca.crt");
  return Object.fromEntries(own.map(({ metadata, ["data"]: data }) => [metadata!.name!, data.value as string]));
};
/** Those of the state. The history outlives it (history.test.ts). */
const secrets = async () =>
  (await api.cluster.list<Manifest>("v1", "Secret", "slipway-state")).items.filter(
    ({ metadata }) => metadata!.labels?.["dev.slipway/state"] !== undefined,
  );
const leases = async () => (await api.cluster.list<Manifest>("coordination.k8s.io/v1", "Lease", "slipway-state")).items;
const up = (checkout: Checkout) => checkout.run("up", env);
/** Expects that a command has succeeded, with this in its output. */
function expectSuccess({ code, out }: Run, containing = ""): void {
  expect([code, out]).toEqual([0, expect.stringContaining(containing)]);
}

test("a second operator finds the stack that the first one has deployed, changes it, and deletes it", async () => {
  program({ a: "1", b: "1" });
  expectSuccess(await up(one));
  expectSuccess(await up(other), "2 unchanged (time)");
  expect(JSON.parse((await other.run("outputs", env)).out)).toEqual({ names: ["a", "b"], password: "[secret]" });
  program({ a: "1", b: "2", c: "3" });
  expectSuccess(await up(other), "1 created, 1 updated, 1 unchanged (time)");
  expect(await configMaps()).toEqual({ a: "1", b: "2", c: "3" });
  expect(await leases()).toEqual([]);
  expectSuccess(await one.run("down", env), "3 deleted (time)");
  expect([await configMaps(), await secrets(), await leases()]).toEqual([{}, [], []]);
});

test("the state is compressed and encrypted, and cannot be read without the passphrase", async () => {
  program({ a: "1" });
  expectSuccess(await up(one));
  const [secret] = await secrets();
  const bytes = Buffer.from(secret!["data"].state as string, "base64");
  expect([bytes.includes("objects"), bytes.includes("s3cret"), bytes.subarray(0, 2).toString("hex") === "1f8b"]).toEqual([
    false,
    false,
    false,
  ]);
  const named = `Secret slipway-state/${secret!.metadata!.name}`;
  expect(await other.run("outputs", { ...env, PULUMI_CONFIG_PASSPHRASE: "wrong" })).toMatchObject({
    code: 1,
    out: `error: ${named}: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were encrypted with. Set the right one.\n`,
  });
  expect(await other.run("up", { ...env, PULUMI_CONFIG_PASSPHRASE: "" })).toMatchObject({
    code: 1,
    out: expect.stringContaining(`${named}: contains secrets. Set PULUMI_CONFIG_PASSPHRASE`) as string,
  });
  expect(await configMaps()).toEqual({ a: "1" });
});

test("without a passphrase, a pipeline is told to set one before anything is created", async () => {
  await one.run("down", env);
  expect(await one.run("up", { ...env, PULUMI_CONFIG_PASSPHRASE: "", CI: "true" })).toMatchObject({
    code: 1,
    out: expect.stringContaining(`Stack "${name}": PULUMI_CONFIG_PASSPHRASE must be set`) as string,
  });
  expect([await configMaps(), await secrets(), await leases()]).toEqual([{}, [], []]);
});

test("a second operator is told who holds the lock, and a preview needs none", async () => {
  program({ a: "1" });
  const blocked = Promise.withResolvers<void>();
  state.onWrite = () => {
    state.onWrite = () => {};
    process.kill(-first.pid!, "SIGSTOP");
    blocked.resolve();
  };
  const first = one.start("up", { ...env, SLIPWAY_LEASE_SECONDS: "600" });
  await blocked.promise;
  const holder = `"slipway up" of ${userInfo().username}@${hostname()} \\(process \\d+, since [\\d:.TZ-]+\\)`;
  const message = `^error: Stack "${name}" is locked by ${holder}\\. Wait until it has finished\\. If it was killed, its lock expires at [\\d:.TZ-]+, unless it is renewed\\.$`;
  const [second, preview] = [await up(other), await other.run("preview", env)];
  process.kill(-first.pid!, "SIGCONT");
  expect([second.code, second.out]).toEqual([4, expect.stringMatching(new RegExp(message, "m"))]);
  expectSuccess(preview, "1 to create (time)");
  expectSuccess(await first.run);
  expect(await leases()).toEqual([]);
  await one.run("down", env);
});

test("a run that ends with SIGTERM releases its lock", async () => {
  program({ a: "1" });
  state.onWrite = () => {
    state.onWrite = () => {};
    process.kill(-first.pid!, "SIGTERM");
  };
  const first = one.start("up", { ...env, SLIPWAY_LEASE_SECONDS: "600" });
  expect((await first.run).code).not.toBe(0);
  expect(await leases()).toEqual([]);
  expectSuccess(await up(other));
  await one.run("down", env);
});

test("a run whose lock was taken over stops, and does not overwrite the state of the other", async () => {
  program({ a: "1", b: "1" });
  expectSuccess(await up(one));
  program({ a: "2", b: "2" });
  const stopped = Promise.withResolvers<void>();
  let writes = 0;
  state.onWrite = ({ moment, path }) => {
    if (path.includes("-history") || moment !== "before" || ++writes !== 2) return;
    process.kill(-first.pid!, "SIGSTOP");
    stopped.resolve();
  };
  const first = one.start("up", dying);
  await stopped.promise;
  // The write of the stopped run arrives only after the other run, whose program is another one.
  program({ a: "3", c: "3" });
  await eventually(
    () => up(other),
    ({ code }) => code === 0,
  );
  process.kill(-first.pid!, "SIGCONT");
  const { code, out } = await first.run;
  expect([code, out]).toEqual([1, expect.stringMatching(/the state in the cluster was changed by another run|the lock was lost/)]);
  expectSuccess(await up(other));
  expect(await configMaps()).toEqual({ a: "3", c: "3" });
  await other.run("down", env);
  expect([await configMaps(), await secrets()]).toEqual([{}, []]);
});

// Random texts cannot be compressed. Of a state as large as the second one, changes are in a journal.
test.each([
  ["", {}],
  [" of a large stack", { large: randomBytes(150 * 1024).toString("base64") }],
])("after SIGKILL at any write of the state%s, the other operator completes the stack, without orphans", async (_size, large) => {
  const versions = [
    { a: "1", b: "1", ...large },
    { b: "2", c: "2", ...large },
  ] as Record<string, string>[];
  let killed = true;
  for (let n = 1; killed; n++) {
    program(versions[n % 2]!);
    killed = false;
    let writes = 0;
    // Before the write arrives, and after it was stored but before the run knows.
    state.onWrite = (_write: StateWrite) => {
      if (++writes !== n || killed) return;
      killed = true;
      process.kill(-first.pid!, "SIGKILL");
    };
    const first = one.start("up", dying);
    const { code, out } = await first.run;
    // The last run has no write left at which it could be killed.
    if (!killed) expectSuccess({ code, out });
    state.onWrite = () => {};
    const second = await up(other);
    expect([n, second.code, second.out]).toEqual([n, 0, expect.any(String)]);
    expect([n, await configMaps()]).toEqual([n, versions[n % 2]]);
  }
  expectSuccess(await other.run("down", env));
  expect([await configMaps(), await secrets(), await leases()]).toEqual([{}, [], []]);
});

test("a state that does not fit into one Secret is in several, and shrinks again", async () => {
  // Random texts cannot be compressed.
  const large = Object.fromEntries(["a", "b", "c"].map((key) => [key, randomBytes(300 * 1024).toString("base64")]));
  program(large);
  expectSuccess(await up(one));
  expect((await secrets()).length).toBeGreaterThan(2);
  expectSuccess(await up(other), "3 unchanged (time)");
  program({ a: "1" });
  expectSuccess(await up(one));
  expect((await secrets()).filter(({ metadata }) => !metadata!.name!.includes("-previous")).length).toBe(1);
});

test("of a large state, a write has only what has changed, until the end of the run, and an older Slipway cannot read it as an old state", async () => {
  const large = { large: randomBytes(150 * 1024).toString("base64") };
  program({ a: "1", b: "1", ...large });
  expectSuccess(await up(one));
  program({ a: "2", b: "2", ...large });
  const sizes: [string, number, boolean][] = [];
  state.onWrite = ({ method, path, moment, body }) => {
    if (moment !== "before" || /-(history|previous)/.test(path) || method === "DELETE") return;
    const { metadata, data } = JSON.parse(body) as { metadata: { name: string }; data: Record<string, string> };
    if (/-(history|previous)/.test(metadata.name)) return;
    const header = data["header"] === undefined ? undefined : (JSON.parse(atob(data["header"])) as { version: number });
    sizes.push([header === undefined ? "chunk" : `version ${header.version}`, body.length, "state" in data]);
  };
  expectSuccess(await up(one));
  state.onWrite = () => {};
  const kinds = sizes.map(([kind]) => kind);
  expect([kinds[0], kinds[1], kinds.at(-1)]).toEqual(["chunk", "version 2", "version 1"]);
  const journals = sizes.filter(([kind]) => kind === "version 2");
  expect(journals.length).toBeGreaterThan(1);
  // An older Slipway fails at what is missing.
  for (const [, size, hasState] of journals) expect([size < 10_000, hasState]).toEqual([true, false]);
  expectSuccess(await up(other), "3 unchanged (time)");
  program({ a: "1" });
  expectSuccess(await up(one));
});

test("a state that was damaged is reported with the command that restores the one before, which works", async () => {
  program({ a: "2" });
  expectSuccess(await up(one));
  const secret = (await secrets()).find(({ metadata }) => !metadata!.name!.includes("-previous"))!;
  await api.cluster.merge({
    apiVersion: "v1",
    kind: "Secret",
    metadata: secret.metadata!,
    data: { state: btoa("damaged, for a test of it") },
  });
  const damaged = await up(one);
  expect([damaged.code, damaged.out]).toEqual([
    1,
    expect.stringContaining(
      "Nothing was changed. Restore the state of the run before: slipway state export --previous --stack integration-state >state.json, then slipway state import state.json --to cluster --force --stack integration-state",
    ),
  ]);
  const { code, out } = await one.run("state export", env, ["--previous"]);
  expect([code, JSON.parse(out)]).toMatchObject([0, { version: 3 }]);
  writeFileSync(join(one.folder, "state.json"), out);
  expect(await one.run("state import state.json", env, ["--to", "cluster"])).toMatchObject({ code: 1 });
  expectSuccess(await one.run("state import state.json", env, ["--to", "cluster", "--force"]));
  expectSuccess(await up(one));
  expect(await configMaps()).toEqual({ a: "2" });
});

test("a state moves from the cluster to a file and back, with nothing to change afterwards", async () => {
  const exported = async (...options: string[]) =>
    writeFileSync(join(one.folder, "state.json"), (await one.run("state export", env, options)).out);
  await exported();
  const settings = { context: "state", kubeconfig: "cluster.json", registry: "127.0.0.1:1/none" };
  one.configure({}, { ...settings, state: "file" });
  expect(await one.run("state import state.json", env, ["--to", "file"])).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      new RegExp(`^Stack "${name}": 1 resources are in the file now\\.\nThe old state is kept in the Secret slipway-state/`),
    ) as string,
  });
  expectSuccess(await up(one), "1 unchanged (time)");
  // The settings of a colleague who has not pulled yet.
  one.configure({}, settings);
  const unmoved = await up(one);
  expect([unmoved.code, unmoved.out]).toEqual([
    1,
    expect.stringContaining("but slipway:kubernetes.state is cluster. Move it: slipway state export --from file"),
  ]);
  await exported("--from", "file");
  expectSuccess(await one.run("state import state.json", env, ["--to", "cluster"]));
  expectSuccess(await up(other), "1 unchanged (time)");
  await other.run("down", env);
});
