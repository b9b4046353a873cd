import { cpSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { Checkout, docker, enginePorts, eventually, get, objectsOf } from "./checkout.ts";
import { underLoad } from "./load.ts";

jest.setTimeout(300_000);

const stack = "integration-docker";
const name = `slipway-${stack}`;
const { http: port } = enginePorts;
const attacks = [
  { rate: 150, keepAlive: true },
  { rate: 150, keepAlive: false },
];
let checkout: Checkout;

const app = { source: "probe-app", host: "app.localhost", replicas: 3, env: { GREETING: "Hello" } };

beforeAll(() => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
});
afterAll(() => checkout[Symbol.asyncDispose]());

async function up(services: object, settings: object = {}): Promise<string> {
  checkout.configure(services, settings);
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  return out;
}

const containersOf = (service: string) =>
  docker.listContainers({ all: true, filters: { label: [`dev.slipway.stack=${stack}`, `dev.slipway.service=${service}`] } });
const ask = async (path: string, body?: string) => (await get("app.localhost", path, { port, body })).body;

test("services are up behind the proxy, and reach each other by name as `calls` says and no other way", async () => {
  const out = await up({
    app: { ...app, calls: ["called"] },
    called: { ...app, host: undefined, replicas: 1, env: { GREETING: "Called" } },
    apart: { ...app, host: undefined, replicas: 1 },
  });
  expect(out).toContain(`app  http://app.localhost:${port}/  answers HTTP 200`);
  expect(await ask("/fetch?url=http://called:8080/")).toBe("Called");
  const [apart] = await containersOf("apart");
  const address = apart!.NetworkSettings.Networks[`${name}-apart`]!.IPAddress;
  for (const host of ["apart", address]) expect(await ask(`/fetch?url=http://${host}:8080/`)).toMatch(/^error: /);
  // Nor is there a way out: the registry of the stack, which any way out leads to, is not reached.
  expect(await ask(`/fetch?url=http://${name}-registry:5000/v2/`)).toMatch(/^error: /);
  expect((await get("other.localhost", "/", { port })).status).toBe(404);
});

test("a container has no privileges, a read-only root, bounded resources and rotated logs", async () => {
  const [container] = await containersOf("app");
  const { Config, HostConfig } = await docker.getContainer(container!.Id).inspect();
  expect({ User: Config.User, StopTimeout: (Config as { StopTimeout?: number }).StopTimeout }).toEqual({
    User: "65532:65532",
    StopTimeout: 30,
  });
  const { ReadonlyRootfs, CapDrop, SecurityOpt, Memory, MemorySwap, Privileged, RestartPolicy, LogConfig, CpuShares } = HostConfig;
  expect({ ReadonlyRootfs, CapDrop, SecurityOpt, Memory, MemorySwap, Privileged, RestartPolicy, LogConfig, CpuShares }).toEqual({
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges:true"],
    Memory: 64 * 2 ** 20,
    MemorySwap: 64 * 2 ** 20,
    Privileged: false,
    RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
    LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } },
    CpuShares: 51,
  });
  expect(await ask("/env/GOMEMLIMIT")).toBe("58982KiB");
  expect(await ask("/file/etc/x", "x")).toMatch(/read-only file system/);
});

test("an unchanged up changes nothing, and what somebody removed by hand comes back", async () => {
  const before = (await containersOf("app")).map(({ Id }) => Id).sort();
  expect((await checkout.run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  expect((await containersOf("app")).map(({ Id }) => Id).sort()).toEqual(before);
  await docker.getContainer(before[0]!).remove({ force: true });
  expect((await checkout.run("up")).out).toMatch(/^1 created, 2 updated, \d+ unchanged \(time\)$/m);
  expect((await containersOf("app")).length).toBe(3);
});

test("no request fails in an update, a change of settings, while scaling, or when a new version does not come up", async () => {
  const loads = await underLoad(
    "app.localhost",
    attacks,
    async () => {
      checkout.edit("probe-app/main.go", '"written"', '"written "');
      await up({ app });
      await up({ app: { ...app, env: { GREETING: "Hello again" } } });
      await up({ app: { ...app, env: { GREETING: "Hello again" }, replicas: 5 } });
      await up({ app: { ...app, env: { GREETING: "Hello again" }, replicas: 2 } });
      checkout.configure({
        app: { ...app, replicas: 2, probes: { readiness: { path: "/nowhere" } }, rollout: { progressDeadlineSeconds: 6 } },
      });
      const { code, out } = await checkout.run("up");
      expect(code).toBe(1);
      expect(out).toMatch(
        /slipway-integration-docker-app-1-\w{7} is not healthy after 6 s \(.*http:\/\/127\.0\.0\.1:8080\/nowhere answers HTTP 404\)/,
      );
      await up({ app });
    },
    port,
  );
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  for (const { requests } of loads) expect(requests).toBeGreaterThan(1000);
  expect((await containersOf("app")).length).toBe(3);
});

test("a new version that ends by itself is told with its last lines, and the version before serves on", async () => {
  checkout.configure({ app: { ...app, env: { GREETING: "new" } } });
  checkout.edit(
    "probe-app/main.go",
    "var hangs atomic.Bool",
    'var hangs atomic.Bool\n\tif os.Getenv("GREETING") == "new" {\n\t\tpanic("REGION must be set")\n\t}',
  );
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  expect(out).toMatch(/ended with exit code 2.*its last lines:\n.*REGION must be set/s);
  expect(await ask("/")).toBe("Hello");
  await up({ app });
  expect((await containersOf("app")).map(({ State }) => State)).toEqual(["running", "running", "running"]);
});

test("what a service wrote into its volume survives an update and a restart, and each replica has its own", async () => {
  const data = { kind: "persistent", mountPath: "/data", size: "1Gi" };
  const stateful = {
    ...app,
    replicas: 2,
    kind: "stateful",
    volumes: { data, scratch: { kind: "emptyDir", mountPath: "/scratch", size: "1Mi" } },
  };
  await up({ app: stateful });
  // The proxy asks one after the other.
  expect([await ask("/hostname"), await ask("/hostname")].sort()).toEqual(["app-0", "app-1"]);
  for (const _ of [1, 2]) expect(await ask("/file/data/x", "kept")).toBe("written ");
  expect(await ask("/file/scratch/x", "x".repeat(2 ** 21))).toMatch(/no space left/);
  expect(await ask("/file/scratch/x", "fits")).toBe("written ");
  await up({ app: { ...stateful, env: { GREETING: "updated" } } });
  for (const { Id } of await containersOf("app")) await docker.getContainer(Id).restart();
  await eventually(
    async () => [await ask("/"), await ask("/"), await ask("/")],
    (answers) => answers.every((answer) => answer === "updated"),
  );
  for (const _ of [1, 2]) expect(await ask("/file/data/x")).toBe("644 kept");
  expect(await ask("/file/scratch/x")).toMatch(/no such file/);
  expect((await objectsOf(stack)).filter((object) => object.includes("-data-"))).toEqual([
    `volume ${name}-app-data-0`,
    `volume ${name}-app-data-1`,
  ]);
});

test("a service that hangs is ended, says where it hung, and is started anew", async () => {
  const liveness = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 };
  await up({ app: { ...app, replicas: 1, probes: { liveness } } });
  await ask("/hang", "");
  const [container] = await containersOf("app");
  const found = docker.getContainer(container!.Id);
  await eventually(
    () => found.inspect(),
    ({ RestartCount }) => RestartCount === 1,
  );
  const logs = (await found.logs({ stdout: true, stderr: true })).toString("utf8");
  expect(logs).toContain("SIGQUIT: quit");
  expect(logs).toMatch(/main\.main\.func2/);
  await eventually(
    () => ask("/"),
    (body) => body === "Hello",
  );
});

test("files are read-only and in a folder with what the image has there; secrets are in no inspection and no checkpoint", async () => {
  const secret = "hush-4711";
  await up({ app: { ...app, replicas: 1, files: { "/etc/ssl/certs/note.txt": "note" }, secretFiles: { "/etc/app/token": secret } } });
  expect(await ask("/file/etc/ssl/certs/note.txt")).toBe("444 note");
  expect(await ask("/file/etc/app/token")).toBe(`440 ${secret}`);
  expect((await ask("/file/etc/ssl/certs/ca-certificates.crt")).length).toBeGreaterThan(100_000);
  expect(await ask("/file/etc/app/token", "x")).toMatch(/permission denied|read-only/);
  const [container] = await containersOf("app");
  expect(JSON.stringify(await docker.getContainer(container!.Id).inspect())).not.toContain(secret);
  expect(readFileSync(join(checkout.folder, `.slipway/${stack}/checkpoint.json`), "utf8")).not.toContain(secret);
  const volumes = async () => (await objectsOf(stack)).filter((object) => object.includes("-files-"));
  expect((await volumes()).length).toBe(2);
  await up({ app: { ...app, replicas: 1, secretFiles: { "/etc/app/token": "other" } } });
  expect(await ask("/file/etc/app/token")).toBe("440 other");
  expect((await volumes()).length).toBe(1);
});

test("a port in use, a volume of another stack, an engine that is away: one clear message, and nothing is changed", async () => {
  const before = await objectsOf(stack);
  const server = createServer();
  await new Promise<void>((listening) => server.listen(32199, "127.0.0.1", listening));
  checkout.configure({ app }, { ports: { ...enginePorts, http: 32199 } });
  const taken = await checkout.run("up");
  server.close();
  expect(taken.code).toBe(1);
  expect(taken.out).toContain(
    `slipway:docker.ports.http: port 32199 is taken by another program. Stop it, or set another port in stacks/Pulumi.${stack}.yaml`,
  );
  await docker.createVolume({ Name: `${name}-app-data`, Labels: { "dev.slipway.stack": "another" } });
  checkout.configure({ app: { ...app, replicas: 1, volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } } });
  const owned = await checkout.run("up");
  await docker.getVolume(`${name}-app-data`).remove();
  expect(owned.code).toBe(1);
  expect(owned.out).toContain(`${name}-app-data  it exists already, and this checkout did not make it`);
  checkout.configure({ app: { ...app, autoscaling: { maxReplicas: 3 }, replicas: undefined } }, { host: "tcp://127.0.0.1:32198" });
  expect((await checkout.run("up")).out).toMatch(
    /slipway:services\.app\.autoscaling: docker does not have this, local, eks do: Docker does not follow the load; set replicas\n.*slipway:docker\.registry: is needed for an engine elsewhere/,
  );
  checkout.configure({ app }, { host: "unix:///nowhere/docker.sock" });
  expect((await checkout.run("up")).out).toContain("slipway:docker.host: no Docker engine answers at unix:///nowhere/docker.sock");
  expect(await objectsOf(stack)).toEqual(before);
});

test("an up that was killed is carried on by the next, and down leaves nothing", async () => {
  checkout.configure({ app: { ...app, env: { GREETING: "resumed" } } });
  const child = checkout.start("up");
  await eventually(
    async () => child.said(),
    (said) => said.includes(`${name}-app-1`),
  );
  process.kill(-child.pid!, "SIGKILL");
  await child.run;
  await up({ app: { ...app, env: { GREETING: "resumed" } } });
  expect(await ask("/")).toBe("resumed");
  expect((await containersOf("app")).length).toBe(3);
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
