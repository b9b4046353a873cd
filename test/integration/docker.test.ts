import { cpSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DockerSource } from "../../cli/dashboard/live/docker.ts";
import type { Traffic } from "../../cli/dashboard/live/source.ts";
import { Checkout, docker, dockerPorts, eventually, get, objectsOf, otherPort } from "./checkout.ts";
import { attacks, underLoad } from "./load.ts";
import { echoOverTcp, echoOverUdp, echoPort, whileEchoing } from "./echo.ts";
import { testLabels } from "./test-objects.ts";
import { getOverTls, selfSigned } from "./tls.ts";

const stack = "integration-docker";
const name = `slipway-${stack}`;
const { http: port } = dockerPorts;
let checkout: Checkout;
/** The output of the first `up`. */
let firstUp: string;

const echo = { port: otherPort + 2, targetPort: echoPort };
const app = {
  source: "probe-app",
  host: "app.localhost",
  replicas: 3,
  env: { GREETING: "Hello" },
  // The same port for both protocols.
  publish: { packets: { ...echo, protocol: "UDP" }, lines: echo },
};
const secret = "hush-4711";
const tls = selfSigned("apart.localhost");

/** Everything that several tests need, so that one `up` is enough for them. */
const services: Record<string, object> = {
  app: { ...app, calls: ["called"] },
  called: {
    ...app,
    publish: undefined,
    host: "called.localhost",
    replicas: 1,
    port: 80,
    env: { GREETING: "Called" },
    files: { "/etc/ssl/certs/note.txt": "note" },
    secretFiles: { "/etc/app/token": secret },
    probes: { liveness: { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 } },
  },
  store: {
    ...app,
    publish: undefined,
    host: "store.localhost",
    replicas: 2,
    kind: "stateful",
    volumes: {
      data: { kind: "persistent", mountPath: "/data", size: "1Gi" },
      scratch: { kind: "emptyDir", mountPath: "/scratch", size: "1Mi" },
    },
  },
  apart: {
    ...app,
    publish: undefined,
    host: "apart.localhost",
    replicas: 1,
    tls: {},
    volumes: { old: { kind: "persistent", mountPath: "/old", size: "1Gi" } },
  },
};
/** A network and a volume that exist before the stack. */
const external = `external-${stack}`;
const settings = {
  certificates: [tls],
  networks: { [external]: { external: true, services: ["apart"] } },
  volumes: { "apart.old": { external: true, name: external } },
};

beforeAll(async () => {
  checkout = new Checkout(stack, "docker");
  cpSync("test/integration/probe-app", join(checkout.folder, "probe-app"), { recursive: true });
  await docker.createNetwork({ Name: external, Labels: testLabels });
  await docker.createVolume({ Name: external, Labels: testLabels });
});
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await docker.getNetwork(external).remove();
  await docker.getVolume(external).remove();
});

async function up(services: object, settings: object = {}): Promise<string> {
  checkout.configure(services, settings);
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  return out;
}

const containersOf = (service: string) =>
  docker.listContainers({ all: true, filters: { label: [`dev.slipway.stack=${stack}`, `dev.slipway.service=${service}`] } });
/** The number of volumes with files of services. */
const filesVolumes = async () => (await objectsOf(stack)).filter((object) => object.includes("-files-")).length;
const ask = async (path: string, body?: string, host = "app.localhost") => (await get(host, path, { port, body })).body;

test("the proxy routes to services, and services reach each other by name only with `calls`", async () => {
  firstUp = await up(services, settings);
  // On a machine whose processors are busy, an answer may take longer than the client of the app waits.
  await eventually(
    () => ask("/fetch?url=http://called/"),
    (answer) => answer === "Called",
  );
  const [apart] = await containersOf("apart");
  const address = apart!.NetworkSettings.Networks[`${name}-apart`]!.IPAddress;
  for (const host of ["apart", address]) expect(await ask(`/fetch?url=http://${host}:8080/`)).toMatch(/^error: /);
  // There is no egress either, or the registry of the stack would be reachable.
  expect(await ask(`/fetch?url=http://${name}-registry:5000/v2/`)).toMatch(/^error: /);
  expect((await get("other.localhost", "/", { port })).status).toBe(404);
});

test("clients reach published ports over UDP and TCP, and `up` prints their addresses", async () => {
  expect(firstUp).toContain(
    [
      `  app  http://app.localhost:${port}/  answers HTTP 200`,
      `       tcp://127.0.0.1:${echo.port}  lines  accepts connections`,
      `       udp://127.0.0.1:${echo.port}  packets`,
      "",
    ].join("\n"),
  );
  expect(await echoOverUdp(echo.port, "packet")).toBe("packet");
  expect(await echoOverTcp(echo.port, "line")).toBe("line");
});

test("the dashboard reads from the proxy how many requests a service had", async () => {
  const source = new DockerSource(docker, stack, "docker");
  const requests = async () => ((await source.traffic()) as Record<string, Traffic>)["app"]!.requests;
  const before = await eventually(requests, (count) => count > 0);
  expect((await get("app.localhost", "/", { port })).status).toBe(200);
  await eventually(requests, (count) => count > before);
});

test("`slipway status` and `slipway logs` show what runs, by container", async () => {
  const { code, out } = await checkout.run("status", {}, ["--json"]);
  const { workloads } = JSON.parse(out) as { workloads: { name: string; health: string; ready: number; replicas: number }[] };
  expect([code, workloads.find(({ name: one }) => one === "app")]).toEqual([
    0,
    expect.objectContaining({ health: "healthy", ready: 3, replicas: 3, restarts: 0, url: `http://app.localhost:${port}/` }),
  ]);
  const names = (await containersOf("app")).map(({ Names }) => Names[0]!.slice(name.length + 2)).sort();
  const lines = async (...options: string[]) => (await checkout.run("logs", {}, ["app", ...options])).out.trimEnd().split("\n");
  expect([...new Set((await lines()).map((line) => line.split(" ")[0]))].sort()).toEqual(names);
  expect(JSON.parse((await lines("--json", "--tail", "1"))[0]!)).toMatchObject({
    service: "app",
    from: expect.stringMatching(/^app-/) as string,
  });
});

test("a container has no privileges, a read-only root, limited resources and rotated logs", async () => {
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

test("an unchanged up changes nothing, and a container that was removed by hand is created again", async () => {
  const before = (await containersOf("app")).map(({ Id }) => Id).sort();
  expect((await checkout.run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  expect((await containersOf("app")).map(({ Id }) => Id).sort()).toEqual(before);
  await docker.getContainer(before[0]!).remove({ force: true });
  // The handover updates the proxy, so the route itself is unchanged.
  expect((await checkout.run("up")).out).toMatch(/^1 created, 1 updated, \d+ unchanged \(time\)$/m);
  expect((await containersOf("app")).length).toBe(3);
});

test("external networks and volumes are used unchanged, and missing ones are reported", async () => {
  const [apart] = await containersOf("apart");
  expect(Object.keys(apart!.NetworkSettings.Networks).sort()).toEqual([external, `${name}-apart`]);
  const { Mounts } = await docker.getContainer(apart!.Id).inspect();
  expect(Mounts.filter(({ Destination }) => Destination === "/old").map(({ Name }) => Name)).toEqual([external]);
  checkout.configure(services, {
    ...settings,
    networks: { nowhere: { external: true, services: ["apart"] } },
    volumes: { "apart.old": { external: true, name: "missing" } },
  });
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  const problem = (path: string, kind: string, missing: string) =>
    `slipway:docker.${path}: the ${kind} "${missing}" does not exist on the Docker host. Create it (docker ${kind} create ${missing}), or remove external in stacks/Pulumi.${stack}.yaml.\n`;
  expect(out).toContain(problem("networks.nowhere", "network", "nowhere"));
  expect(out).toContain(problem('volumes["apart.old"]', "volume", "missing"));
});

test("`slipway images` shows what uses each image, including the helper's", async () => {
  const { out } = await checkout.run("images");
  const rows = out.split("\n").map((line) => line.split(/ {2,}/));
  const users = rows.slice(1, -1).map(([image, , , , where, usedBy]) => [image!.split(/[/:]/).at(-2), where, usedBy]);
  expect(users.sort()).toEqual(
    ["apart", "app", "called", "slipway-helper", "store"].map((image) => [
      image,
      "registry",
      image === "slipway-helper" ? "helper" : image,
    ]),
  );
});

test("a service that hangs logs where it hangs and restarts", async () => {
  await ask("/hang", "", "called.localhost");
  const [container] = await containersOf("called");
  const found = docker.getContainer(container!.Id);
  await eventually(
    () => found.inspect(),
    ({ RestartCount }) => RestartCount === 1,
  );
  const logs = (await found.logs({ stdout: true, stderr: true })).toString("utf8");
  expect(logs).toContain("SIGQUIT: quit");
  expect(logs).toMatch(/main\.main\.func2/);
  await eventually(
    () => ask("/", undefined, "called.localhost"),
    (body) => body === "Called",
  );
});

test("files are mounted read-only next to the image's files, and secrets are neither in docker inspect nor in the checkpoint", async () => {
  const called = (path: string, body?: string) => ask(path, body, "called.localhost");
  expect(await called("/file/etc/ssl/certs/note.txt")).toBe("444 note");
  expect(await called("/file/etc/app/token")).toBe(`440 ${secret}`);
  expect((await called("/file/etc/ssl/certs/ca-certificates.crt")).length).toBeGreaterThan(100_000);
  expect(await called("/file/etc/app/token", "x")).toMatch(/permission denied|read-only/);
  const [container] = await containersOf("called");
  expect(JSON.stringify(await docker.getContainer(container!.Id).inspect())).not.toContain(secret);
  expect(readFileSync(join(checkout.folder, `.slipway/${stack}/checkpoint.json`), "utf8")).not.toContain(secret);
  expect(await filesVolumes()).toBe(2);
});

test("a volume keeps its files after an update and a restart, and each replica has its own volume", async () => {
  const store = (path: string, body?: string) => ask(path, body, "store.localhost");
  // The proxy balances round-robin.
  expect([await store("/hostname"), await store("/hostname")].sort()).toEqual(["store-0", "store-1"]);
  for (const _ of [1, 2]) expect(await store("/file/data/x", "kept")).toBe("written");
  expect(await store("/file/scratch/x", "x".repeat(2 ** 21))).toMatch(/no space left/);
  expect(await store("/file/scratch/x", "fits")).toBe("written");
  services["store"] = { ...services["store"], env: { GREETING: "updated" } };
  // For the next test.
  services["called"] = { ...services["called"], files: {}, secretFiles: { "/etc/app/token": "other" } };
  await up(services, settings);
  await Promise.all((await containersOf("store")).map(({ Id }) => docker.getContainer(Id).restart()));
  await eventually(
    async () => [await store("/"), await store("/"), await store("/")],
    (answers) => answers.every((answer) => answer === "updated"),
  );
  for (const _ of [1, 2]) expect(await store("/file/data/x")).toBe("644 kept");
  expect(await store("/file/scratch/x")).toMatch(/no such file/);
  expect((await objectsOf(stack)).filter((object) => object.includes("-data-"))).toEqual([
    `volume ${name}-store-data-0`,
    `volume ${name}-store-data-1`,
  ]);
});

test("the same update replaced a secret in its file and deleted the volume of removed files", async () => {
  expect(await ask("/file/etc/app/token", undefined, "called.localhost")).toBe("440 other");
  expect(await filesVolumes()).toBe(1);
});

test("HTTPS uses the certificate in the settings, whose key is not in the checkpoint, and HTTP redirects to HTTPS", async () => {
  expect(await getOverTls("apart.localhost", dockerPorts.https, tls.certificate)).toBe("Hello");
  expect((await get("apart.localhost", "/", { port })).status).toBe(301);
  expect(readFileSync(join(checkout.folder, `.slipway/${stack}/checkpoint.json`), "utf8")).not.toContain("PRIVATE KEY");
});

test("no request fails during an update, a change of settings, scaling, or a failed rollout", async () => {
  const loads = await underLoad(
    "app.localhost",
    attacks,
    async () => {
      checkout.edit("probe-app/main.go", '"written"', '"written "');
      const { count, failures } = await whileEchoing(echo.port, echo.port, async () => void (await up({ app })));
      expect(failures).toEqual([]);
      expect(count).toBeGreaterThan(50);
      await up({ app: { ...app, env: { GREETING: "Hello again" }, replicas: 5 } });
      checkout.configure({
        app: { ...app, replicas: 5, probes: { readiness: { path: "/nowhere" } }, rollout: { progressDeadlineSeconds: 6 } },
      });
      const { code, out } = await checkout.run("up");
      expect(code).toBe(1);
      expect(out).toMatch(
        /slipway-integration-docker-app-1-\w{7} is not healthy after 6 s \(.*http:\/\/127\.0\.0\.1:8080\/nowhere answers HTTP 404\)/,
      );
      checkout.configure({ app });
      const fewer = await checkout.run("up");
      // An updated route settles before containers stop; a replaced one would not.
      expect(fewer.out).toMatch(/^~ slipway:ProxyRoute \S+-app {2}updated/m);
      expect(fewer.code).toBe(0);
    },
    port,
  );
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  for (const { requests } of loads) expect(requests).toBeGreaterThan(400);
  expect((await containersOf("app")).length).toBe(3);
});

test("a port in use, a volume of another stack and an unreachable daemon are reported before anything changes", async () => {
  const before = await objectsOf(stack);
  const server = createServer();
  await new Promise<void>((listening) => server.listen(otherPort, "127.0.0.1", listening));
  checkout.configure({ app }, { ports: { ...dockerPorts, http: otherPort } });
  const used = await checkout.run("up");
  server.close();
  expect(used.code).toBe(1);
  expect(used.out).toContain(
    `slipway:docker.ports.http: port ${otherPort} is already used by another program. Stop it, or set another port in stacks/Pulumi.${stack}.yaml.`,
  );
  await docker.createVolume({ Name: `${name}-app-data`, Labels: { "dev.slipway.stack": "another", ...testLabels } });
  checkout.configure({ app: { ...app, replicas: 1, volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } } } });
  const owned = await checkout.run("up");
  await docker.getVolume(`${name}-app-data`).remove();
  expect(owned.code).toBe(1);
  expect(owned.out).toContain(
    `slipway:docker.volumes["app.data"]: the volume "${name}-app-data" belongs to the stack "another". Set another name in stacks/Pulumi.${stack}.yaml, or external: true to use this volume.`,
  );
  checkout.configure({ app: { ...app, autoscaling: { maxReplicas: 3 }, replicas: undefined } }, { host: "tcp://127.0.0.1:32198" });
  expect((await checkout.run("up")).out).toMatch(
    /slipway:services\.app\.autoscaling: is not supported on docker \(supported on local, kubernetes, eks\): Docker has no autoscaling\. Set replicas\.\n.*slipway:docker\.registry: is required, because the Docker host is another machine/,
  );
  checkout.configure({ app }, { host: "unix:///nowhere/docker.sock" });
  expect((await checkout.run("up")).out).toContain(
    "slipway:docker.host: cannot connect to the Docker daemon at unix:///nowhere/docker.sock",
  );
  expect(await objectsOf(stack)).toEqual(before);
});

test("after an up is killed, the next up completes it, and down deletes everything", async () => {
  checkout.configure({ app: { ...app, env: { GREETING: "resumed" } } });
  const child = checkout.start("up");
  await eventually(
    async () => child.output(),
    (said) => said.includes(`${name}-app-1`),
  );
  process.kill(-child.pid!, "SIGKILL");
  await child.run;
  await up({ app: { ...app, env: { GREETING: "resumed" } } });
  expect(await ask("/")).toBe("resumed");
  expect((await containersOf("app")).length).toBe(3);
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
  // External objects are kept.
  expect([(await docker.getNetwork(external).inspect()).Name, (await docker.getVolume(external).inspect()).Name]).toEqual([
    external,
    external,
  ]);
});
