import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubernetesCopy } from "../../../../cli/dashboard/live/kubernetes-copy.ts";
import { KubernetesCluster } from "../../../../lib/kubernetes-client.ts";

// A small API server: discovery, lists and watches. Of CronJobs it says that they are forbidden.

const kinds = {
  "/api/v1": { Pod: "pods", Event: "events" },
  "/apis/apps/v1": { Deployment: "deployments", StatefulSet: "statefulsets", ReplicaSet: "replicasets" },
  "/apis/batch/v1": { Job: "jobs", CronJob: "cronjobs" },
};
const pod = (name: string, service: string) => ({ metadata: { name, namespace: "shop", labels: { app: service } } });
let pods = [pod("web-1", "web"), pod("api-1", "api")];
const watches: ServerResponse[] = [];
const requests: string[] = [];

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://localhost");
  requests.push(`${pathname} ${searchParams.get("watch") ?? ""}`);
  const json = (status: number, body: object) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  const group = kinds[pathname as keyof typeof kinds];
  if (group) return json(200, { resources: Object.entries(group).map(([kind, name]) => ({ kind, name, namespaced: true })) });
  if (pathname.endsWith("/cronjobs")) return json(403, { message: "forbidden" });
  if (searchParams.get("watch") === "true") {
    response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
    if (pathname.endsWith("/pods")) watches.push(response);
    return undefined;
  }
  return json(200, { metadata: { resourceVersion: "1" }, items: pathname.endsWith("/pods") ? pods : [] });
});
const stop = new AbortController();
let changes = 0;
const failures: (string | undefined)[] = [];
let copy: KubernetesCopy;

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "a" },
    clusters: [{ name: "a", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "a", user: {} }],
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
  });
  copy = new KubernetesCopy(new KubernetesCluster(kubeconfig), "shop", "managed=yes");
  await copy.start(
    () => changes++,
    (error) => failures.push(error?.message),
    stop.signal,
  );
});
afterAll(() => {
  stop.abort();
  server.closeAllConnections();
  server.close();
});

const names = async (labels: string) => (await copy.select("v1", "Pod", "shop", labels)).map(({ metadata }) => metadata?.name);
const push = (type: string, object: object) => watches.at(-1)!.write(`${JSON.stringify({ type, object })}\n`);
const eventually = (condition: () => Promise<boolean> | boolean) => vi.waitUntil(condition, { timeout: 20_000, interval: 20 });

test("the copy has the objects of the cluster, and no requests are needed to read it", async () => {
  const before = requests.length;
  expect(await names("app=web")).toEqual(["web-1"]);
  expect(await names("app=web,other=1")).toEqual([]);
  expect(requests).toHaveLength(before);
});

test("a kind that may not be listed has no objects, and is no failure", async () => {
  expect(await copy.select("batch/v1", "CronJob", "shop", "app=web")).toEqual([]);
  expect(failures).toEqual([undefined]);
});

test("objects that are added and deleted are reported at once", async () => {
  await eventually(() => watches.length > 0);
  const before = changes;
  push("ADDED", pod("web-2", "web"));
  await eventually(async () => (await names("app=web")).length === 2);
  expect(changes).toBe(before + 1);
  push("DELETED", pod("web-1", "web"));
  await eventually(async () => (await names("app=web")).join() === "web-2");
  expect(changes).toBe(before + 2);
});

test("a watch that is cut off begins again, with what has changed meanwhile", async () => {
  pods = [pod("web-3", "web")];
  push("ERROR", { code: 410 });
  const before = watches.length;
  watches.at(-1)!.end();
  await eventually(() => watches.length > before);
  expect(await names("app=web")).toEqual(["web-3"]);
});

test("a cluster that goes away is reported, and that it is back, too", async () => {
  const { port } = server.address() as AddressInfo;
  const closed = new Promise((done) => server.close(done));
  server.closeAllConnections();
  await closed;
  await eventually(() => failures.length > 1);
  expect(failures[1]).toBeDefined();
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  await eventually(() => failures.at(-1) === undefined);
});
