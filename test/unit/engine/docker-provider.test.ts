import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { dockerProvider } from "../../../engine/docker/provider.ts";
import { NotReady, type Context } from "../../../engine/provider.ts";
import type { ResourceState } from "../../../engine/state/checkpoint.ts";
import type { Properties } from "../../../lib/values.ts";
import { Answer, apiError, HttpApi } from "../http-api.ts";

let docker: HttpApi;
beforeEach(async () => {
  docker = await new HttpApi().open();
  created = [];
  progress = [];
});
afterEach(() => {
  docker.close();
  delete process.env["SLIPWAY_PATIENCE"];
});

let created: (string | undefined)[];
let progress: string[];

/** The Docker type of a kind, as in a program: `container` → `docker:index/container:Container`. */
const typeOf = (kind: string) => `docker:index/${kind}:${kind[0]!.toUpperCase()}${kind.slice(1)}`;

function context(options: Partial<Context> = {}): Context {
  return {
    preview: false,
    name: "web",
    signal: new AbortController().signal,
    progress: (what) => progress.push(what),
    creating: async (id) => void created.push(id),
    ...options,
    settings: { host: docker.host, ...options.settings },
  };
}

const create = (kind: string, inputs: Properties, options?: Partial<Context>) =>
  dockerProvider.create(typeOf(kind), inputs, context(options));

const state = (kind: string, inputs: Properties, outputs: Properties = inputs) =>
  ({
    urn: `urn:pulumi:test::project::${typeOf(kind)}::web`,
    type: typeOf(kind),
    custom: true,
    id: "id-1",
    dependencies: [],
    inputs,
    outputs,
  }) as ResourceState;

const diff = (kind: string, before: Properties, after: Properties) => dockerProvider.diff(state(kind, before), after, context());
const remove = (kind: string, inputs: Properties) => dockerProvider.delete(state(kind, inputs), context());

/** Answers for a container that can be created. */
const creatable = {
  "GET /images/web:1/json": {},
  "POST /containers/create": { Id: "id-1" },
  "POST /containers/id-1/start": new Answer(204, ""),
};

describe("a container", () => {
  test("is created with exactly the given settings, in Docker's units", async () => {
    docker.answers = { ...creatable, "POST /networks/back/connect": {}, "PUT /containers/id-1/archive": {} };
    const inputs = {
      name: "shop-web",
      image: "web:1",
      hostname: "web",
      user: "65532:65532",
      entrypoints: ["/app"],
      command: ["serve"],
      envs: ["A=b"],
      labels: [{ label: "team", value: "shop" }],
      ports: [{ internal: 8080, external: 80, ip: "127.0.0.1" }],
      volumes: [
        { volumeName: "data", containerPath: "/data" },
        { hostPath: "/etc/web", containerPath: "/etc/web", readOnly: true },
        { containerPath: "/scratch" },
      ],
      tmpfs: { "/tmp": "size=1m" },
      restart: "unless-stopped",
      logDriver: "json-file",
      logOpts: { "max-size": "10m" },
      privileged: false,
      readOnly: true,
      capabilities: { drops: ["ALL"], adds: ["NET_BIND_SERVICE"] },
      securityOpts: ["no-new-privileges"],
      memory: 64,
      memoryReservation: 32,
      memorySwap: -1,
      cpus: "0.25",
      cpuShares: 512,
      stopTimeout: 30,
      healthcheck: { tests: ["CMD", "/app", "check"], interval: "2s", timeout: "1s", startPeriod: "1m", retries: 3 },
      networksAdvanced: [
        { name: "front", aliases: ["web"] },
        { name: "back", aliases: ["web-back"] },
      ],
      uploads: [{ file: "/etc/app.json", content: "{}" }],
    };
    expect(await create("container", inputs)).toEqual({ id: "id-1", outputs: inputs });
    expect(docker.requests.map(({ call }) => call)).toEqual([
      "GET /containers/shop-web/json",
      "GET /images/web:1/json",
      "POST /containers/create",
      "POST /networks/back/connect",
      "PUT /containers/id-1/archive",
      "POST /containers/id-1/start",
    ]);
    const [creation, connection, upload] = docker.changes;
    // Variables may be secret, and proxies may log the URL.
    expect(creation!.query).toEqual({ name: "shop-web" });
    expect(creation!.body).toEqual({
      Image: "web:1",
      Hostname: "web",
      User: "65532:65532",
      Entrypoint: ["/app"],
      Cmd: ["serve"],
      Env: ["A=b"],
      Labels: { team: "shop" },
      ExposedPorts: { "8080/tcp": {} },
      Volumes: { "/scratch": {} },
      StopTimeout: 30,
      Healthcheck: {
        Test: ["CMD", "/app", "check"],
        Interval: 2_000_000_000,
        Timeout: 1_000_000_000,
        StartPeriod: 60_000_000_000,
        Retries: 3,
      },
      HostConfig: {
        Privileged: false,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        CapAdd: ["NET_BIND_SERVICE"],
        SecurityOpt: ["no-new-privileges"],
        Tmpfs: { "/tmp": "size=1m" },
        RestartPolicy: { Name: "unless-stopped" },
        LogConfig: { Type: "json-file", Config: { "max-size": "10m" } },
        Memory: 64 * 1024 * 1024,
        MemoryReservation: 32 * 1024 * 1024,
        MemorySwap: -1,
        NanoCpus: 250_000_000,
        CpuShares: 512,
        PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: "80" }] },
        Binds: ["data:/data", "/etc/web:/etc/web:ro"],
        NetworkMode: "front",
      },
      NetworkingConfig: { EndpointsConfig: { front: { Aliases: ["web"] } } },
    });
    expect(connection!.body).toEqual({ Container: "id-1", EndpointConfig: { Aliases: ["web-back"] } });
    expect(upload!.query).toEqual({ path: "/" });
    expect(upload!.body.toString("latin1", 0, 12)).toBe("etc/app.json");
    expect(upload!.body.toString("latin1", 100, 107)).toBe("000644 ");
    expect(upload!.body.toString("latin1", 512, 514)).toBe("{}");
    expect(created).toEqual(["shop-web"]);
    expect(progress).toEqual(["image web:1"]);
  });

  test("without settings is created without them", async () => {
    docker.answers = creatable;
    await create("container", { name: "web", image: "web:1", uploads: [] });
    expect(docker.changes[0]!.body).toEqual({
      Image: "web:1",
      Labels: {},
      ExposedPorts: {},
      Volumes: {},
      HostConfig: { RestartPolicy: {}, LogConfig: {}, PortBindings: {}, Binds: [] },
    });
    expect(docker.changes.map(({ call }) => call)).toEqual(["POST /containers/create", "POST /containers/id-1/start"]);
  });

  test("without a name gets one with a random suffix, which is recorded before it is created", async () => {
    docker.answers = creatable;
    const { outputs } = await create("container", { image: "web:1" });
    expect(outputs.name).toMatch(/^web-[0-9a-f]{7}$/);
    expect(created).toEqual([outputs.name]);
    expect(docker.changes[0]!.query).toEqual({ name: outputs.name });
  });

  test("has its image pulled if the host does not have it, with the credentials for the registry of the image", async () => {
    const reference = "registry.example.org/web:1";
    docker.answers = { ...creatable, "POST /images/create": {} };
    const registryAuth = [
      { address: "docker.io", username: "other", password: "other" },
      { address: "registry.example.org", username: "ci", password: "s3cret" },
    ];
    await create("container", { image: reference }, { settings: { registryAuth } });
    const pull = docker.changes[0]!;
    expect(pull.query).toEqual({ fromImage: "registry.example.org/web", tag: "1" });
    expect(pull.credentials).toEqual({ username: "ci", password: "s3cret", serveraddress: "registry.example.org" });
  });

  test("of a registry without credentials is pulled without any", async () => {
    docker.answers = { ...creatable, "POST /images/create": {} };
    await create("container", { image: "web:2" }, { settings: { registryAuth: [{ address: "registry.example.org", username: "ci" }] } });
    expect(docker.changes[0]!.call).toBe("POST /images/create");
    expect(docker.changes[0]!.credentials).toBeUndefined();
  });

  test("whose image cannot be pulled is not created", async () => {
    docker.answers = { ...creatable, "POST /images/create": new Answer(200, '{"status":"Pulling"}\r\n{"error":"manifest unknown"}\r\n') };
    await expect(create("container", { image: "web:2" })).rejects.toThrow("manifest unknown");
    expect(docker.changes.map(({ call }) => call)).toEqual(["POST /images/create"]);
  });

  test("an error of the pull, the creation or the start is reported with the name", async () => {
    docker.answers = { ...creatable, "POST /containers/create": apiError(400, "invalid mount") };
    await expect(create("container", { name: "shop-web", image: "web:1" })).rejects.toThrow("shop-web: invalid mount");
    docker.answers = { ...creatable, "POST /containers/id-1/start": apiError(500, "port is already allocated") };
    await expect(create("container", { name: "shop-web", image: "web:1" })).rejects.toThrow("shop-web: port is already allocated");
    docker.answers = { ...creatable, "GET /images/web:1/json": apiError(500, "disk failure") };
    await expect(create("container", { name: "shop-web", image: "web:1" })).rejects.toThrow("disk failure");
    expect(docker.changes.filter(({ call }) => call === "POST /images/create")).toEqual([]);
  });

  test("that already exists is left alone, and the error says how to remove it", async () => {
    docker.answers = { ...creatable, "GET /containers/shop-web/json": { Id: "foreign" } };
    await expect(create("container", { name: "shop-web", image: "web:1" })).rejects.toThrow(
      "already exists, and this checkout did not create it. Run slipway down where it was created, or: docker container rm --force shop-web",
    );
    expect(docker.changes).toEqual([]);
    expect(created).toEqual([]);
  });

  test("of an interrupted run is removed and created again", async () => {
    docker.answers = { ...creatable, "DELETE /containers/shop-web": {}, "GET /containers/shop-web/json": { Id: "old" } };
    await create("container", { name: "shop-web", image: "web:1" }, { interrupted: "shop-web" });
    expect(docker.changes.map(({ call }) => call)).toEqual([
      "DELETE /containers/shop-web",
      "POST /containers/create",
      "POST /containers/id-1/start",
    ]);
    expect(docker.changes[0]!.query).toEqual({ force: "true", v: "true" });
  });

  test("that an interrupted run did not create is created", async () => {
    docker.answers = creatable;
    await create("container", { name: "shop-web", image: "web:1" }, { interrupted: "shop-web" });
    expect(docker.changes.at(-1)!.call).toBe("POST /containers/id-1/start");
  });

  test("is stopped with its grace period before it is removed, also if it has stopped already", async () => {
    for (const stopped of [{}, new Answer(304, "")]) {
      docker.requests.length = 0;
      docker.answers = { "POST /containers/id-1/stop": stopped, "DELETE /containers/id-1": new Answer(204, "") };
      await remove("container", { destroyGraceSeconds: 10 });
      expect(docker.requests.map(({ call, query }) => ({ call, query }))).toEqual([
        { call: "POST /containers/id-1/stop", query: { t: "10" } },
        { call: "DELETE /containers/id-1", query: { force: "true", v: "true" } },
      ]);
    }
  });

  test("without a grace period is removed at once", async () => {
    docker.answers = { "DELETE /containers/id-1": new Answer(204, "") };
    await remove("container", {});
    expect(docker.requests.map(({ call }) => call)).toEqual(["DELETE /containers/id-1"]);
  });

  test("that no longer exists counts as removed; other errors do not", async () => {
    await remove("container", { destroyGraceSeconds: 10 });
    docker.answers = { "POST /containers/id-1/stop": apiError(500, "cannot stop") };
    await expect(remove("container", { destroyGraceSeconds: 10 })).rejects.toThrow("cannot stop");
    docker.answers = { "DELETE /containers/id-1": apiError(500, "busy") };
    await expect(remove("container", {})).rejects.toThrow("busy");
  });
});

describe("a difference", () => {
  const running = { "GET /containers/id-1/json": { State: { Running: true } } };

  test("is not found while the inputs are the same and the container runs", async () => {
    docker.answers = running;
    expect(await diff("container", { image: "web:1" }, { image: "web:1" })).toEqual({ kind: "same" });
  });

  test("in any property replaces a container: afterwards, or first if its name is fixed", async () => {
    docker.answers = running;
    expect(await diff("container", { image: "web:1" }, { image: "web:2" })).toEqual({
      kind: "replace",
      because: ["image"],
      deleteFirst: false,
    });
    expect(await diff("container", { name: "web", image: "web:1" }, { name: "web", image: "web:2" })).toEqual({
      kind: "replace",
      because: ["image"],
      deleteFirst: true,
    });
  });

  test("is found if the container has stopped", async () => {
    docker.answers = { "GET /containers/id-1/json": { State: { Running: false } } };
    expect(await diff("container", {}, {})).toEqual({ kind: "replace", because: ["the container is not running"], deleteFirst: false });
    expect(await diff("container", { mustRun: false }, { mustRun: false })).toEqual({ kind: "same" });
  });

  test("is that the container is gone; another error is passed on", async () => {
    expect(await diff("container", {}, {})).toEqual({ kind: "gone" });
    docker.answers = { "GET /containers/id-1/json": apiError(500, "disk failure") };
    await expect(diff("container", {}, {})).rejects.toThrow("disk failure");
  });

  test("updates a Swarm service in place, but a new name replaces it", async () => {
    const taskSpec = { containerSpec: { image: "web:1" } };
    docker.answers = { "GET /services/id-1": { Spec: { Mode: {}, TaskTemplate: { ContainerSpec: { Image: "web:1" } } } } };
    expect(await diff("service", { taskSpec }, { taskSpec: { containerSpec: { image: "web:2" } } })).toEqual({
      kind: "update",
      because: ["taskSpec.containerSpec.image"],
    });
    const change = await diff("service", { name: "a", taskSpec }, { name: "b", taskSpec: { containerSpec: { image: "web:2" } } });
    expect(change).toEqual({ kind: "replace", because: ["name", "taskSpec.containerSpec.image"], deleteFirst: true });
  });

  test("is found if a Swarm service has other replicas or another image", async () => {
    const inputs = { mode: { replicated: { replicas: 2 } }, taskSpec: { containerSpec: { image: "web:1" } } };
    const found = (replicas: number, image: string) => ({
      "GET /services/id-1": { Spec: { Mode: { Replicated: { Replicas: replicas } }, TaskTemplate: { ContainerSpec: { Image: image } } } },
    });
    docker.answers = found(2, "web:1");
    expect(await diff("service", inputs, inputs)).toEqual({ kind: "same" });
    expect(await diff("service", { taskSpec: inputs.taskSpec }, { taskSpec: inputs.taskSpec })).toEqual({ kind: "same" });
    const unspecified = { ...inputs, mode: { replicated: {} } };
    expect(await diff("service", unspecified, unspecified)).toEqual({ kind: "same" });
    docker.answers = found(1, "web:1");
    expect(await diff("service", inputs, inputs)).toEqual({ kind: "update", because: ["mode.replicated.replicas"] });
    docker.answers = found(2, "web:0");
    expect(await diff("service", inputs, inputs)).toEqual({ kind: "update", because: ["taskSpec.containerSpec.image"] });
    docker.answers = { "GET /services/id-1": { Spec: { Mode: { Global: {} }, TaskTemplate: { ContainerSpec: { Image: "web:1" } } } } };
    expect(await diff("service", inputs, inputs)).toEqual({ kind: "update", because: ["mode.replicated"] });
  });

  test("is not found while a global Swarm service runs its image", async () => {
    const inputs = { mode: { global: true }, taskSpec: { containerSpec: { image: "web:1" } } };
    docker.answers = { "GET /services/id-1": { Spec: { Mode: { Global: {} }, TaskTemplate: { ContainerSpec: { Image: "web:1" } } } } };
    expect(await diff("service", inputs, inputs)).toEqual({ kind: "same" });
  });

  test("replaces a network, a volume or a secret", async () => {
    for (const [kind, path] of [
      ["network", "networks/id-1"],
      ["volume", "volumes/id-1"],
      ["secret", "secrets/id-1"],
      ["serviceConfig", "configs/id-1"],
    ] as const) {
      docker.answers = { [`GET /${path}`]: {} };
      expect(await diff(kind, { name: "a", labels: [] }, { name: "a", labels: [{}] })).toMatchObject({
        kind: "replace",
        deleteFirst: true,
      });
      expect(await diff(kind, { name: "a" }, { name: "a" })).toEqual({ kind: "same" });
    }
  });

  test("in an image builds it again, and an image that is not in Docker counts as present", async () => {
    expect(await diff("image", { imageName: "a:1" }, { imageName: "a:1" })).toEqual({ kind: "same" });
    expect(await diff("image", { imageName: "a:1" }, { imageName: "a:2" })).toEqual({ kind: "update", because: ["imageName"] });
  });
});

describe("a preview", () => {
  test("predicts the outputs and asks Docker to change nothing", async () => {
    const inputs = { name: "shop-web", image: "web:1" };
    expect(await create("container", inputs, { preview: true })).toEqual({ id: "", outputs: inputs });
    const updated = dockerProvider.update(state("service", {}, { name: "a", id: 1 }), { name: "b" }, context({ preview: true }));
    expect(await updated).toEqual({ name: "b", id: 1 });
    expect(docker.requests).toEqual([]);
  });

  test("rejects properties and kinds that the embedded engine does not support", async () => {
    await expect(create("container", { image: "web:1", gpus: "all", init: true }, { preview: true })).rejects.toThrow(
      "the embedded engine does not support gpus, init of docker:index/container:Container. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).",
    );
    await expect(create("plugin", {})).rejects.toThrow(
      "the embedded engine does not support resources of type docker:index/plugin:Plugin. Use the Pulumi CLI (SLIPWAY_ENGINE=pulumi).",
    );
  });
});

describe("a network", () => {
  test("is created with its address ranges, unless another has its name", async () => {
    docker.answers = { "POST /networks/create": { Id: "id-1" } };
    const inputs = {
      name: "shop",
      labels: [{ label: "team", value: "shop" }],
      driver: "overlay",
      options: { encrypted: "" },
      internal: true,
      attachable: true,
      ipamConfigs: [{ subnet: "10.1.0.0/16", gateway: "10.1.0.1", ipRange: "10.1.1.0/24" }],
    };
    expect((await create("network", inputs)).id).toBe("id-1");
    expect(docker.changes[0]!.body).toEqual({
      Name: "shop",
      Labels: { team: "shop" },
      Driver: "overlay",
      Options: { encrypted: "" },
      Internal: true,
      Attachable: true,
      CheckDuplicate: true,
      IPAM: { Config: [{ Subnet: "10.1.0.0/16", Gateway: "10.1.0.1", IPRange: "10.1.1.0/24" }] },
    });
    docker.answers = { "POST /networks/create": apiError(403, "no overlapping pools") };
    await expect(create("network", { name: "shop" })).rejects.toThrow("shop: no overlapping pools");
    docker.answers = { "GET /networks/shop": {} };
    await expect(create("network", { name: "shop" })).rejects.toThrow("or: docker network rm shop");
  });

  test("is removed once no endpoint uses it, or the error after the patience is passed on", async () => {
    const inUse = [apiError(403, "network shop has active endpoints"), apiError(400, "network shop is in use by task 1")];
    docker.answers = { "DELETE /networks/id-1": () => inUse.shift() ?? new Answer(204, "") };
    await remove("network", {});
    expect(docker.changes).toHaveLength(3);
    process.env["SLIPWAY_PATIENCE"] = "0.01";
    docker.answers = { "DELETE /networks/id-1": apiError(403, "network shop has active endpoints") };
    await expect(remove("network", {})).rejects.toThrow("network shop has active endpoints");
    docker.requests.length = 0;
    docker.answers = { "DELETE /networks/id-1": apiError(500, "disk failure") };
    await expect(remove("network", {})).rejects.toThrow("disk failure");
    expect(docker.changes).toHaveLength(1);
  });

  test("without an id is found by its name after an interrupted run", async () => {
    docker.answers = { "DELETE /networks/shop": {}, "POST /networks/create": { Id: "id-1" } };
    await create("network", { name: "shop" }, { interrupted: "shop" });
    expect(docker.changes.map(({ call }) => call)).toEqual(["DELETE /networks/shop", "POST /networks/create"]);
  });
});

describe("a volume", () => {
  const inputs = { name: "data", labels: [{ label: "team", value: "shop" }], driver: "local", driverOpts: { type: "nfs" } };

  test("is created, and its id is its name", async () => {
    docker.answers = { "POST /volumes/create": { Name: "data" } };
    expect(await create("volume", inputs)).toEqual({ id: "data", outputs: inputs });
    expect(docker.changes[0]!.body).toEqual({ Name: "data", Labels: { team: "shop" }, Driver: "local", DriverOpts: { type: "nfs" } });
    docker.answers = { "POST /volumes/create": apiError(500, "no space") };
    await expect(create("volume", inputs)).rejects.toThrow("data: no space");
  });

  test("of an interrupted run is kept with its data", async () => {
    docker.answers = { "GET /volumes/data": { Name: "data" }, "POST /volumes/create": { Name: "data" } };
    await create("volume", inputs, { interrupted: "data" });
    expect(docker.changes.map(({ call }) => call)).toEqual(["POST /volumes/create"]);
  });

  test("that finished Swarm tasks still mount is removed with their containers, but not with those that run or are no tasks", async () => {
    let inUse = true;
    const task = { "com.docker.swarm.task.id": "1" };
    docker.answers = {
      "DELETE /volumes/id-1": () => (inUse ? apiError(409, "volume is in use") : new Answer(204, "")),
      "GET /containers/json": [
        { Id: "finished", State: "exited", Labels: task },
        { Id: "running", State: "running", Labels: task },
        { Id: "foreign", State: "exited", Labels: {} },
      ],
      "DELETE /containers/finished": () => {
        inUse = false;
        return new Answer(204, "");
      },
    };
    await remove("volume", {});
    expect(docker.changes.map(({ call }) => call)).toEqual(["DELETE /volumes/id-1", "DELETE /containers/finished", "DELETE /volumes/id-1"]);
    expect(docker.requests.find(({ call }) => call === "GET /containers/json")!.query).toEqual({
      all: "true",
      filters: '{"volume":["id-1"]}',
    });
    expect(docker.changes[1]!.query).toEqual({ force: "true" });
  });

  test("in use is reported after the patience, another error at once", async () => {
    process.env["SLIPWAY_PATIENCE"] = "0.01";
    docker.answers = { "DELETE /volumes/id-1": apiError(409, "volume is in use"), "GET /containers/json": [] };
    await expect(remove("volume", {})).rejects.toThrow("volume is in use");
    process.env["SLIPWAY_PATIENCE"] = "0.1";
    docker.answers = { "DELETE /volumes/id-1": apiError(500, "disk failure") };
    docker.requests.length = 0;
    await expect(remove("volume", {})).rejects.toThrow("disk failure");
    expect(docker.requests.map(({ call }) => call)).toEqual(["DELETE /volumes/id-1"]);
  });
});

describe("a secret or a configuration of Swarm", () => {
  test.each([
    ["secret", "secrets"],
    ["serviceConfig", "configs"],
  ])("is created and removed (%s)", async (kind, collection) => {
    docker.answers = { [`POST /${collection}/create`]: { ID: "id-1" }, [`DELETE /${collection}/id-1`]: new Answer(204, "") };
    const { id, outputs } = await create(kind, { data: "czNjcmV0", labels: [{ label: "a", value: "b" }] });
    expect(id).toBe("id-1");
    expect(docker.changes[0]!.body).toEqual({ Name: outputs.name, Data: "czNjcmV0", Labels: { a: "b" } });
    expect(outputs.name).toMatch(/^web-[0-9a-f]{7}$/);
    await remove(kind, {});
    expect(docker.changes[1]!.call).toBe(`DELETE /${collection}/id-1`);
    docker.answers = { [`POST /${collection}/create`]: apiError(409, "name conflicts") };
    await expect(create(kind, { name: "key" })).rejects.toThrow("key: name conflicts");
  });

  test("without an id in Docker's answer is an error", async () => {
    docker.answers = { "POST /secrets/create": {} };
    await expect(create("secret", { name: "key" })).rejects.toThrow("Docker returned no id for the new object.");
  });
});

describe("an image", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-image-"));
  beforeAll(() => writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const build = { context: folder, platform: "linux/amd64", args: { VERSION: "1" } };
  const registry = { server: "registry.example.org:5000", username: "ci", password: "s3cret" };
  const inputs = { imageName: "registry.example.org:5000/web:1", build, registry };
  const events = (...lines: object[]) => new Answer(200, lines.map((line) => `${JSON.stringify(line)}\r\n`).join(""));
  const pushed = {
    "POST /build": events({ stream: "Step 1/1" }, { aux: { ID: "sha256:0" } }),
    "POST /images/registry.example.org:5000/web:1/push": events({ status: "Pushed" }, { aux: { Tag: "1", Digest: "sha256:1" } }),
  };

  test("is built from the folder and pushed with the credentials, and its output has the digest of the registry", async () => {
    docker.answers = pushed;
    const { id, outputs } = await create("image", inputs);
    expect(Object.keys(outputs)).toEqual(["imageName", "build", "registry", "repoDigest"]);
    expect({ id, digest: outputs.repoDigest }).toEqual({ id: inputs.imageName, digest: "registry.example.org:5000/web@sha256:1" });
    const [built, push] = docker.changes;
    const { buildargs, t, platform, rm, forcerm } = built!.query;
    expect({ buildargs, t, platform, rm, forcerm }).toEqual({
      buildargs: '{"VERSION":"1"}',
      t: inputs.imageName,
      platform: "linux/amd64",
      rm: "true",
      forcerm: "true",
    });
    expect(gunzipSync(built!.body).toString("latin1")).toContain("FROM scratch");
    expect(push!.query).toEqual({});
    expect(push!.credentials).toEqual({ username: "ci", password: "s3cret", serveraddress: "registry.example.org:5000" });
    expect(progress).toEqual([`the build of ${inputs.imageName}`, `the push of ${inputs.imageName}`]);
  });

  test("without a registry is pushed without credentials, and is named without a tag", async () => {
    docker.answers = { ...pushed, "POST /images/registry.example.org:5000/web/push": events({ aux: { Digest: "sha256:2" } }) };
    const { outputs } = await create("image", { imageName: "registry.example.org:5000/web", build });
    expect(outputs.repoDigest).toBe("registry.example.org:5000/web@sha256:2");
    expect(docker.changes[1]!.credentials).toEqual({});
  });

  test("with a long tag has an output without it", async () => {
    docker.answers = { ...pushed, "POST /images/registry.example.org:5000/web:1.2-rc/push": events({ aux: { Digest: "sha256:3" } }) };
    const { outputs } = await create("image", { imageName: "registry.example.org:5000/web:1.2-rc", build });
    expect(outputs.repoDigest).toBe("registry.example.org:5000/web@sha256:3");
  });

  test("is built with the given Dockerfile, relative to the folder, and up to the given stage", async () => {
    docker.answers = pushed;
    await create("image", { ...inputs, build: { ...build, dockerfile: `${build.context}/docker/run.Dockerfile`, target: "run" } });
    const { dockerfile, target } = docker.changes[0]!.query;
    expect({ dockerfile, target }).toEqual({ dockerfile: "docker/run.Dockerfile", target: "run" });
  });

  test("of an interrupted run is built again", async () => {
    docker.answers = pushed;
    await create("image", inputs, { interrupted: inputs.imageName });
    expect(docker.changes.map(({ call }) => call)).toEqual(["POST /build", "POST /images/registry.example.org:5000/web:1/push"]);
  });

  test("that cannot be built is not pushed, and a failed push is an error", async () => {
    const output = Array.from({ length: 30 }, (_, i) => ({ stream: `${i + 1}\n\n` }));
    docker.answers = { ...pushed, "POST /build": events(...output, { error: "exit code 1", errorDetail: { message: "exit code 1" } }) };
    const lastLines = Array.from({ length: 20 }, (_, i) => `  | ${i + 11}`);
    await expect(create("image", inputs)).rejects.toThrow(new Error(["exit code 1", ...lastLines].join("\n")));
    expect(docker.changes).toHaveLength(1);
    docker.answers = {
      ...pushed,
      "POST /images/registry.example.org:5000/web:1/push": events({ status: "Preparing" }, { error: "denied" }),
    };
    await expect(create("image", inputs)).rejects.toThrow("denied");
  });

  test("is built again in an update", async () => {
    docker.answers = pushed;
    const outputs = await dockerProvider.update(state("image", inputs, { old: 1 }), inputs, context());
    expect(outputs).toEqual({ old: 1, ...inputs, repoDigest: "registry.example.org:5000/web@sha256:1" });
  });

  test("is not built without a push", async () => {
    await expect(create("image", { ...inputs, skipPush: true })).rejects.toThrow("the embedded engine does not support skipPush");
    expect(docker.requests).toEqual([]);
  });

  test("is not removed from the registry", async () => {
    await remove("image", inputs);
    expect(docker.requests).toEqual([]);
  });
});

describe("a Swarm service", () => {
  const containerSpec = { image: "registry.example.org/web:1" };
  const convergeConfig = { timeout: "3s" };
  const task = (State: string, image = containerSpec.image) => ({
    DesiredState: "running",
    NodeID: "node-1",
    CreatedAt: "2026-01-01T00:00:00Z",
    Spec: { ContainerSpec: { Image: image } },
    Status: { State, ...(State === "failed" && { Err: "no suitable node" }) },
  });
  const found = { Version: { Index: 7 }, Spec: { TaskTemplate: { ContainerSpec: { Image: containerSpec.image } } } };
  const converged = { "POST /services/create": { ID: "id-1" }, "GET /services/id-1": found, "GET /tasks": [task("running")] };

  test("is created with exactly the given settings, in Docker's units", async () => {
    docker.answers = converged;
    const inputs = {
      name: "shop-web",
      labels: [{ label: "team", value: "shop" }],
      auth: { serverAddress: "registry.example.org", username: "ci", password: "s3cret" },
      mode: { replicated: { replicas: 1 } },
      endpointSpec: {
        mode: "vip",
        ports: [
          { targetPort: 8080, publishedPort: 80 },
          { protocol: "udp", targetPort: 53, publishMode: "host" },
        ],
      },
      updateConfig: { parallelism: 1, delay: "1s", failureAction: "rollback", monitor: "5s", maxFailureRatio: "0.1", order: "start-first" },
      rollbackConfig: { parallelism: 0 },
      convergeConfig,
      taskSpec: {
        containerSpec: {
          image: containerSpec.image,
          commands: ["/app"],
          args: ["serve"],
          hostname: "web",
          env: { A: "b", PORT: 8080 },
          labels: [{ label: "part", value: "of" }],
          user: "65532:65532",
          readOnly: true,
          capDrops: ["ALL"],
          capAdds: ["NET_BIND_SERVICE"],
          stopGracePeriod: "30s",
          healthcheck: { tests: ["CMD", "/app"], interval: "1s" },
          mounts: [
            { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 1024, mode: 0o1777 } },
            {
              type: "volume",
              source: "data",
              target: "/data",
              readOnly: false,
              volumeOptions: { labels: [{ label: "a", value: "b" }], driverName: "local", driverOptions: { type: "nfs" } },
            },
            { type: "volume", source: "cache", target: "/cache", volumeOptions: {} },
          ],
          secrets: [
            { secretId: "s1", secretName: "key", fileName: "/run/secrets/key", fileUid: "65532", fileGid: "65532", fileMode: 0o400 },
          ],
          configs: [{ configId: "c1", configName: "app", fileName: "/etc/app.json" }],
        },
        networksAdvanceds: [{ name: "front", aliases: ["web"] }, { id: "net-2" }],
        resources: { limits: { memoryBytes: 1024, nanoCpus: 1e9 }, reservation: { memoryBytes: 512 } },
        placement: { constraints: ["node.role==worker"], prefs: ["spread=node.labels.zone"], maxReplicas: 2 },
        restartPolicy: { condition: "any", delay: "1s", maxAttempts: 3, window: "2m" },
        logDriver: { name: "json-file", options: { "max-size": "10m" } },
      },
    };
    expect(await create("service", inputs)).toEqual({ id: "id-1", outputs: inputs });
    const creation = docker.changes[0]!;
    expect(creation.credentials).toEqual({ username: "ci", password: "s3cret", serveraddress: "registry.example.org" });
    expect(creation.body).toEqual({
      Name: "shop-web",
      Labels: { team: "shop" },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: {
        Mode: "vip",
        Ports: [
          { Protocol: "tcp", TargetPort: 8080, PublishedPort: 80, PublishMode: "ingress" },
          { Protocol: "udp", TargetPort: 53, PublishMode: "host" },
        ],
      },
      UpdateConfig: { Parallelism: 1, Delay: 1e9, FailureAction: "rollback", Monitor: 5e9, MaxFailureRatio: 0.1, Order: "start-first" },
      RollbackConfig: { Parallelism: 0 },
      TaskTemplate: {
        ContainerSpec: {
          Image: containerSpec.image,
          Command: ["/app"],
          Args: ["serve"],
          Hostname: "web",
          Env: ["A=b", "PORT=8080"],
          Labels: { part: "of" },
          User: "65532:65532",
          ReadOnly: true,
          CapabilityDrop: ["ALL"],
          CapabilityAdd: ["NET_BIND_SERVICE"],
          StopGracePeriod: 30e9,
          Healthcheck: { Test: ["CMD", "/app"], Interval: 1e9 },
          Mounts: [
            { Type: "tmpfs", Target: "/tmp", TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777 } },
            {
              Type: "volume",
              Source: "data",
              Target: "/data",
              ReadOnly: false,
              VolumeOptions: { Labels: { a: "b" }, DriverConfig: { Name: "local", Options: { type: "nfs" } } },
            },
            { Type: "volume", Source: "cache", Target: "/cache", VolumeOptions: { Labels: {} } },
          ],
          Secrets: [{ SecretID: "s1", SecretName: "key", File: { Name: "/run/secrets/key", UID: "65532", GID: "65532", Mode: 0o400 } }],
          Configs: [{ ConfigID: "c1", ConfigName: "app", File: { Name: "/etc/app.json", UID: "0", GID: "0", Mode: 0o444 } }],
        },
        Networks: [{ Target: "front", Aliases: ["web"] }, { Target: "net-2" }],
        Resources: { Limits: { MemoryBytes: 1024, NanoCPUs: 1e9 }, Reservations: { MemoryBytes: 512 } },
        Placement: {
          Constraints: ["node.role==worker"],
          Preferences: [{ Spread: { SpreadDescriptor: "node.labels.zone" } }],
          MaxReplicas: 2,
        },
        RestartPolicy: { Condition: "any", Delay: 1e9, MaxAttempts: 3, Window: 120e9 },
        LogDriver: { Name: "json-file", Options: { "max-size": "10m" } },
      },
    });
    expect(docker.requests.find(({ call }) => call === "GET /tasks")!.query).toEqual({ filters: '{"service":["id-1"]}' });
  });

  test("without settings has one replica, and the provider's credentials", async () => {
    docker.answers = converged;
    const registryAuth = [{ address: "registry.example.org", username: "ci", password: "s3cret" }];
    await create("service", { name: "web", taskSpec: { containerSpec }, convergeConfig }, { settings: { registryAuth } });
    expect(docker.changes[0]!.credentials).toEqual({ username: "ci", password: "s3cret", serveraddress: "registry.example.org" });
    expect(docker.changes[0]!.body).toEqual({
      Name: "web",
      Labels: {},
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Ports: [] },
      TaskTemplate: {
        ContainerSpec: { Image: containerSpec.image, Env: [], Labels: {}, Mounts: [], Secrets: [], Configs: [] },
        Networks: [],
      },
    });
  });

  test.each([{}, { global: false }, { replicated: {} }])(
    "has one replica with the mode %j, and may be placed without preferences",
    async (mode) => {
      docker.answers = converged;
      const placement = { constraints: ["node.role==worker"] };
      await create("service", { name: "web", mode, taskSpec: { containerSpec, placement }, convergeConfig });
      expect(docker.changes[0]!.body).toMatchObject({
        Mode: { Replicated: { Replicas: 1 } },
        TaskTemplate: { Placement: { Constraints: ["node.role==worker"] } },
      });
    },
  );

  test("can be global", async () => {
    docker.answers = converged;
    await create("service", { name: "web", mode: { global: true }, taskSpec: { containerSpec }, convergeConfig });
    expect(docker.changes[0]!.body.Mode).toEqual({ Global: {} });
  });

  test("that does not converge is kept in the state as not ready", async () => {
    docker.answers = { ...converged, "GET /tasks": [task("failed"), task("failed"), task("failed")] };
    const inputs = { name: "web", taskSpec: { containerSpec }, convergeConfig };
    const failure = await create("service", inputs).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotReady);
    expect(failure).toMatchObject({ id: "id-1", outputs: inputs, message: "web: its tasks keep failing. no suitable node" });
  });

  test("is updated at the version that was read, and its outputs are the new inputs", async () => {
    const started = { ...found, UpdateStatus: { State: "completed" } };
    docker.answers = { ...converged, "GET /services/id-1": started, "POST /services/id-1/update": {} };
    const inputs = { name: "web", taskSpec: { containerSpec }, convergeConfig };
    const outputs = await dockerProvider.update(state("service", { name: "web" }, { name: "web", old: 1 }), inputs, context());
    expect(outputs).toEqual({ old: 1, ...inputs });
    const [update] = docker.changes;
    expect(update).toMatchObject({ call: "POST /services/id-1/update", query: { version: "7" } });
    expect(update!.body.TaskTemplate.ContainerSpec.Image).toBe(containerSpec.image);
  });

  test("is updated even if tasks fail several times, as long as Swarm goes on", async () => {
    const states = ["updating", "completed"].map((State) => ({ ...found, UpdateStatus: { State } }));
    const tasks = [task("failed"), task("failed"), task("failed")];
    docker.answers = {
      // The first answer is for the version.
      "GET /services/id-1": () => (docker.changes.length === 0 ? found : states.shift()),
      "GET /tasks": () => (states.length === 1 ? tasks : [...tasks, task("running")]),
      "POST /services/id-1/update": {},
    };
    const inputs = { name: "web", taskSpec: { containerSpec }, convergeConfig };
    expect(await dockerProvider.update(state("service", inputs), inputs, context())).toEqual(inputs);
    expect(progress).toEqual(["1 tasks (0 running)"]);
  });

  test("whose update is rejected is an error with its name; one that is rolled back is not ready", async () => {
    const inputs = { name: "web", taskSpec: { containerSpec }, convergeConfig };
    const update = () => dockerProvider.update(state("service", {}, { old: 1 }), inputs, context());
    docker.answers = { ...converged, "POST /services/id-1/update": apiError(400, "invalid mount") };
    await expect(update()).rejects.toThrow("web: invalid mount");
    const rolledBack = { ...found, UpdateStatus: { State: "rollback_completed" } };
    docker.answers = { ...converged, "GET /services/id-1": rolledBack, "POST /services/id-1/update": {} };
    const failure = await update().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotReady);
    expect(failure).toMatchObject({ id: "id-1", outputs: { old: 1, ...inputs } });
  });

  test("is removed, and its containers on this node are awaited", async () => {
    const left = [[{ Id: "1" }], []];
    docker.answers = { "DELETE /services/id-1": {}, "GET /containers/json": () => left.shift() };
    await remove("service", { name: "web" });
    const [removal, ...queries] = docker.requests;
    expect(removal!.call).toBe("DELETE /services/id-1");
    expect(queries.map(({ query }) => query)).toEqual(
      Array.from({ length: 2 }, () => ({ all: "true", filters: '{"label":["com.docker.swarm.service.name=web"]}' })),
    );
  });

  test("counts as removed if its containers stay longer than the patience; another error does not", async () => {
    process.env["SLIPWAY_PATIENCE"] = "0.001";
    docker.answers = { "DELETE /services/id-1": {}, "GET /containers/json": [{ Id: "1" }] };
    await remove("service", { name: "web" });
    docker.answers = { "DELETE /services/id-1": {}, "GET /containers/json": apiError(500, "disk failure") };
    await expect(remove("service", { name: "web" })).rejects.toThrow("disk failure");
  });
});

describe("drift", () => {
  const drift = (kind: string, inputs: Properties) => dockerProvider.drift(state(kind, inputs), context());
  const limited = {
    name: "web",
    restart: "unless-stopped",
    memory: 64,
    cpus: "0.5",
    networksAdvanced: [{ name: "front", aliases: ["web"] }, { name: "back" }],
  };
  const found = (host: object = {}, networks = ["front", "back", "added"]) => ({
    Name: "/web",
    State: { Running: true },
    HostConfig: { Memory: 64 * 2 ** 20, NanoCpus: 5e8, RestartPolicy: { Name: "unless-stopped" }, ...host },
    NetworkSettings: { Networks: Object.fromEntries(networks.map((name) => [name, { NetworkID: `id-of-${name}` }])) },
  });

  test("of a container is none while it has the limits, the restart policy and the networks of the state", async () => {
    docker.answers = { "GET /containers/id-1/json": found() };
    expect(await drift("container", limited)).toEqual({ kind: "same" });
    // Docker drops limits that the machine cannot enforce.
    docker.answers = { "GET /containers/id-1/json": found({ Memory: 0, NanoCpus: 0 }) };
    expect(await drift("container", limited)).toEqual({ kind: "same" });
    expect(docker.changes).toEqual([]);
  });

  test("of a container is what docker update, rename and network disconnect change, and is undone without a replacement", async () => {
    const changed = found({ Memory: 32 * 2 ** 20, RestartPolicy: { Name: "no" } }, ["front"]);
    docker.answers = {
      "GET /containers/id-1/json": { ...changed, Name: "/other" },
      "POST /containers/id-1/rename": new Answer(204),
      "POST /containers/id-1/update": {},
      "POST /networks/back/connect": {},
    };
    expect(await drift("container", limited)).toMatchObject({
      kind: "changed",
      paths: ["name", "restart", "memory", "networksAdvanced[1]"],
      live: { name: "other", restart: "no", memory: 32, cpus: "0.5" },
    });
    expect(await diff("container", limited, limited)).toEqual({
      kind: "update",
      because: ["name", "restart", "memory", "networksAdvanced[1]"],
    });
    expect(await dockerProvider.update(state("container", limited), limited, context())).toEqual(limited);
    expect(docker.changes.map(({ call, query, body }) => [call, query, body])).toEqual([
      ["POST /containers/id-1/rename", { name: "web" }, expect.anything()],
      ["POST /containers/id-1/update", {}, { RestartPolicy: { Name: "unless-stopped" }, Memory: 64 * 2 ** 20, MemorySwap: 128 * 2 ** 20 }],
      ["POST /networks/back/connect", {}, { Container: "id-1", EndpointConfig: {} }],
    ]);
  });

  test("is that a container does not run, or that an object does not exist", async () => {
    docker.answers = { "GET /containers/id-1/json": { ...found(), State: { Running: false } } };
    expect(await drift("container", limited)).toEqual({ kind: "gone", problem: "the container is not running" });
    expect(await drift("container", { ...limited, mustRun: false })).toEqual({ kind: "same" });
    expect(await drift("network", { name: "front" })).toEqual({ kind: "gone", problem: "does not exist" });
    docker.answers = { "GET /networks/id-1": apiError(500, "disk failure") };
    await expect(drift("network", { name: "front" })).rejects.toThrow("disk failure");
  });

  test("of a Swarm service is in its tasks, variables, labels and limits", async () => {
    const taskSpec = {
      containerSpec: { image: "web:1", env: { A: "b", N: "1" }, args: ["serve"] },
      resources: { limits: { memoryBytes: 1024, nanoCpus: 5e8 } },
    };
    const inputs = {
      mode: { replicated: { replicas: 2 } },
      labels: [
        { label: "team", value: "shop" },
        { label: "a", value: "b" },
      ],
      taskSpec,
    };
    const spec = {
      Labels: { a: "b", team: "shop" },
      Mode: { Replicated: { Replicas: 2 } },
      TaskTemplate: {
        ContainerSpec: { Image: "web:1", Env: ["A=b", "N=1"], Args: ["serve"], Isolation: "default" },
        Resources: { Limits: { MemoryBytes: 1024, NanoCPUs: 5e8 }, Reservations: {} },
      },
    };
    docker.answers = { "GET /services/id-1": { Spec: spec } };
    expect(await drift("service", inputs)).toEqual({ kind: "same" });
    const container = { Image: "web:1", Env: ["A=x=y", "N=1", "NEW=1"], Args: ["serve"] };
    const changed = {
      ...spec,
      Labels: { added: "c", a: "b" },
      TaskTemplate: { ContainerSpec: container, Resources: { Limits: { MemoryBytes: 2048 } } },
    };
    docker.answers = { "GET /services/id-1": { Spec: changed } };
    expect(await drift("service", inputs)).toMatchObject({
      kind: "changed",
      paths: [
        "labels[0]",
        "labels[2]",
        "taskSpec.containerSpec.env.A",
        "taskSpec.containerSpec.env.NEW",
        "taskSpec.resources.limits.memoryBytes",
        "taskSpec.resources.limits.nanoCpus",
      ],
      live: { taskSpec: { containerSpec: { env: { A: "x=y", N: "1", NEW: "1" } } } },
    });
  });
});
