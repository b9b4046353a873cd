import { KubernetesCluster } from "../../../lib/kubernetes-client.ts";
import { removeNamespace } from "../../../lib/kubernetes-namespace.ts";
import { apiError, HttpApi } from "../http-api.ts";

// What is sent. That Kubernetes then deletes the objects, the integration test of review environments proves.

const uid = "u1";
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "pr-7", uid } };
const terminating = {
  ...namespace,
  metadata: { ...namespace.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" },
  spec: { finalizers: ["kubernetes"] },
};
const own = "GET /api/v1/namespaces/pr-7";
const deletable = ["create", "delete", "deletecollection", "get", "list"];

let api: HttpApi;
/** Objects by path: names, or objects. A deletion of the path removes those without finalizers. */
let objects: Record<string, { name: string; finalizers?: string[]; deletionTimestamp?: string }[]>;

beforeEach(async () => {
  api = await new HttpApi().open("tcp");
  objects = {
    "/api/v1/namespaces/pr-7/pods": [{ name: "web-1" }],
    "/api/v1/namespaces/pr-7/secrets": [{ name: "state" }],
    "/apis/apps/v1/namespaces/pr-7/deployments": [{ name: "web" }],
    "/apis/example.org/v1/namespaces/pr-7/widgets": [{ name: "a" }, { name: "b" }],
  };
  api.answers = {
    "GET /api/v1": { resources: [{ name: "namespaces", kind: "Namespace", namespaced: false }] },
    "GET /api": discovered([["", "v1", { pods: deletable, secrets: deletable, bindings: ["create"] }, { nodes: deletable }]]),
    "GET /apis": discovered([
      ["apps", "v1", { deployments: deletable }],
      ["apps", "v1beta1", { deployments: deletable }],
      ["example.org", "v1", { widgets: ["delete", "get", "list"] }],
      ["metrics.k8s.io", "v1", { pods: ["get", "list"] }],
    ]),
    "DELETE /api/v1/namespaces/pr-7": terminating,
    [own]: terminating,
  };
  for (const path of Object.keys(objects)) {
    api.answers[`GET ${path}`] = () => ({ items: objects[path]!.length === 0 ? null : objects[path]!.map((metadata) => ({ metadata })) });
    api.answers[`DELETE ${path}`] = () => removeFrom(path, () => true);
    for (const { name } of objects[path]!) api.answers[`DELETE ${path}/${name}`] = () => removeFrom(path, (one) => one === name);
  }
});
afterEach(() => api.close());

function removeFrom(path: string, which: (name: string) => boolean): object {
  objects[path] = objects[path]!.flatMap((one) =>
    !which(one.name) ? one : one.finalizers ? { ...one, deletionTimestamp: "2026-01-01T00:00:00Z" } : [],
  );
  return {};
}

type Kinds = Record<string, string[]>;
function discovered(groups: [group: string, version: string, namespaced: Kinds, other?: Kinds, freshness?: string][]): object {
  const kinds = (scope: string, all: Kinds = {}) => Object.entries(all).map(([resource, verbs]) => ({ resource, scope, verbs }));
  const items = Object.entries(Object.groupBy(groups, ([group]) => group)).map(([name, versions = []]) => ({
    metadata: { name },
    versions: versions.map(([, version, namespaced, other, freshness = "Current"]) => ({
      version,
      freshness,
      resources: [...kinds("Namespaced", namespaced), ...kinds("Cluster", other)],
    })),
  }));
  return { kind: "APIGroupDiscoveryList", items };
}

function remove(options: { timeoutSeconds?: number; untilGone?: boolean; progress?: (what: string) => void } = {}): Promise<boolean> {
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    clusters: [{ name: "test", cluster: { server: api.host, "insecure-skip-tls-verify": true } }],
    users: [{ name: "test", user: {} }],
  });
  return removeNamespace(new KubernetesCluster(kubeconfig), namespace, { timeoutSeconds: 10, graceSeconds: 1, ...options });
}

/** Ends the namespace after some looks at it, as its controller does. */
function gone(after: number): void {
  let looks = 0;
  api.answers[own] = () => (++looks > after ? apiError(404, "not found") : terminating);
}

test("the namespace is deleted first, and then all kinds of objects in it that can be deleted, each once", async () => {
  expect(await remove()).toBe(false);
  expect(api.changes.map(({ call, query, body }) => [call, query, body?.preconditions])).toEqual([
    ["DELETE /api/v1/namespaces/pr-7", { propagationPolicy: "Background" }, { uid }],
    ...api.changes.slice(1).map(({ call, query }) => [call, query, undefined]),
  ]);
  expect(
    api.changes
      .slice(1)
      .map(({ call, query }) => `${call} ${JSON.stringify(query)}`)
      .toSorted(),
  ).toEqual([
    'DELETE /api/v1/namespaces/pr-7/pods {"propagationPolicy":"Background","gracePeriodSeconds":"1"}',
    'DELETE /api/v1/namespaces/pr-7/secrets {"propagationPolicy":"Background"}',
    'DELETE /apis/apps/v1/namespaces/pr-7/deployments {"propagationPolicy":"Background"}',
    // This kind has no deletion of all objects.
    'DELETE /apis/example.org/v1/namespaces/pr-7/widgets/a {"propagationPolicy":"Background"}',
    'DELETE /apis/example.org/v1/namespaces/pr-7/widgets/b {"propagationPolicy":"Background"}',
  ]);
});

test("before it is empty, all kinds are looked at again", async () => {
  const pods = "/api/v1/namespaces/pr-7/pods";
  let looks = 0;
  api.answers[`GET ${pods}`] = () => {
    // A pod that a controller has created at the last moment.
    if (++looks === 2) objects["/apis/apps/v1/namespaces/pr-7/deployments"] = [{ name: "late" }];
    return { items: objects[pods]!.map((metadata) => ({ metadata })) };
  };
  expect(await remove()).toBe(false);
  expect(api.changes.filter(({ call }) => call.endsWith("/deployments"))).toHaveLength(2);
  expect(objects["/apis/apps/v1/namespaces/pr-7/deployments"]).toEqual([]);
});

test("without the right to delete the namespace, nothing is deleted", async () => {
  api.answers["DELETE /api/v1/namespaces/pr-7"] = apiError(403, "namespaces is forbidden");
  await expect(remove()).rejects.toThrow("namespaces is forbidden");
  expect(api.changes.map(({ call }) => call)).toEqual(["DELETE /api/v1/namespaces/pr-7"]);
});

test("an object that stays is an error that names it and its finalizers", async () => {
  objects["/apis/example.org/v1/namespaces/pr-7/widgets"] = [{ name: "a", finalizers: ["example.org/files"] }];
  await expect(remove({ timeoutSeconds: 0.5 })).rejects.toThrow(
    "still exists 0.5 s after its deletion started, because of widgets.example.org/a (finalizer example.org/files). Make sure that the controllers that remove finalizers run, or remove them with kubectl edit",
  );
});

test("what keeps an object is reported once, after 5 s", async () => {
  const path = "/apis/example.org/v1/namespaces/pr-7/widgets";
  objects[path] = [{ name: "a", finalizers: ["example.org/files"] }];
  const began = performance.now();
  const reports: [string, number][] = [];
  const removed = remove({ progress: (what) => void reports.push([what, performance.now() - began]), timeoutSeconds: 20 });
  setTimeout(() => (objects[path] = []), 6500);
  expect(await removed).toBe(false);
  expect(reports).toEqual([["widgets.example.org/a (finalizer example.org/files)", expect.closeTo(5500, -3.1)]]);
});

test.each<[string, () => void]>([
  ["a kind that may not be listed", () => (api.answers["GET /api/v1/namespaces/pr-7/secrets"] = apiError(403, "secrets is forbidden"))],
  ["a kind that may not be deleted", () => (api.answers["DELETE /api/v1/namespaces/pr-7/secrets"] = apiError(403, "secrets is forbidden"))],
  ["an API that does not answer", () => (api.answers["GET /apis"] = discovered([["example.org", "v1", {}, {}, "Stale"]]))],
  ["a cluster that does not list its kinds", () => (api.answers["GET /apis"] = { kind: "APIGroupList", groups: [] })],
])("with %s, it waits until Kubernetes has deleted the namespace", async (_, prepare) => {
  prepare();
  gone(3);
  expect(await remove()).toBe(true);
  expect(api.requests.filter(({ call }) => call === own)).toHaveLength(4);
});

test("with a finalizer of somebody else on the namespace, it waits until that is gone, and names it", async () => {
  api.answers[own] = { ...terminating, metadata: { ...terminating.metadata, finalizers: ["example.org/audit"] } };
  await expect(remove({ timeoutSeconds: 0.3 })).rejects.toThrow("because of finalizer example.org/audit.");
});

test("until the name is free, it waits for Kubernetes", async () => {
  gone(3);
  expect(await remove({ untilGone: true })).toBe(true);
});
