import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DockerSource } from "../../cli/dashboard/live/docker.ts";
import type { Traffic } from "../../cli/dashboard/live/source.ts";
import { Checkout, docker, dockerPorts, eventually, get, objectsOf, otherPort } from "./checkout.ts";
import { attacks, underLoad } from "./load.ts";
import { echoOverTcp, echoOverUdp, echoPort, whileEchoing } from "./echo.ts";
import { testLabels } from "./test-objects.ts";
import { getOverTls, selfSigned } from "./tls.ts";

const stack = "integration-swarm";
const name = `slipway-${stack}`;
const { http: port } = dockerPorts;
let checkout: Checkout;
let wasInSwarm: boolean;
let bridges: string[];

const app = {
  source: "probe-app",
  host: "app.localhost",
  replicas: 3,
  env: { GREETING: "Hello" },
  rollout: { progressDeadlineSeconds: 60 },
};
const echo = { port: otherPort + 2, targetPort: echoPort };
const tls = selfSigned("apart.localhost");

/** The other services have a separate source, so that editing the source of `app` does not change them. */
const other = { ...app, source: "others" };

/** Everything that several tests need, so that one `up` is enough for them. */
const services: Record<string, object> = {
  app: { ...app, calls: ["called"], publish: { packets: { ...echo, protocol: "UDP" }, lines: echo } },
  called: {
    ...other,
    host: "called.localhost",
    replicas: 1,
    port: 80,
    env: { GREETING: "Called" },
    files: { "/etc/app/note": "note" },
    secretFiles: { "/etc/app/token": "hush-1" },
    probes: { liveness: { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2 } },
  },
  store: {
    ...other,
    host: "store.localhost",
    replicas: 2,
    kind: "stateful",
    volumes: { data: { kind: "persistent", mountPath: "/data", size: "1Gi" } },
  },
  apart: { ...other, host: "apart.localhost", replicas: 1, tls: {} },
};
const settings = { certificates: [tls] };
const networkNames = async () => (await docker.listNetworks()).map(({ Name }) => Name);

beforeAll(async () => {
  checkout = new Checkout(stack, "swarm");
  for (const folder of ["probe-app", "others"]) cpSync("test/integration/probe-app", join(checkout.folder, folder), { recursive: true });
  wasInSwarm = (await docker.info()).Swarm.LocalNodeState === "active";
  bridges = await networkNames();
});

/** Restores the Swarm mode of the Docker host, unless scripts/test.ts does it later: leaving the swarm would disturb the other lanes. */
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  if (process.env["SLIPWAY_KEEP_SWARM"] !== undefined) return;
  if (!wasInSwarm) await docker.swarmLeave({ force: true });
  if (!bridges.includes("docker_gwbridge")) await docker.getNetwork("docker_gwbridge").remove();
});

async function up(services: object, settings: object = {}): Promise<string> {
  checkout.configure(services, settings);
  const { code, out } = await checkout.run("up");
  if (code !== 0) throw new Error(out);
  return out;
}

const ask = async (path: string, body?: string, host = "app.localhost") => (await get(host, path, { port, body })).body;
const service = async (key = "app") => (await docker.getService(`${name}-${key}`).inspect()) as Inspected;

interface Inspected {
  Version: { Index: number };
  UpdateStatus?: { State: string };
  Spec: { Mode: { Replicated: { Replicas: number } }; TaskTemplate: { ContainerSpec: Record<string, never> }; UpdateConfig: object };
}

const running = async (key = "app") =>
  (await docker.listTasks({ filters: { service: [`${name}-${key}`], "desired-state": ["running"] } })).filter(
    (task) => (task.Status as { State: string }).State === "running",
  );

test("without a swarm, up prints the command that creates one and changes nothing", async () => {
  if (wasInSwarm) return;
  checkout.configure({ app });
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  const [last] = out.trimEnd().split("\n").slice(-1);
  expect(last).toMatch(
    / - slipway:swarm: the Docker host is not part of a swarm\. Create a swarm: `docker swarm init --advertise-addr ADDRESS`/,
  );
  expect(await objectsOf(stack)).toEqual([]);
  await docker.swarmInit({ ListenAddr: "127.0.0.1:2377", AdvertiseAddr: "127.0.0.1" });
});

test("the proxy routes to hardened services, and services reach each other by name only with `calls`", async () => {
  const out = await up(services, settings);
  expect(out).toContain(`app  http://app.localhost:${port}/  answers HTTP 200`);
  await eventually(
    () => ask("/fetch?url=http://called/"),
    (answer) => answer === "Called",
  );
  expect(await ask("/fetch?url=http://apart:8080/")).toMatch(/^error: /);
  expect(await ask("/fetch?url=http://172.17.0.1:1/")).toMatch(/^error: /);
  const { User, ReadOnly, CapabilityDrop, StopGracePeriod } = (await service()).Spec.TaskTemplate.ContainerSpec;
  expect({ User, ReadOnly, CapabilityDrop, StopGracePeriod }).toEqual({
    User: "65532:65532",
    ReadOnly: true,
    CapabilityDrop: ["ALL"],
    StopGracePeriod: 30e9,
  });
  expect((await service()).Spec.UpdateConfig).toEqual({
    Parallelism: 1,
    FailureAction: "rollback",
    Monitor: 5e9,
    MaxFailureRatio: 0,
    Order: "start-first",
  });
  expect((await service()).Spec.TaskTemplate).toMatchObject({
    Resources: { Limits: { MemoryBytes: 64 * 2 ** 20 }, Reservations: { MemoryBytes: 64 * 2 ** 20, NanoCPUs: 5e7 } },
  });
});

test("the dashboard reads from the proxy how many requests a service had", async () => {
  const source = new DockerSource(docker, stack, "swarm");
  const requests = async () => ((await source.traffic()) as Record<string, Traffic>)["app"]!.requests;
  const before = await eventually(requests, (count) => count > 0);
  expect((await get("app.localhost", "/", { port })).status).toBe(200);
  await eventually(requests, (count) => count > before);
});

test("`slipway status` and `slipway logs` show what runs, by task", async () => {
  const { code, out } = await checkout.run("status", {}, ["--json"]);
  const { workloads } = JSON.parse(out) as { workloads: { name: string }[] };
  expect([code, workloads.find(({ name: one }) => one === "app")]).toEqual([
    0,
    expect.objectContaining({ health: "healthy", ready: 3, replicas: 3, url: `http://app.localhost:${port}/`, answer: 200 }),
  ]);
  const tasks = (await running()).map(({ ID }) => `app-${ID.slice(0, 12)}`).sort();
  const lines = (await checkout.run("logs", {}, ["app"])).out.trimEnd().split("\n");
  expect([...new Set(lines.map((line) => line.split(" ")[0]))].sort()).toEqual(tasks);
});

test("clients reach published ports over UDP and TCP", async () => {
  expect(await echoOverUdp(echo.port, "packet")).toBe("packet");
  expect(await echoOverTcp(echo.port, "line")).toBe("line");
});

test("an unchanged up changes nothing, and a service that was scaled by hand is scaled back", async () => {
  const { Version } = await service();
  expect((await checkout.run("up")).out).toMatch(/^\d+ unchanged \(time\)$/m);
  expect((await service()).Version).toEqual(Version);
  const { Spec } = await service();
  await docker.getService(`${name}-app`).update({ version: Version.Index, ...Spec, Mode: { Replicated: { Replicas: 1 } } });
  expect((await checkout.run("up")).out).toMatch(/^1 updated, \d+ unchanged \(time\)$/m);
  expect((await running()).length).toBe(3);
});

test("a task that hangs is replaced", async () => {
  const [before] = await running("called");
  await ask("/hang", "", "called.localhost");
  await eventually(
    () => running("called"),
    (tasks) => tasks.length === 1 && tasks[0]!.ID !== before!.ID,
  );
  await eventually(
    () => ask("/", undefined, "called.localhost"),
    (body) => body === "Called",
  );
});

test("each task of a stateful service keeps its volume during an update", async () => {
  const all = async (path: string, body?: string) => {
    const answers = new Set<string>();
    for (let i = 0; i < 20; i++) answers.add(await ask(path, body, "store.localhost"));
    return [...answers].sort();
  };
  expect(await all("/hostname")).toEqual(["store-1", "store-2"]);
  expect(await all("/file/data/x", "kept")).toEqual(["written"]);
  services["store"] = { ...services["store"], env: { GREETING: "updated" } };
  await up(services, settings);
  expect(await all("/")).toEqual(["updated"]);
  expect(await all("/file/data/x")).toEqual(["644 kept"]);
});

test("a changed secret updates the service, the previous secret is deleted, and its content is only in the file", async () => {
  const called = (path: string) => ask(path, undefined, "called.localhost");
  expect([await called("/file/etc/app/token"), await called("/file/etc/app/note")]).toEqual(["440 hush-1", "444 note"]);
  const objects = async () => (await objectsOf(stack)).filter((object) => /etc-app/.test(object));
  const before = await objects();
  expect(before.length).toBe(2);
  services["called"] = { ...services["called"], secretFiles: { "/etc/app/token": "hush-2" } };
  await up(services, settings);
  expect(await called("/file/etc/app/token")).toBe("440 hush-2");
  const after = await objects();
  expect(after.length).toBe(2);
  expect(after.filter((object) => before.includes(object))).toEqual(before.filter((object) => object.startsWith("config ")));
  expect(JSON.stringify(await service("called"))).not.toContain("hush");
});

test("HTTPS uses the certificate in the settings, whose key is only in a secret, and HTTP redirects to HTTPS", async () => {
  expect(await getOverTls("apart.localhost", dockerPorts.https, tls.certificate)).toBe("Hello");
  expect((await get("apart.localhost", "/", { port })).status).toBe(301);
  const specs = JSON.stringify([await service("proxy"), await docker.listConfigs()]);
  for (const text of [tls.key, Buffer.from(tls.key).toString("base64")]) expect(specs).not.toContain(text);
});

test("no request fails during an update, scaling, or a failed rollout that Swarm rolls back", async () => {
  const app = services["app"];
  const loads = await underLoad(
    "app.localhost",
    attacks,
    async () => {
      checkout.edit("probe-app/main.go", '"written"', '"written "');
      const { count, failures } = await whileEchoing(echo.port, echo.port, async () => void (await up(services, settings)));
      expect(failures).toEqual([]);
      expect(count).toBeGreaterThan(50);
      await up({ ...services, app: { ...app, replicas: 5 } }, settings);
      checkout.configure(
        {
          ...services,
          app: {
            ...app,
            env: { GREETING: "bad" },
            image: `127.0.0.1:${dockerPorts.registry}/app@sha256:${"1".repeat(64)}`,
            source: undefined,
          },
        },
        settings,
      );
      const { code, out } = await checkout.run("up");
      expect(code).toBe(1);
      expect(out).toMatch(
        /slipway-integration-swarm-app: the new version failed, and Swarm rolled back to the previous one\. No such image/,
      );
      expect((await service()).UpdateStatus?.State).toBe("rollback_completed");
      await up(services, settings);
    },
    port,
  );
  expect(loads.map(({ failures }) => failures)).toEqual([[], []]);
  for (const { requests } of loads) expect(requests).toBeGreaterThan(400);
  expect((await running()).length).toBe(3);
  expect(await ask("/")).toBe("Hello");
});

test("a failed rollout prints a card, and rollbacks deploy the last good image, then the one before it", async () => {
  const image = async () => String((await service()).Spec.TaskTemplate.ContainerSpec["Image"]);
  const good = await image();
  const broken = 'var hangs atomic.Bool\n\tpanic("REGION must be set")';
  checkout.edit("probe-app/main.go", "var hangs atomic.Bool", broken);
  const { code, out } = await checkout.run("up");
  expect(code).toBe(1);
  const card = out.slice(out.indexOf("The rollout of service app")).split("\n");
  expect(card.filter((line) => !/^ {12}\| /.test(line))).toEqual([
    `The rollout of service app of stack ${stack} failed`,
    `  service   ${name}-app (3 replicas of the previous version still serve)`,
    "  reason    Swarm rolled back to the previous version",
    "            task: non-zero exit (2)",
    "  log       | panic: REGION must be set",
    "  likely    The program exits by itself. Its last log lines say why.",
    `  rollback  slipway rollback --stack ${stack} --service app`,
    "",
  ]);
  checkout.edit("probe-app/main.go", broken, "var hangs atomic.Bool");
  expect((await checkout.run("rollback")).code).toBe(0);
  expect(await image()).toBe(good);
  expect((await checkout.run("rollback", {}, ["--service", "app"])).code).toBe(0);
  expect(await image()).not.toBe(good);
  expect((await objectsOf(stack)).filter((object) => object.includes("-versions-")).length).toBe(1);
});

test("a port in use and a volume of another stack are reported before anything changes", async () => {
  // Swarm may still remove containers of earlier versions, and a failed up is recorded for rollbacks.
  const isManaged = (object: string) => !object.startsWith(`container /${name}-app.`) && !object.includes("-versions-");
  const objects = async () => (await objectsOf(stack)).filter(isManaged);
  const before = [await objects(), (await service()).Version];
  const server = createServer();
  await new Promise<void>((listening) => server.listen(otherPort, "127.0.0.1", listening));
  checkout.configure({ app }, { ports: { ...dockerPorts, http: otherPort } });
  const used = await checkout.run("up");
  server.close();
  expect(used.code).toBe(1);
  expect(used.out).toContain(
    `slipway:swarm.ports.http: port ${otherPort} is already used by another program. Stop it, or set another port in stacks/Pulumi.${stack}.yaml.`,
  );
  const volume = { kind: "persistent", size: "1Gi" };
  const volumes = { data: { ...volume, mountPath: "/data" }, old: { ...volume, mountPath: "/old" } };
  await docker.createVolume({ Name: `${name}-app-data`, Labels: { "dev.slipway.stack": "another", ...testLabels } });
  await docker.createVolume({ Name: `${name}-app-old`, Labels: testLabels });
  checkout.configure({ app: { ...app, replicas: 1, volumes } });
  const owned = await checkout.run("up");
  for (const key of ["data", "old"]) await docker.getVolume(`${name}-app-${key}`).remove();
  expect(owned.code).toBe(1);
  const remedy = `Set another name in stacks/Pulumi.${stack}.yaml.`;
  expect(owned.out).toContain(
    `slipway:swarm.volumes["app.data"]: the volume "${name}-app-data" belongs to the stack "another". ${remedy}\n`,
  );
  expect(owned.out).toContain(
    `slipway:swarm.volumes["app.old"]: the volume "${name}-app-old" already exists, and this stack did not create it. ${remedy}\n`,
  );
  expect([await objects(), (await service()).Version]).toEqual(before);
});

test("down deletes everything", async () => {
  expect((await checkout.run("down")).code).toBe(0);
  expect(await objectsOf(stack)).toEqual([]);
});
