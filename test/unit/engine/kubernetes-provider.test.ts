import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResourceState } from "../../../engine/state/checkpoint.ts";
import { kubernetesProvider } from "../../../engine/kubernetes/provider.ts";
import { NotReady, type Context } from "../../../engine/provider.ts";
import { KubernetesCluster, KubernetesError, selectorOf } from "../../../lib/kubernetes-client.ts";
import { unknown, type Properties } from "../../../lib/values.ts";
import { Answer, apiError, HttpApi } from "../http-api.ts";

const core = {
  resources: [
    { name: "configmaps", kind: "ConfigMap", namespaced: true },
    { name: "namespaces", kind: "Namespace", namespaced: false },
    { name: "pods", kind: "Pod", namespaced: true },
  ],
};
const apps = { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] };
const discovery = { "GET /api/v1": core, "GET /apis/apps/v1": apps };

let api: HttpApi;
let created: number;
beforeEach(async () => {
  api = await new HttpApi().open("tcp");
  api.answers = discovery;
  created = 0;
});
afterEach(() => {
  api.close();
  delete process.env["SLIPWAY_PATIENCE"];
});

const kubeconfig = () =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: api.host, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user: { token: "s3cret" } }],
  });

function context(options: Partial<Context> = {}): Context {
  return {
    preview: false,
    name: "web",
    signal: new AbortController().signal,
    progress: () => {},
    creating: async () => void created++,
    timeoutSeconds: 5,
    ...options,
    settings: { kubeconfig: kubeconfig(), ...options.settings },
  };
}

const type = "kubernetes:core/v1:ConfigMap";
const path = "/api/v1/namespaces/shop/configmaps/web";
const inputs = { metadata: { name: "web", namespace: "shop" }, data: { a: "b" } };
const live = { apiVersion: "v1", kind: "ConfigMap", ...inputs };
const state = (before: Properties = inputs, of = type) =>
  ({
    urn: `urn:pulumi:test::project::${of}::web`,
    type: of,
    custom: true,
    id: "shop/web",
    dependencies: [],
    inputs: before,
    outputs: before,
  }) as ResourceState;

const create = (of: Properties = inputs, options?: Partial<Context>) => kubernetesProvider.create(type, of, context(options));
const diff = (after: Properties = inputs, options?: Partial<Context>, before?: Properties) =>
  kubernetesProvider.diff(state(before), after, context(options));
const remove = (options?: Partial<Context>) => kubernetesProvider.delete(state(), context(options));
const calls = () => api.requests.map(({ call }) => call).filter((call) => !(call in discovery));

describe("an object", () => {
  test("is created with strict server-side apply, if it does not exist", async () => {
    let exists = false;
    api.answers = {
      ...discovery,
      [`GET ${path}`]: () => (exists ? live : apiError(404, "not found")),
      [`PATCH ${path}`]: () => {
        exists = true;
        return live;
      },
    };
    expect(await create()).toEqual({ id: "shop/web", outputs: live });
    expect(calls()).toEqual([`GET ${path}`, `PATCH ${path}`, `GET ${path}`]);
    const [apply] = api.changes;
    expect(apply!.query).toEqual({ fieldManager: "slipway", fieldValidation: "Strict", force: "true" });
    expect(apply!.body.toString()).toBe(JSON.stringify({ ...inputs, apiVersion: "v1", kind: "ConfigMap" }));
    expect(created).toBe(1);
  });

  test("that exists already is left alone, unless the provider may adopt objects or an interrupted run created it", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: live, [`PATCH ${path}`]: live };
    // The SDK makes a text of it.
    for (const settings of [{}, { upsertExistingObjects: "false" }])
      await expect(create(inputs, { settings })).rejects.toThrow(
        "already exists in the cluster, and this stack did not create it. Delete it, or choose another name.",
      );
    expect(api.changes).toEqual([]);
    expect(created).toBe(0);
    for (const options of [{ settings: { upsertExistingObjects: "true" } }, { interrupted: "" }]) {
      api.requests.length = 0;
      expect((await create(inputs, options)).id).toBe("shop/web");
      expect(calls()).toEqual([`PATCH ${path}`, `GET ${path}`]);
    }
  });

  test("without a namespace has its name as id", async () => {
    const namespace = "kubernetes:core/v1:Namespace";
    api.answers = { ...discovery, "PATCH /api/v1/namespaces/shop": {}, "GET /api/v1/namespaces/shop": { kind: "Namespace" } };
    const { id } = await kubernetesProvider.create(namespace, { metadata: { name: "shop" } }, context({ interrupted: "" }));
    expect(id).toBe("shop");
  });

  test("of a kind with a group has its full API version", async () => {
    const deployment = { metadata: inputs.metadata, spec: {} };
    const url = "/apis/apps/v1/namespaces/shop/deployments/web";
    api.answers = { ...discovery, [`PATCH ${url}`]: { ok: true } };
    const outputs = await kubernetesProvider.create(
      "kubernetes:apps/v1:Deployment",
      deployment,
      context({ preview: true, settings: { upsertExistingObjects: true } }),
    );
    expect(outputs).toEqual({ id: "shop/web", outputs: { ok: true } });
    expect(JSON.parse(api.changes[0]!.body)).toEqual({ ...deployment, apiVersion: "apps/v1", kind: "Deployment" });
  });

  test("without a name or a kubeconfig is rejected with what to set", async () => {
    await expect(create({ metadata: {} })).rejects.toThrow(
      "metadata.name: must be set, because the embedded engine does not generate names",
    );
    await expect(create({})).rejects.toThrow("metadata.name: must be set");
    await expect(create(inputs, { settings: { kubeconfig: undefined } })).rejects.toThrow(
      "has no Kubernetes provider with a kubeconfig or a context. Set the provider in the resource options.",
    );
  });

  test("is in the context of the provider, of the kubeconfig that the provider has or of this machine's", async () => {
    const { contexts, ...config } = JSON.parse(kubeconfig());
    const two = JSON.stringify({
      ...config,
      "current-context": "other",
      contexts: [...contexts, { name: "other", context: { cluster: "gone" } }],
    });
    api.answers = { ...discovery, [`PATCH ${path}`]: live };
    const settings = { context: "test", upsertExistingObjects: true };
    expect(await create(inputs, { preview: true, settings: { ...settings, kubeconfig: two } })).toMatchObject({ id: "shop/web" });

    const folder = mkdtempSync(join(tmpdir(), "slipway-kubeconfig-"));
    const file = join(folder, "config");
    writeFileSync(file, two);
    vi.stubEnv("KUBECONFIG", file);
    for (const kubeconfig of [undefined, file])
      expect(await create(inputs, { preview: true, settings: { ...settings, kubeconfig } })).toMatchObject({ id: "shop/web" });
    expect(api.changes).toHaveLength(3);
    const wrong = (given: object) => create(inputs, { settings: { kubeconfig: undefined, ...given } });
    await expect(wrong({ context: "prod" })).rejects.toThrow('context: is not in the kubeconfig (got "prod"). Contexts: test, other.');
    await expect(wrong({ kubeconfig: join(folder, "none") })).rejects.toThrow(
      `kubeconfig: does not exist (got "${folder}/none"). Correct the path, or KUBECONFIG.`,
    );
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test("that does not become ready exists, and its state is kept", async () => {
    const pod = "/api/v1/namespaces/shop/pods/web";
    const applied = { metadata: inputs.metadata, uid: 1 };
    api.answers = { ...discovery, [`PATCH ${pod}`]: applied, [`GET ${pod}`]: { kind: "Pod", metadata: inputs.metadata, status: {} } };
    const creation = kubernetesProvider.create(
      "kubernetes:core/v1:Pod",
      { metadata: inputs.metadata },
      context({ interrupted: "", timeoutSeconds: 0.2 }),
    );
    const failure = await creation.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotReady);
    expect(failure).toMatchObject({
      message: "not ready after 0.2 s: still waiting for its readiness",
      id: "shop/web",
      outputs: applied,
    });
  });

  test("is updated with server-side apply", async () => {
    api.answers = { ...discovery, [`PATCH ${path}`]: live, [`GET ${path}`]: { ...live, updated: true } };
    expect(await kubernetesProvider.update(state(), inputs, context())).toEqual({ ...live, updated: true });
    expect(calls()).toEqual([`PATCH ${path}`, `GET ${path}`]);
  });

  test("is deleted in the background, and awaited until it is gone", async () => {
    const found = [live, live];
    api.answers = { ...discovery, [`DELETE ${path}`]: {}, [`GET ${path}`]: () => found.pop() ?? apiError(404, "not found") };
    await remove();
    expect(calls()).toEqual([`DELETE ${path}`, `GET ${path}`, `GET ${path}`, `GET ${path}`]);
    expect(api.changes[0]!.query).toEqual({ propagationPolicy: "Background" });
  });

  test("that is already gone counts as deleted; one that stays, or cannot be deleted, does not", async () => {
    await remove();
    api.answers = { ...discovery, [`DELETE ${path}`]: {}, [`GET ${path}`]: live };
    await expect(remove({ timeoutSeconds: 0.2 })).rejects.toThrow("still exists 0.2 s after its deletion started");
    api.answers = { ...discovery, [`DELETE ${path}`]: apiError(403, "forbidden") };
    await expect(remove()).rejects.toThrow("forbidden");
  });
});

describe("a preview", () => {
  test("uses a dry run and returns its result", async () => {
    api.answers = { ...discovery, [`PATCH ${path}`]: { ...live, defaulted: true } };
    expect(await create(inputs, { preview: true })).toEqual({ id: "shop/web", outputs: { ...live, defaulted: true } });
    expect(api.changes[0]!.query).toMatchObject({ dryRun: "All" });
    expect(calls()).toEqual([`GET ${path}`, `PATCH ${path}`]);
  });

  test("predicts the inputs if the namespace, the kubeconfig or a value is not known yet", async () => {
    expect((await create(inputs, { preview: true })).outputs).toEqual(live);
    expect((await create(inputs, { preview: true, settings: { kubeconfig: unknown } })).outputs).toEqual(live);
    const unknownInputs = { ...inputs, data: { a: unknown } };
    api.requests.length = 0;
    expect((await create(unknownInputs, { preview: true })).outputs).toEqual({ ...live, data: { a: unknown } });
    expect(api.changes).toEqual([]);
  });

  test("reports what the cluster rejects", async () => {
    api.answers = { ...discovery, [`PATCH ${path}`]: apiError(422, "data: invalid") };
    await expect(create(inputs, { preview: true })).rejects.toThrow("data: invalid");
  });
});

test("an object with replaceUnready is replaced if it did not become ready, such as a job that failed", async () => {
  const job = { ...inputs, metadata: { ...inputs.metadata, annotations: { "pulumi.com/replaceUnready": "true" } } };
  api.answers = { ...discovery, [`GET ${path}`]: { ...live, ...job }, [`PATCH ${path}`]: { ...live, ...job } };
  const after = (initErrors?: string[]) => kubernetesProvider.diff({ ...state(job), ...(initErrors && { initErrors }) }, job, context());
  expect(await after(["the job failed"])).toEqual({ kind: "replace", because: ["its last run failed"], deleteFirst: true });
  expect(await after()).toEqual({ kind: "same" });
});

describe("a difference", () => {
  const withStatus = (more: Properties) => ({ ...live, metadata: { ...live.metadata, uid: "1", ...more }, status: { ready: true } });

  test("is not found if inputs and object are the same, except for what the cluster records", async () => {
    api.answers = {
      ...discovery,
      [`GET ${path}`]: withStatus({ resourceVersion: "1", annotations: { "deployment.kubernetes.io/revision": "1", kept: "a" } }),
      [`PATCH ${path}`]: { ...withStatus({ resourceVersion: "2", annotations: { kept: "a" } }), status: {} },
    };
    expect(await diff()).toEqual({ kind: "same" });
    expect(api.changes[0]!.query).toMatchObject({ dryRun: "All" });
  });

  test("in the inputs or in the cluster updates the object", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: live, [`PATCH ${path}`]: live };
    expect(await diff({ ...inputs, data: { a: "c" } })).toEqual({ kind: "update", because: ["data.a"] });
    api.answers = { ...discovery, [`GET ${path}`]: withStatus({ annotations: { by: "hand" } }), [`PATCH ${path}`]: live };
    expect(await diff()).toEqual({ kind: "update", because: ["metadata.annotations.by"] });
    api.answers = { ...discovery, [`GET ${path}`]: withStatus({ labels: { by: "hand" } }), [`PATCH ${path}`]: live };
    expect(await diff()).toEqual({ kind: "update", because: ["metadata.labels"] });
  });

  test("in the name or namespace replaces the object", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: live };
    for (const metadata of [
      { name: "web", namespace: "other" },
      { name: "other", namespace: "shop" },
    ])
      expect(await diff({ ...inputs, metadata })).toEqual({ kind: "replace", because: ["metadata"], deleteFirst: true });
  });

  test("in an immutable field replaces the object; another rejection is an error", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: live, [`PATCH ${path}`]: apiError(422, "data: field is immutable") };
    expect(await diff({ ...inputs, data: {} })).toEqual({ kind: "replace", because: ["data.a"], deleteFirst: true });
    api.answers = { ...discovery, [`GET ${path}`]: live, [`PATCH ${path}`]: apiError(422, "data: invalid") };
    await expect(diff()).rejects.toThrow("data: invalid");
    api.answers = { ...discovery, [`GET ${path}`]: live, [`PATCH ${path}`]: apiError(409, "this is immutable") };
    await expect(diff()).rejects.toThrow("this is immutable");
  });

  test("with a value that is not known yet is an update without a dry run", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: live };
    expect(await diff({ ...inputs, data: { a: unknown } })).toEqual({ kind: "update", because: ["data.a"] });
    expect(api.changes).toEqual([]);
  });

  test("is that the object is gone, or its cluster is not known yet", async () => {
    expect(await diff()).toEqual({ kind: "gone" });
    expect(await diff(inputs, { settings: { kubeconfig: unknown } })).toEqual({ kind: "gone" });
  });
});

describe("an unreachable cluster", () => {
  const unreachable = { settings: { kubeconfig: "" } };
  // The port of an API that has ended could be that of another test, and fetch does not connect to port 1.
  beforeEach(() => (unreachable.settings.kubeconfig = kubeconfig().replace(api.host, "http://127.0.0.1:3")));

  test("is an error with its address and the reason", async () => {
    const message =
      /^the Kubernetes API at http:\/\/127\.0\.0\.1:3 does not answer: connect ECONNREFUSED 127\.0\.0\.1:3\. Make sure that the cluster runs/;
    await expect(diff(inputs, unreachable)).rejects.toThrow(message);
    await expect(remove(unreachable)).rejects.toThrow(message);
  });

  test("counts as deleted with deleteUnreachable; an error that the cluster returns does not", async () => {
    const settings = { ...unreachable.settings, deleteUnreachable: true };
    expect(await diff(inputs, { settings })).toEqual({ kind: "gone" });
    await remove({ settings });
    api.answers = { ...discovery, [`DELETE ${path}`]: apiError(403, "forbidden") };
    await expect(remove({ settings: { deleteUnreachable: true } })).rejects.toThrow("forbidden");
  });
});

describe("the client", () => {
  const cluster = () => new KubernetesCluster(kubeconfig());
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", namespace: "shop" } };
  const logs = "/api/v1/namespaces/shop/pods/web-1/log";
  const failure = async (work: Promise<unknown>) => (await work.catch((error: unknown) => error)) as KubernetesError;

  test("reads the last log lines, and none of a container that has not run", async () => {
    api.answers = { [`GET ${logs}`]: new Answer(200, "one\n\ntwo\n", { "content-type": "text/plain" }) };
    expect(await cluster().logs(pod, "web", { lines: 5, previous: true })).toEqual(["one", "two"]);
    expect(api.requests[0]!.query).toEqual({ container: "web", tailLines: "5", previous: "true" });
    api.answers = { [`GET ${logs}`]: new Answer(200, '{"level":"info"}\n', { "content-type": "text/plain" }) };
    expect(await cluster().logs(pod, "web", { lines: 5, previous: false })).toEqual(['{"level":"info"}']);
    api.answers = { [`GET ${logs}`]: apiError(400, "container is waiting to start") };
    expect(await cluster().logs(pod, "web", { lines: 5, previous: false })).toEqual([]);
  });

  test("selects objects by labels", async () => {
    api.answers = { ...discovery, "GET /api/v1/namespaces/shop/pods": { items: [{ metadata: { name: "web-1" } }] } };
    expect(await cluster().select("v1", "Pod", "shop", "app=web")).toMatchObject([{ metadata: { name: "web-1" } }]);
    expect(api.requests.at(-1)!.query).toEqual({ labelSelector: "app=web" });
  });

  test("merges the given fields", async () => {
    api.answers = { ...discovery, [`PATCH ${path}`]: live };
    await cluster().merge({ ...live, data: { c: "d" } });
    expect(api.changes[0]!.body).toEqual({ ...live, data: { c: "d" } });
  });

  test("says that the cluster lacks a kind, in a group that it has or not", async () => {
    const kindless = await failure(
      cluster()
        .find({ apiVersion: "v1", kind: "Gate", metadata: { name: "a" } })
        .then(() => "none"),
    );
    expect(kindless).toBe("none");
    const gate = { apiVersion: "example.org/v1", kind: "Gate", metadata: { name: "a", namespace: "shop" } };
    for (const manifest of [gate, { ...gate, apiVersion: "v1" }]) {
      const error = await failure(cluster().apply(manifest, false));
      expect(error).toBeInstanceOf(KubernetesError);
      expect(error).toMatchObject({
        message: `the cluster has no kind Gate in ${manifest.apiVersion}`,
        status: 404,
        isUnknownKind: true,
      });
    }
  });

  test("does not take another failure of discovery for a missing kind", async () => {
    api.answers = { "GET /api/v1": apiError(503, "starting") };
    const error = await failure(cluster().apply(live, false));
    expect(error).toMatchObject({ message: "starting", status: 503, isUnknownKind: false });
  });

  test("has the status and the message of an error, in JSON or not", async () => {
    api.answers = { ...discovery, [`PATCH ${path}`]: apiError(409, "conflict") };
    expect(await failure(cluster().apply(live, false))).toMatchObject({ message: "conflict", status: 409, isUnknownKind: false });
    api.answers = { ...discovery, [`PATCH ${path}`]: new Answer(502, "Bad Gateway", { "content-type": "text/plain" }) };
    expect(await failure(cluster().apply(live, false))).toMatchObject({ message: "Bad Gateway", status: 502 });
    api.answers = { ...discovery, [`GET ${path}`]: apiError(403, "forbidden") };
    expect(await failure(cluster().find(live))).toMatchObject({ message: "forbidden", status: 403 });
  });

  test("formats the selector of a workload", () => {
    expect(selectorOf({ spec: { selector: { matchLabels: { app: "web", tier: "front" } } } })).toBe("app=web,tier=front");
  });
});

describe("drift", () => {
  const drift = (before: Properties = inputs, of = type) => kubernetesProvider.drift(state(before, of), context());
  const at = (resourceVersion: string, more: object = {}) => ({ ...live, metadata: { ...inputs.metadata, resourceVersion }, ...more });

  test("is what a server-side apply of the state would change, in a dry run", async () => {
    api.answers = { ...discovery, [`GET ${path}`]: at("1", { data: { a: "x" } }), [`PATCH ${path}`]: at("1") };
    expect(await drift()).toEqual({
      kind: "changed",
      live: expect.objectContaining({ data: { a: "x" } }) as object,
      restored: expect.objectContaining({ data: { a: "b" } }) as object,
      paths: ["data.a"],
      authors: {},
      replaces: false,
    });
    expect(api.changes.map(({ call, query }) => [call, query["dryRun"]])).toEqual([[`PATCH ${path}`, "All"]]);
  });

  test("is none in what the cluster itself sets, or others have added", async () => {
    const more = { data: { a: "b", added: "by somebody" }, status: { phase: "Ready" } };
    api.answers = { ...discovery, [`GET ${path}`]: at("1", more), [`PATCH ${path}`]: at("1", more) };
    expect(await drift()).toEqual({ kind: "same" });
  });

  test("is compared again if the object changed meanwhile", async () => {
    let reads = 0;
    api.answers = {
      ...discovery,
      [`GET ${path}`]: () => (reads++ === 0 ? at("1", { data: { a: "x" } }) : at("2")),
      [`PATCH ${path}`]: at("2"),
    };
    expect(await drift()).toEqual({ kind: "same" });
    expect(reads).toBe(2);
  });

  test("is that the object is gone, but not that the cluster does not answer, even with deleteUnreachable", async () => {
    expect(await drift()).toEqual({ kind: "gone", problem: "does not exist" });
    api.answers = { ...discovery, [`GET ${path}`]: apiError(403, "configmaps is forbidden") };
    await expect(drift()).rejects.toThrow("configmaps is forbidden");
    const unreachable = kubeconfig().replace(api.host, "http://127.0.0.1:3");
    await expect(
      kubernetesProvider.drift(state(), context({ settings: { kubeconfig: unreachable, deleteUnreachable: true } })),
    ).rejects.toThrow("the Kubernetes API at http://127.0.0.1:3 does not answer");
  });

  test("in a field that cannot be changed back is the difference to the state, and needs a replacement", async () => {
    api.answers = {
      ...discovery,
      [`GET ${path}`]: at("1", { data: { a: "x" }, immutable: true }),
      [`PATCH ${path}`]: apiError(422, "data: field is immutable when `immutable` is set"),
    };
    expect(await drift()).toMatchObject({ kind: "changed", paths: ["data.a"], replaces: true });
  });

  test("is not compared while the object is being deleted", async () => {
    const metadata = { ...inputs.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    api.answers = { ...discovery, [`GET ${path}`]: { ...live, metadata } };
    await expect(drift()).rejects.toThrow("is being deleted. Compare again when that has ended.");
  });
});
