import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pushImage } from "../../lib/docker-client.ts";
import type { Manifest } from "../../lib/kubernetes-client.ts";
import { Checkout, docker, eventually, get, objectsOf, otherPort, ports } from "./checkout.ts";
import { echoOverTcp, echoOverUdp, echoPort } from "./echo.ts";

const stack = "integration";
const namespace = `slipway-${stack}`;
const web = { source: "app", host: "web.localhost", replicas: 3 };
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
let checkout: Checkout;

beforeAll(async () => {
  checkout = new Checkout(stack);
  checkout.configure({ web });
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
});
afterAll(() => checkout[Symbol.asyncDispose]());

const find = async (apiVersion: string, kind: string, name: string): Promise<Manifest | undefined> =>
  (await checkout.cluster()).find({ apiVersion, kind, metadata: { name, namespace } });
const podsOf = async (service: string) => (await checkout.cluster()).select("v1", "Pod", namespace, `app.kubernetes.io/name=${service}`);
const running = async (service: string) => (await podsOf(service)).filter((pod) => !pod.metadata?.deletionTimestamp);
const tags = async (service: string) =>
  ((await (await fetch(`http://127.0.0.1:${ports.registry}/v2/${service}/tags/list`)).json()) as { tags: string[] }).tags;

const containersOfStack = () => docker.listContainers({ filters: { label: [`dev.slipway.stack=${stack}`] } });

test("the service answers through the Ingress", async () => {
  expect(await get("web.localhost")).toEqual({ status: 200, body: "Hello World\n" });
  expect((await checkout.outputs()).urls).toEqual({ web: `http://web.localhost:${ports.http}/` });
});

test("pods run the image in the registry, by digest", async () => {
  const { images } = await checkout.outputs();
  const [repository, digest] = images["web"]!.split("@");
  expect(repository).toBe(`127.0.0.1:${ports.registry}/web`);
  const manifest = await fetch(`http://127.0.0.1:${ports.registry}/v2/web/manifests/${digest}`, {
    headers: { accept: ociManifest },
  });
  expect(manifest.headers.get("docker-content-digest")).toBe(digest);
  const pods = await running("web");
  expect(pods.map((pod) => pod.status.containerStatuses[0].imageID)).toEqual(Array(3).fill(images["web"]));
  expect(await tags("web")).toEqual([digest!.slice(7, 19)]);
});

test("outputs mask the kubeconfig, and only the owner can read its file", async () => {
  const { kubeconfig, kubeconfigFile } = await checkout.outputs();
  expect(kubeconfig).toBe("[secret]");
  expect(kubeconfigFile).toBe(join(checkout.folder, `.slipway/${stack}/kubeconfig.yaml`));
  expect(statSync(kubeconfigFile).mode & 0o777).toBe(0o600);
  const key = /client-key-data: (\S+)/.exec(readFileSync(kubeconfigFile, "utf8"))![1]!;
  expect(readFileSync(join(checkout.folder, `.slipway/${stack}/checkpoint.json`), "utf8")).not.toContain(key);
});

test("every Docker object has the stack's label, and ports are published on loopback only", async () => {
  expect(await objectsOf(stack)).toEqual([
    `container /slipway-${stack}-node`,
    `container /slipway-${stack}-registry`,
    `network slipway-${stack}`,
    `volume slipway-${stack}-kubelet`,
    `volume slipway-${stack}-logs`,
    `volume slipway-${stack}-node`,
    `volume slipway-${stack}-registry`,
  ]);
  const containers = await containersOfStack();
  const published = containers.flatMap((c) => c.Ports.filter((p) => p.PublicPort)).map((p) => `${p.IP}:${p.PublicPort}`);
  expect(published.sort()).toEqual(
    Object.values(ports)
      .map((p) => `127.0.0.1:${p}`)
      .sort(),
  );
});

test("the ConfigMap of KEP-1755 names the registry", async () => {
  const cluster = await checkout.cluster();
  const map = await cluster.find({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "local-registry-hosting", namespace: "kube-public" },
  });
  expect(map?.data["localRegistryHosting.v1"]).toContain(`host: "127.0.0.1:${ports.registry}"`);
});

test("the namespace rejects pods that violate the restricted profile", async () => {
  const cluster = await checkout.cluster();
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "root", namespace },
    spec: { containers: [{ name: "root", image: "x" }] },
  };
  await expect(cluster.apply(pod, true)).rejects.toThrow('violates PodSecurity "restricted:v1.36"');
});

test("a preview shows the digest that the next up deploys, and all replicas stay ready during the rollout", async () => {
  checkout.edit("app/settings.go", 'greeting: "Hello World"', 'greeting: "Hello again"');
  const preview = await checkout.run("preview");
  expect(preview.code).toBe(0);
  const digest = /image: ".*" → "(127\.0\.0\.1:\d+\/web@sha256:[0-9a-f]{64})"/.exec(preview.out)?.[1];
  expect((await get("web.localhost")).body).toBe("Hello World\n");

  const up = checkout.start("up");
  let fewest = Infinity;
  let ended = false;
  void up.run.then(() => (ended = true));
  while (!ended) {
    const ready = (await podsOf("web")).filter((p) =>
      p.status.conditions?.some((c: { type: string; status: string }) => c.type === "Ready" && c.status === "True"),
    );
    fewest = Math.min(fewest, ready.length);
    await setTimeout(50);
  }
  expect((await up.run).code).toBe(0);
  expect(fewest).toBeGreaterThanOrEqual(3);
  expect((await checkout.outputs()).images["web"]).toBe(digest);
  await eventually(
    () => get("web.localhost"),
    ({ body }) => body === "Hello again\n",
  );
});

test("a compile error ends the run with the compiler's output and changes nothing", async () => {
  checkout.edit("app/settings.go", 'greeting: "Hello again"', 'greeting: "Hello" + again');
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  expect(out).toContain("app: does not compile.\n      # dev.slipway/app\n      ./settings.go:");
  expect(out).toContain("undefined: again");
  expect(out).not.toMatch(/created|updated|deleted/);
  expect((await get("web.localhost")).body).toBe("Hello again\n");
  checkout.edit("app/settings.go", 'greeting: "Hello" + again', 'greeting: "Hello again"');
});

const callee = { port: 9000, calls: ["web"], env: { TARGET: "http://web:8080/" } };
/** From source, and from a Dockerfile. */
const callers = {
  caller: { source: "caller", host: "caller.localhost", ...callee },
  built: {
    source: "built",
    builder: "dockerfile",
    dockerfile: { file: "docker/run.Dockerfile", target: "run", args: { TARGET: "http://web:8080/" } },
    host: "built.localhost",
    port: 9000,
    calls: ["web"],
  },
};

test("services reach each other by name, and clients published ports; images from a Dockerfile and by tag are deployed by digest", async () => {
  for (const name of Object.keys(callers)) cpSync("test/fixtures/caller", join(checkout.folder, name), { recursive: true });
  const folder = join(checkout.folder, "built");
  execFileSync("go", ["build", "-o", "caller", "."], { cwd: folder, env: { ...process.env, CGO_ENABLED: "0" } });
  const run = [
    "FROM scratch AS run",
    "COPY caller /caller",
    "ARG TARGET",
    "ENV TARGET=$TARGET",
    "USER 65532:65532",
    'ENTRYPOINT ["/caller"]',
  ];
  mkdirSync(join(folder, "docker"));
  writeFileSync(join(folder, "docker/run.Dockerfile"), [...run, "FROM run AS broken", 'ENTRYPOINT ["/nothing"]', ""].join("\n"));
  const before = (await checkout.outputs()).images["web"]!;
  const tagged = `127.0.0.1:${ports.registry}/web:${before.split("@sha256:")[1]!.slice(0, 12)}`;
  cpSync("test/integration/probe-app", join(checkout.folder, "echo"), { recursive: true });
  const publish = { packets: { port: otherPort, targetPort: echoPort, protocol: "UDP" }, lines: { port: otherPort, targetPort: echoPort } };
  const echo = { source: "echo", publish, replicas: 2 };
  checkout.configure({ web, ...callers, echo, tagged: { image: tagged, host: "tagged.localhost", replicas: 1 } });
  expect((await checkout.run("lock")).code).toBe(0);
  expect((await checkout.run("up")).code).toBe(0);
  // The node was replaced for the published ports, and what ran in it is back.
  expect(await echoOverUdp(otherPort, "packet")).toBe("packet");
  expect(await echoOverTcp(otherPort, "line")).toBe("line");
  expect(await get("tagged.localhost")).toEqual({ status: 200, body: "Hello again\n" });
  expect((await running("tagged")).map((pod) => pod.spec.containers[0].image)).toEqual([before.replace(/.*@/, `${tagged}@`)]);
  for (const { host } of Object.values(callers))
    expect(await get(host)).toEqual({ status: 200, body: "http://web:8080/ says: Hello again\n" });
  const ref = (await checkout.outputs()).images["built"]!;
  expect(ref).toMatch(new RegExp(`^127\\.0\\.0\\.1:${ports.registry}/built@sha256:[0-9a-f]{64}$`));
  expect((await running("built")).map((pod) => pod.spec.containers[0].image)).toEqual([ref, ref]);
});

test("an unchanged up changes nothing", async () => {
  const before = {
    pods: (await running("web")).map((p) => p.metadata?.uid).sort(),
    tags: await tags("web"),
    containers: (await containersOfStack()).map(({ Id }) => Id),
  };
  const { code, out } = await checkout.run("up");
  expect(code).toBe(0);
  expect(out).toContain("46 unchanged (time)\n");
  expect((await running("web")).map((p) => p.metadata?.uid).sort()).toEqual(before.pods);
  expect(await tags("web")).toEqual(before.tags);
  expect((await containersOfStack()).map(({ Id }) => Id)).toEqual(before.containers);
});

test("images that are missing in the registry are built or pushed again", async () => {
  checkout.configure({ web, ...callers });
  const accept = [ociManifest, "application/vnd.docker.distribution.manifest.v2+json"].join(",");
  const { images } = await checkout.outputs();
  const manifests = ["built", "web"].map(
    (name) => `http://127.0.0.1:${ports.registry}/v2/${name}/manifests/${images[name]!.split("@")[1]}`,
  );
  for (const manifest of manifests) expect((await fetch(manifest, { method: "DELETE" })).status).toBe(202);
  const { out } = await checkout.run("up");
  expect(out).toContain("~ docker:Image built  updated (time)\n");
  expect(out).toContain("+ slipway:RegistryPush web  created (time)\n");
  for (const manifest of manifests) expect((await fetch(manifest, { headers: { accept } })).status).toBe(200);
});

test("removing services deletes their objects", async () => {
  checkout.configure({ web });
  const { code, out } = await checkout.run("up");
  expect(code).toBe(0);
  expect(out).toMatch(/1 updated, 17 deleted, 15 unchanged \(time\)\n/);
  for (const [apiVersion, kind] of [
    ["apps/v1", "Deployment"],
    ["v1", "Service"],
    ["v1", "ServiceAccount"],
    ["networking.k8s.io/v1", "Ingress"],
  ] as const) {
    expect(await find(apiVersion, kind, "caller")).toBeUndefined();
  }
  expect((await get("web.localhost")).status).toBe(200);
});

test("slipway images lists the users of each image, and --prune deletes unused images with their layers", async () => {
  const registry = `127.0.0.1:${ports.registry}`;
  const folder = checkout.folder;
  writeFileSync(join(folder, "large"), randomBytes(3_000_000));
  execFileSync("tar", ["-cf", "large.tar", "large"], { cwd: folder });
  execFileSync("docker", ["import", "large.tar", `${registry}/stray:1`], { cwd: folder, stdio: "ignore" });
  await pushImage(docker, `${registry}/stray:1`, {});
  const list = async () => (await checkout.run("images")).out.split("\n").map((line) => line.split(/ {2,}/));
  const before = await list();
  const stray = before.find(([image]) => image === `${registry}/stray:1`);
  expect(before[0]).toEqual(["IMAGE", "DIGEST", "SIZE", "AGE", "IN", "USED BY"]);
  expect(stray?.toSpliced(1, 1).toSpliced(2, 1)).toEqual([`${registry}/stray:1`, "3.0 MB", "registry, Docker", "nothing"]);
  const { images } = await checkout.outputs();
  const [, digest] = images["web"]!.split("@");
  const running = before.find((cells) => cells[1] === digest!.slice(0, 19));
  expect(running?.toSpliced(3, 1)).toEqual([`${registry}/web:${digest!.slice(7, 19)}`, digest!.slice(0, 19), "6.3 MB", "registry", "web"]);

  const unconfirmed = await checkout.run("images", {}, ["--prune"]);
  expect(unconfirmed.code).toBe(1);
  expect(unconfirmed.out).toMatch(
    /error: Delete \d images? \([\d.]+ MB\)\? Cannot ask, because standard input is not a terminal\. Run slipway images --prune --yes --stack integration\n/,
  );
  expect((await checkout.run("images", {}, ["--prune", "--yes"])).code).toBe(0);
  const names = (lines: string[][]) => lines.map(([image]) => image);
  expect(names(await list())).toEqual(names(before.filter((cells) => cells.at(-1) !== "nothing")));
  const { Mountpoint } = await docker.getVolume(`slipway-${stack}-registry`).inspect();
  const largest = execFileSync("find", [Mountpoint, "-size", "+2900k", "-size", "-3100k"], { encoding: "utf8" });
  expect(largest).toBe("");
  expect(await docker.listImages({ filters: { reference: [`${registry}/stray`] } })).toEqual([]);
  // Images in use can still be pulled.
  expect((await fetch(`http://${registry}/v2/web/manifests/${digest}`, { headers: { accept: ociManifest } })).status).toBe(200);
  expect((await checkout.run("images", {}, ["--prune"])).out).toBe("Every image is in use.\n");
});

test("a deleted node container is recreated, with everything that ran in it", async () => {
  await docker.getContainer(`slipway-${stack}-node`).remove({ force: true });
  const { code, out } = await checkout.run("up");
  expect(code).toBe(0);
  expect(out).toMatch(/docker:Container slipway-integration-node {2}created/);
  expect((await get("web.localhost")).body).toBe("Hello again\n");
});

test("a deleted namespace is recreated", async () => {
  await (await checkout.cluster()).remove({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, 60);
  expect((await checkout.run("up")).code).toBe(0);
  expect((await get("web.localhost")).body).toBe("Hello again\n");
});

test("a stopped cluster is started again, and a manual change in it is reverted", async () => {
  const cluster = await checkout.cluster();
  const deployment = (await find("apps/v1", "Deployment", "web"))!;
  await cluster.replace({ ...deployment, spec: { ...deployment.spec, replicas: 1 } });
  await docker.getContainer(`slipway-${stack}-node`).kill();
  expect((await checkout.run("up")).out).toMatch(/~ kubernetes:apps\/v1:Deployment web {2}updated/);
  expect((await find("apps/v1", "Deployment", "web"))?.spec.replicas).toBe(3);
  await eventually(
    () => get("web.localhost"),
    ({ status }) => status === 200,
  );
});

test("local-path is the default StorageClass, and node metrics are available", async () => {
  const cluster = await checkout.cluster();
  const classes = (await cluster.list("storage.k8s.io/v1", "StorageClass")).items;
  expect(classes.map((c) => [c.metadata?.name, c.metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"]])).toEqual([
    ["local-path", "true"],
  ]);
  const usage = await eventually(
    () => cluster.find({ apiVersion: "metrics.k8s.io/v1beta1", kind: "NodeMetrics", metadata: { name: namespace } }),
    (metrics) => metrics !== undefined,
  );
  expect(usage?.usage.memory).toMatch(/^\d+[KM]i$/);
});

test("a port in use is rejected before anything changes, and the message names the key", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  checkout.configure({ web }, { ports: { ...ports, https: port } });
  const { code, out } = await checkout.run("up");
  server.close();
  checkout.configure({ web });
  expect(code).toBe(1);
  expect(out).toContain(
    `slipway:local.ports.https: port ${port} is already used by another program. Stop it, or set another port in stacks/Pulumi.${stack}.yaml`,
  );
  expect(out).not.toMatch(/created|updated|replaced|deleted/);
});

test("a mistyped key is rejected, and the message suggests the right one", async () => {
  checkout.configure({ web: { ...web, hots: "x" } });
  const { code, out } = await checkout.run("up");
  checkout.configure({ web });
  expect(code).toBe(1);
  expect(out).toContain('slipway:services.web.hots: is unknown. Did you mean "host"?\n');
  expect(out).not.toMatch(/ at .*:\d+:\d+/);
});

test("without Docker, up fails at once and names the remedy", async () => {
  const { code, out } = await checkout.run("up", { DOCKER_HOST: "unix:///nowhere/docker.sock" });
  expect(code).toBe(1);
  expect(out).toMatch(/cannot connect to the Docker daemon\. Start Docker/);
});

test("after an up is killed half-way, the next up completes it", async () => {
  expect((await checkout.run("down")).code).toBe(0);
  const killed = checkout.start("up");
  await eventually(
    async () => killed.output(),
    (output) => output.includes("slipway-integration-registry  created"),
  );
  process.kill(-killed.pid!, "SIGKILL");
  await killed.run;
  expect((await checkout.run("up")).code).toBe(0);
  expect((await get("web.localhost")).body).toBe("Hello again\n");
});

test("a stack of the same name from another checkout is not changed, and the message names the remedy", async () => {
  const other = new Checkout(stack);
  other.configure({ web });
  // A second time, because the first one leaves an empty kubeconfig.
  for (const attempt of [1, 2]) {
    const { code, out } = await other.run("up");
    const said = "already exists, and this checkout did not create it. Run slipway down where it was created, or: docker ";
    expect({ attempt, code, out }).toEqual({ attempt, code: 1, out: expect.stringContaining(said) });
  }
  expect((await get("web.localhost")).status).toBe(200);
  expect((await other.run("down")).code).toBe(0);
  expect((await get("web.localhost")).status).toBe(200);
});

test("down leaves no container, network or volume, not even an anonymous one", async () => {
  // Those of its containers: other tests create anonymous volumes at the same time.
  const mounts = (await containersOfStack()).flatMap(({ Mounts }) => Mounts.filter(({ Type }) => Type === "volume"));
  const mounted = mounts.map(({ Name }) => Name!).sort();
  expect(mounted).toEqual(["kubelet", "logs", "node", "registry"].map((volume) => `slipway-${stack}-${volume}`));
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
  const left = (await docker.listVolumes()).Volumes.map(({ Name }) => Name);
  expect(left.filter((name) => mounted.includes(name))).toEqual([]);
  expect((await checkout.run("down")).out).toContain("nothing to do");
});
