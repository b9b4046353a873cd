import { randomBytes } from "node:crypto";
import { Checkpoint, type ResourceState } from "../../../engine/state/checkpoint.ts";
import { ClusterStore } from "../../../engine/state/cluster-store.ts";
import { KubernetesCluster, type Manifest } from "../../../lib/kubernetes-client.ts";
import { secret } from "../../../lib/values.ts";
import { apiError, HttpApi, type ApiRequest } from "../http-api.ts";

// What is written into which Secret. That a real cluster keeps it, and what happens after a crash, the integration test of states in a cluster proves.

const path = "/api/v1/namespaces/shop/secrets";
let api: HttpApi;
let secrets: Map<string, Manifest>;
let versions: number;
let passphrase: string | undefined;

beforeEach(async () => {
  passphrase = process.env["PULUMI_CONFIG_PASSPHRASE"];
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  secrets = new Map();
  versions = 0;
  api = await new HttpApi().open("tcp");
  const stored = (body: Manifest) => {
    const written = structuredClone(body);
    written.metadata!.resourceVersion = String(++versions);
    const name = written.metadata!.name!;
    secrets.set(name, written);
    api.answers[`GET ${path}/${name}`] = () => secrets.get(name) ?? apiError(404, "not found");
    api.answers[`PUT ${path}/${name}`] = (request: ApiRequest) =>
      secrets.get(name)?.metadata?.resourceVersion === request.body.metadata.resourceVersion
        ? stored(request.body)
        : apiError(409, "the object has been modified");
    api.answers[`DELETE ${path}/${name}`] = () => (secrets.delete(name), {});
    return written;
  };
  api.answers = {
    "GET /api/v1": { resources: [{ name: "secrets", kind: "Secret", namespaced: true }] },
    [`POST ${path}`]: ({ body }: ApiRequest) => (secrets.has(body.metadata.name) ? apiError(409, "exists") : stored(body)),
  };
});
afterEach(() => {
  api.close();
  if (passphrase === undefined) delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  else process.env["PULUMI_CONFIG_PASSPHRASE"] = passphrase;
});

function newStore(): ClusterStore {
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: api.host, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user: {} }],
  });
  const connect = async () => ({ cluster: new KubernetesCluster(kubeconfig), id: "c1", kubeconfig: undefined, context: "test" });
  return new ClusterStore({ project: "project", stack: "prod", namespace: "shop", connect });
}

const resource = (urn: string, value: unknown = 1): ResourceState => ({
  urn,
  type: "test:Thing",
  custom: true,
  id: urn,
  dependencies: [],
  inputs: { value },
  outputs: {},
});
/** A value that cannot be compressed. */
const large = (kibibytes: number) => randomBytes(kibibytes * 768).toString("base64");
const load = () => newStore().load();
const head = (store: ClusterStore) => secrets.get(store.name)!;
const headerOf = (manifest: Manifest) =>
  JSON.parse(Buffer.from((manifest["data"] as Record<string, string>)["header"]!, "base64").toString()) as {
    version: number;
    chunks: string[];
  };
const others = (store: ClusterStore) => [...secrets.keys()].filter((name) => name !== store.name && !name.includes("-previous"));
/** Names of the Secrets that were written since the last call. */
function written(): string[] {
  const names = api.changes.filter(({ call }) => !call.startsWith("DELETE")).map(({ body }) => body.metadata.name as string);
  api.requests.length = 0;
  return names;
}

test("a change of a small state is written with all of it, so that an older Slipway can read it", async () => {
  const store = newStore();
  await store.save([resource("a")]);
  await store.append([{ set: resource("b") }], () => [resource("a"), resource("b")]);
  expect([headerOf(head(store)), Object.keys(head(store)["data"] as object).toSorted()]).toMatchObject([
    { version: 1, chunks: [] },
    ["header", "state"],
  ]);
  expect(await load()).toEqual([resource("a"), resource("b")]);
});

describe("of a large state", () => {
  const base = [resource("a", large(800)), resource("b")];

  test("changes are written into a journal, and the Secrets with the state stay", async () => {
    const store = newStore();
    await store.save(base);
    await store.load();
    written();
    await store.append([{ set: resource("c", secret({ value: "s3cret" })) }], () => []);
    const first = written();
    await store.append([{ remove: "b" }], () => []);
    expect(written()).toEqual([store.name]);
    // Before the first change, the state is kept as the previous one, and moves to Secrets of its own.
    expect(first.filter((name) => name.includes("-previous")).length).toBeGreaterThan(0);
    expect([headerOf(head(store)).version, Object.keys(head(store)["data"] as object)]).toEqual([2, ["header", "journal"]]);
    expect(others(store).toSorted()).toEqual(headerOf(head(store)).chunks.toSorted());
    expect(JSON.stringify(head(store)).length).toBeLessThan(2000);
    expect(await load()).toEqual([base[0], resource("c", secret({ value: "s3cret" }))]);
    expect(await newStore().loadPrevious()).toEqual(base);
  });

  test("the journal of a run that was killed is continued by the next one", async () => {
    const store = newStore();
    await store.save(base);
    await store.append([{ set: resource("c") }], () => []);
    const next = newStore();
    expect((await next.load()).map(({ urn }) => urn)).toEqual(["a", "b", "c"]);
    await next.append([{ set: resource("d") }], () => []);
    expect((await load()).map(({ urn }) => urn)).toEqual(["a", "b", "c", "d"]);
    await next.save(base);
    expect([headerOf(head(next)).version, others(next).toSorted()]).toEqual([1, headerOf(head(next)).chunks.toSorted()]);
    expect(await load()).toEqual(base);
  });

  test("a long journal is written into the state", async () => {
    const store = newStore();
    const checkpoint = await Checkpoint.open(store);
    for (const one of base) checkpoint.resources.set(one.urn, one);
    await checkpoint.save();
    let compacted = 0;
    for (let i = 0; i < 12; i++) {
      checkpoint.resources.set(`c${i}`, resource(`c${i}`, large(50)));
      await checkpoint.save();
      if (headerOf(head(store)).version === 1) compacted++;
      expect(JSON.stringify(head(store)).length).toBeLessThan(1_100_000);
    }
    expect(compacted).toBeGreaterThan(0);
    expect(await load()).toEqual([...checkpoint.resources.values()]);
  });

  test("a run cannot append to a state that another one has changed since", async () => {
    const [store, other] = [newStore(), newStore()];
    await store.save(base);
    await Promise.all([store.load(), other.load()]);
    await other.append([{ set: resource("c") }], () => []);
    await expect(store.append([{ set: resource("d") }], () => [])).rejects.toThrow("the state in the cluster was changed by another run");
    // The whole state cannot be written either.
    await expect(store.save(base)).rejects.toThrow("the state in the cluster was changed by another run");
    expect((await load()).map(({ urn }) => urn)).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["a journal that was changed", (bytes: Buffer) => ((bytes[20]! ^= 1), bytes)],
    ["a journal that was cut", (bytes: Buffer) => bytes.subarray(0, -1)],
  ])("%s is an error", async (_what, change) => {
    const store = newStore();
    await store.save(base);
    await store.append([{ set: resource("c") }], () => []);
    const data = head(store)["data"] as Record<string, string>;
    data["journal"] = change(Buffer.from(data["journal"]!, "base64")).toString("base64");
    await expect(load()).rejects.toThrow(
      `Secret shop/${store.name}: cannot be read (${_what.includes("cut") ? "the journal is incomplete" : "Unsupported state or unable to authenticate data"}). Nothing was changed.`,
    );
  });
});

test("a state of a newer version is an error", async () => {
  const store = newStore();
  await store.save([resource("a")]);
  const data = head(store)["data"] as Record<string, string>;
  const header = { ...headerOf(head(store)), version: 3 };
  data["header"] = Buffer.from(JSON.stringify(header)).toString("base64");
  await expect(load()).rejects.toThrow("its version is 3, and this Slipway reads 2. Upgrade Slipway");
});
