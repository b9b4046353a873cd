import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { annotation, environmentsOf, hasExpired } from "../../cli/environments/environment.ts";
import { removeEnvironment } from "../../cli/environments/remove.ts";
import type { KubernetesCluster, Manifest } from "../../lib/kubernetes-client.ts";
import { removeNamespace } from "../../lib/kubernetes-namespace.ts";
import { Checkout, eventually, get, ports, type Run } from "./checkout.ts";
import { asServiceAccount, withContext } from "./kubeconfig.ts";
import { sharedCheckout } from "./shared-stack.ts";

// Review environments on the cluster of another stack. The tests do not prove anything about DNS and certificates, or about the clocks of several
// servers.

const template = "integration-review";
const running = new AsyncDisposableStack();
let checkout: Checkout;
let cluster: KubernetesCluster;
let theirs: string;

const web = { source: "app", host: "review.localhost", ingressClassName: "traefik" };
const worker = { source: "app", env: { ROLE: "worker" } };
const hostOf = (id: string) => `pr-${id}.review.localhost`;
const namespaceOf = (id: string) => `slipway-${template}-${id}`;
const configure = (review: object, services: object = { web, worker }) =>
  checkout.configure(
    services,
    { context: "someone", kubeconfig: "cluster.yaml", registry: `127.0.0.1:${ports.registry}/review`, ports: { http: ports.http } },
    { "slipway:review": review },
  );
const review = (command: string, options: string[] = [], env: Record<string, string> = {}): Promise<Run> =>
  checkout.run(`review ${command}`, env, options);
const up = (id: string, options: string[] = []) => review("up", ["--id", id, ...options]);
const down = (id: string) => review("down", ["--id", id]);
/** What `kubectl get all,…` would show in the namespace of an environment. */
const leftIn = async (id: string) => {
  const kinds = [
    ...["Pod", "Service", "Secret", "ConfigMap", "ServiceAccount", "Endpoints", "Event"].map((kind) => ["v1", kind]),
    ...["Deployment", "ReplicaSet"].map((kind) => ["apps/v1", kind]),
    ["networking.k8s.io/v1", "Ingress"],
    ["networking.k8s.io/v1", "NetworkPolicy"],
    ["discovery.k8s.io/v1", "EndpointSlice"],
    ["coordination.k8s.io/v1", "Lease"],
    ["policy/v1", "PodDisruptionBudget"],
  ];
  const found = await Promise.all(kinds.map(([version, kind]) => cluster.select(version!, kind!, namespaceOf(id), "")));
  return found.flatMap((objects, i) => objects.map(({ metadata }) => `${kinds[i]![1]}/${metadata?.name}`));
};
const nameIsFree = (id: string) =>
  eventually(
    () => find(id),
    (namespace) => namespace === undefined,
  );
const find = (id: string) => cluster.find({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespaceOf(id) } });
const annotate = (id: string, annotations: Record<string, string>) =>
  cluster.merge({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespaceOf(id), annotations } });
const expire = (id: string) => annotate(id, { [annotation.expires]: new Date(cluster.now() - 1000).toISOString() });

const write = (kubeconfig: string) => writeFileSync(join(checkout.folder, "cluster.yaml"), withContext(kubeconfig, "someone"));

beforeAll(async () => {
  const shared = sharedCheckout();
  shared.configure({ neighbour: { source: "app", host: "neighbour.localhost", replicas: 1 } });
  expect(await shared.run("up")).toMatchObject({ code: 0 });
  cluster = await shared.cluster();
  theirs = readFileSync(join(shared.folder, ".slipway", shared.stack, "kubeconfig.yaml"), "utf8");
  checkout = running.use(new Checkout(template, "kubernetes"));
  write(theirs);
  configure({});
});
afterAll(() => running.disposeAsync());

test("an environment has a namespace and hosts of its own, one replica, and its state beside it", async () => {
  const { code, out } = await up("7");
  expect([code, out]).toEqual([0, expect.stringContaining(`  web  http://${hostOf("7")}:${ports.http}/  answers HTTP 200`)]);
  expect(out).toMatch(/\nenvironment 7 stays until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/);
  expect((await get(hostOf("7"))).body).toBe("Hello World\n");
  const { metadata } = (await find("7"))!;
  expect(metadata?.labels).toMatchObject({
    "dev.slipway/project": "slipway",
    "dev.slipway/review": template,
    "dev.slipway/review-id": "7",
    "pod-security.kubernetes.io/enforce": "restricted",
  });
  const days = (Date.parse(metadata!.annotations![annotation.expires]!) - cluster.now()) / 86_400_000;
  expect(days).toBeGreaterThan(2.9);
  expect(days).toBeLessThan(3.1);
  const deployments = await cluster.select("apps/v1", "Deployment", namespaceOf("7"), "");
  expect(deployments.map(({ metadata: { name } = {}, ...rest }) => [name, rest["spec"].replicas])).toEqual([
    ["web", 1],
    ["worker", 1],
  ]);
  const states = await cluster.select("v1", "Secret", namespaceOf("7"), "dev.slipway/state");
  expect(states.length).toBeGreaterThan(0);
});

test("a second environment does not change the first, and a push to the first renews it", async () => {
  expect(await up("8")).toMatchObject({ code: 0 });
  const before = (await find("7"))!.metadata!.annotations![annotation.expires]!;
  checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello Review"');
  expect(await up("7", ["--ttl", "90h"])).toMatchObject({ code: 0 });
  checkout.edit("app/settings.go", 'greeting: "Hello Review"', 'greeting: "Hello World"');
  await eventually(
    () => get(hostOf("7")),
    ({ body }) => body === "Hello Review\n",
  );
  expect((await get(hostOf("8"))).body).toBe("Hello World\n");
  const after = (await find("7"))!.metadata!.annotations![annotation.expires]!;
  expect((Date.parse(after) - Date.parse(before)) / 3_600_000).toBeGreaterThan(17.9);
  const listed = JSON.parse((await review("list", ["--json"])).out) as { id: string; state: string; urls: object; namespace: string }[];
  expect(listed.map(({ id, state, urls, namespace }) => ({ id, state, urls, namespace }))).toEqual(
    ["7", "8"].map((id) => ({ id, state: "up", urls: { web: `http://${hostOf(id)}:${ports.http}/` }, namespace: namespaceOf(id) })),
  );
});

test("an environment is a stack, with a preview, outputs and a rollback", async () => {
  const environment = (command: string) => checkout.run(command, {}, ["--stack", `${template}-8`]);
  expect(await environment("preview")).toMatchObject({ code: 0, out: expect.stringMatching(/\n\d+ unchanged \(time\)\n/) as string });
  expect((JSON.parse((await environment("outputs")).out) as { urls: object }).urls).toEqual({
    web: `http://${hostOf("8")}:${ports.http}/`,
  });
  const { code, out } = await checkout.run("preview", { SLIPWAY_ENGINE: "pulumi" }, ["--stack", `${template}-8`]);
  expect([code, out]).toEqual([1, expect.stringContaining("Only the embedded engine deploys those: unset SLIPWAY_ENGINE.")]);
});

describe("the limit", () => {
  beforeAll(() => configure({ limit: 3 }));
  afterAll(() => configure({}));

  test("of two runs at a time, one gets the last place, and the other one leaves nothing", async () => {
    const runs = await Promise.all([up("21"), up("22")]);
    const codes = runs.map(({ code }) => code);
    expect(codes.toSorted()).toEqual([0, 1]);
    const [winner, loser] = codes[0] === 0 ? ["21", "22"] : ["22", "21"];
    const { out } = runs.find(({ code }) => code === 1)!;
    expect(out).toContain(
      `There are 3 environments of the template "${template}" (7, 8, ${winner}), and stacks/Pulumi.${template}.yaml allows 3. Delete one: slipway review down --id 7, delete those whose time is over: slipway review reap, or raise slipway:review.limit.`,
    );
    expect(await find(loser)).toBeUndefined();
    // An existing environment is still updated.
    expect(await up(winner)).toMatchObject({ code: 0 });
    expect(await down(winner)).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        `environment ${winner} is deleted\nIts namespace ${namespaceOf(winner)} is empty, and Kubernetes deletes it in a few seconds.\n`,
      ) as string,
    });
    expect(await leftIn(winner)).toEqual([]);
    await nameIsFree(winner);
    expect(await down(winner)).toMatchObject({ code: 0, out: `there is no environment ${winner}\n` });
  });
});

test("a namespace of somebody else is neither used nor deleted", async () => {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespaceOf("30") } };
  await cluster.create(namespace);
  const { code, out } = await up("30");
  expect([code, out]).toEqual([
    1,
    expect.stringContaining(`The namespace ${namespaceOf("30")} exists, and is no review environment of the project "slipway".`),
  ]);
  expect(await down("30")).toMatchObject({ code: 0, out: "there is no environment 30\n" });
  expect(await review("reap")).toMatchObject({ code: 0, out: "2 environments stay (7, 8)\n" });
  expect(await find("30")).toBeDefined();
  await cluster.remove(namespace, 60);
});

test("invalid settings and IDs create nothing", async () => {
  const { code, out } = await up("../7");
  expect([code, out]).toEqual([1, expect.stringContaining("--id: must have only lower-case letters")]);
  configure({}, { web: { ...web, port: "x" } });
  const invalid = await up("31");
  configure({});
  expect([invalid.code, invalid.out]).toEqual([
    1,
    expect.stringContaining(`In stacks/Pulumi.${template}.yaml:\n  - slipway:services.web.port: must be`),
  ]);
  expect([await find("31"), (await environmentsOf(cluster, "slipway", template)).map(({ id }) => id)]).toEqual([undefined, ["7", "8"]]);
});

describe("the reaper", () => {
  test("deletes only what has expired, also what a killed run has left", async () => {
    const killed = checkout.start("review up", {}, ["--id", "9"]);
    await eventually(find.bind(undefined, "9"), (namespace) => namespace !== undefined);
    process.kill(-killed.pid!, "SIGKILL");
    await killed.run;
    expect(await review("reap")).toMatchObject({ code: 0, out: "3 environments stay (7, 8, 9)\n" });
    await expire("9");
    expect(await review("reap", ["--dry-run"])).toMatchObject({ code: 0, out: "9  expired, to delete\n2 environments stay (7, 8)\n" });
    expect(await find("9")).toBeDefined();
    const { code, out } = await review("reap");
    expect([code, out]).toEqual([0, expect.stringContaining("9  expired, deleted\n2 environments stay (7, 8)\n")]);
    expect(await leftIn("9")).toEqual([]);
    await nameIsFree("9");
    expect((await get(hostOf("7"))).status).toBe(200);
  });

  test("leaves one that was renewed after it was listed", async () => {
    await expire("8");
    const [listed] = (await environmentsOf(cluster, "slipway", template)).filter((one) => hasExpired(one, cluster));
    expect(listed!.id).toBe("8");
    expect(await up("8")).toMatchObject({ code: 0 });
    const opened = { cluster, project: "slipway", kubernetes: { context: "someone" } } as Parameters<typeof removeEnvironment>[0];
    const wanted = (now: typeof listed) => !hasExpired(now!, cluster);
    expect(await removeEnvironment(opened, listed!, { stillWanted: wanted })).toBe("still wanted");
    expect((await get(hostOf("8"))).status).toBe(200);
  });

  test("with the open pull requests, deletes the others that have a number", async () => {
    expect(await up("docs")).toMatchObject({ code: 0 });
    const failed = await review("reap", ["--open", ""]);
    expect([failed.code, failed.out]).toEqual([1, expect.stringContaining("--open: must be numbers separated by commas")]);
    const { out } = await review("reap", ["--open", "7,12"]);
    expect(out).toContain("8  not open, deleted\n2 environments stay (7, docs)\n");
    await nameIsFree("8");
    expect(await down("docs")).toMatchObject({ code: 0 });
    await nameIsFree("docs");
  });

  test("deletes one that was closed while it was deployed, once that has ended", async () => {
    const deploying = checkout.start("review up", { SLIPWAY_LEASE_SECONDS: "5" }, ["--id", "10"]);
    const leases = () => cluster.select("coordination.k8s.io/v1", "Lease", namespaceOf("10"), "");
    await eventually(leases, (found) => found.length === 1);
    const { code, out } = await down("10");
    expect([code, out]).toEqual([4, expect.stringContaining("The environment is marked: slipway review reap deletes it later.")]);
    process.kill(-deploying.pid!, "SIGKILL");
    await deploying.run;
    // The lock of the killed run expires.
    const reaped = await review("reap");
    expect([reaped.code, reaped.out]).toEqual([0, expect.stringContaining("10  closed, deleted\n")]);
    expect(await leftIn("10")).toEqual([]);
  });
});

test("an up of an environment that is being deleted waits, and creates a new one", async () => {
  const before = (await find("7"))!.metadata!.uid;
  // As a run that was killed while it deleted the environment leaves it.
  await annotate("7", { [annotation.closed]: new Date().toISOString() });
  const { code, out } = await up("7");
  expect([code, out]).toEqual([0, expect.stringContaining(`delete environment 7 (namespace ${namespaceOf("7")})`)]);
  expect((await find("7"))!.metadata!.uid).not.toBe(before);
  expect((await get(hostOf("7"))).status).toBe(200);
});

test("an up right after a down waits until the name is free, and creates a new one", async () => {
  const before = (await find("7"))!.metadata!.uid;
  expect(await down("7")).toMatchObject({ code: 0 });
  const { code, out } = await up("7");
  // Kubernetes may have freed the name before the command looks.
  expect([code, out.match(/✓ delete environment 7 /g)?.length ?? 1]).toEqual([0, 1]);
  expect((await find("7"))!.metadata!.uid).not.toBe(before);
  expect((await get(hostOf("7"))).status).toBe(200);
});

test("an object that a finalizer keeps is an error that names it, until the finalizer is gone", async () => {
  expect(await up("13")).toMatchObject({ code: 0 });
  const stuck = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stuck", namespace: namespaceOf("13") } };
  await cluster.apply({ ...stuck, metadata: { ...stuck.metadata, finalizers: ["example.org/files"] } }, false);
  const { metadata } = (await find("13"))!;
  const removal = { timeoutSeconds: 4, graceSeconds: 1 };
  // Before Kubernetes' controller begins.
  await expect(removeNamespace(cluster, { apiVersion: "v1", kind: "Namespace", metadata }, removal)).rejects.toThrow(
    "still exists 4 s after its deletion started, because of configmaps/stuck (finalizer example.org/files). Make sure",
  );
  expect(await leftIn("13")).toEqual(["ConfigMap/stuck"]);
  const waiting = checkout.start("review down", {}, ["--id", "13"]);
  await eventually(
    async () => waiting.output(),
    (text) => text.includes(`note: namespace ${namespaceOf("13")}: deleting, waiting for configmaps/stuck (finalizer example.org/files)\n`),
  );
  await cluster.merge({ ...stuck, metadata: { ...stuck.metadata, finalizers: null as never } });
  const { code, out } = await waiting.run;
  expect([code, out, out.match(/waiting for/g)?.length]).toEqual([0, expect.stringContaining("environment 13 is deleted\n"), 1]);
  expect(await leftIn("13")).toEqual([]);
  await nameIsFree("13");
});

test("a deployer with exactly the rights that slipway rbac prints deploys, lists and deletes environments", async () => {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "review-deployer" } };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "deployer", namespace: "review-deployer" } };
  await cluster.apply(namespace, false);
  await cluster.apply(account, false);
  const { out } = await checkout.run("rbac", {}, ["--subject", "serviceaccount:review-deployer/deployer", "--json"]);
  const printed = JSON.parse(out) as Manifest[];
  expect(printed.map(({ kind, metadata }) => [kind, metadata?.name])).toEqual([
    ["ClusterRole", "slipway-slipway-review"],
    ["ClusterRoleBinding", "slipway-slipway-review"],
  ]);
  for (const manifest of printed) await cluster.apply(manifest, false);
  write(await asServiceAccount(theirs, "review-deployer", "deployer"));
  try {
    const deployed = await up("11");
    expect([deployed.code, deployed.out]).toEqual([0, expect.stringContaining("answers HTTP 200")]);
    expect(await review("list")).toMatchObject({ code: 0, out: expect.stringMatching(/\n11 +up /) as string });
    await expire("11");
    expect(await review("reap")).toMatchObject({ code: 0, out: expect.stringContaining("11  expired, deleted\n") as string });
  } finally {
    write(theirs);
    for (const manifest of [...printed, namespace]) await cluster.remove(manifest, 120);
  }
});

test("down deletes the namespace with all that is in it, and the other services stay", async () => {
  expect(await down("7")).toMatchObject({ code: 0 });
  expect(await leftIn("7")).toEqual([]);
  await nameIsFree("7");
  expect(await environmentsOf(cluster, "slipway", template)).toEqual([]);
  expect((await get("neighbour.localhost")).status).toBe(200);
});
