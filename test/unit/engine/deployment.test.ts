import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import type { Checkpoint, ResourceState } from "../../../engine/state/checkpoint.ts";
import { TrackedResources } from "../../../engine/state/changes.ts";
import { Deployment, label, type Goal } from "../../../engine/deployment.ts";
import { Display } from "../../../engine/display.ts";
import { isSecret, secret } from "../../../lib/values.ts";
import { Answer, apiError, HttpApi } from "../http-api.ts";

const thing = "pulumi-nodejs:dynamic:Thing";
const urnOf = (name: string, type = thing) => `urn:pulumi:test::project::${type}::${name}`;

/** The operations of the provider below, in order. */
const log: string[] = [];
Object.assign(globalThis, { engineLog: log });
/** A dynamic provider as it is in a checkpoint. A resource with `fails` cannot be deleted. */
const provider = `exports.handler = () => ({
  async create(inputs) { engineLog.push("create " + inputs.name); return { id: inputs.name, outs: { ...inputs, made: 1, token: "t0ken" } }; },
  async diff(id, olds, news) {
    return { changes: olds.value !== news.value || olds.kind !== news.kind, replaces: olds.kind === news.kind ? [] : ["kind"], deleteBeforeReplace: news.deleteFirst };
  },
  async update(id, olds, news) { engineLog.push("update " + id); return { outs: { ...news, made: 2 } }; },
  async delete(id, outs) {
    if (outs.fails) throw new Error("still in use");
    engineLog.push("delete " + id);
  },
})`;

let saved: number;
let out: string;
beforeEach(() => {
  log.length = 0;
  saved = 0;
  out = "";
});

const state = (name: string, more: Partial<ResourceState> = {}): ResourceState => {
  const inputs = { name, __provider: provider, ...more.inputs };
  return {
    urn: urnOf(name),
    type: thing,
    custom: true,
    id: name,
    dependencies: [],
    ...more,
    inputs,
    outputs: { ...inputs, ...more.outputs },
  };
};
const goal = (name: string, more: Partial<Goal> = {}): Goal => {
  const { outputs: _outputs, id: _id, ...rest } = state(name, more);
  return { ...rest, aliases: [], additionalSecretOutputs: [], timeouts: {}, ...more, inputs: rest.inputs };
};

function deployment(resources: ResourceState[], preview = false): Deployment {
  const output = new Writable({
    write(chunk, _encoding, done) {
      out += stripVTControlCharacters(String(chunk)).replaceAll(/\(\d+\.\d s\)/g, "(time)");
      done();
    },
  });
  const checkpoint = { resources: new TrackedResources(resources), save: () => void saved++ };
  return new Deployment(checkpoint as unknown as Checkpoint, new Display(output), { preview });
}
const known = ({ checkpoint }: Deployment) => [...checkpoint.resources.keys()].map((urn) => urn.split("::").at(-1));

describe("deletions", () => {
  test.each([
    ["dependencies", { dependencies: [urnOf("a")] }],
    ["a parent", { parent: urnOf("a") }],
    ["a provider", { provider: `${urnOf("a")}::id` }],
  ])("of %s come after those of the resources that need them", async (_what, more: Partial<ResourceState>) => {
    const run = deployment([state("a"), state("b", more), state("c", { dependencies: [urnOf("b")] })]);
    await run.deleteUnregistered();
    expect(log).toEqual(["delete c", "delete b", "delete a"]);
    expect(known(run)).toEqual([]);
    expect(saved).toBe(3);
  });

  test("of a replaced resource come after those of the resources that needed it", async () => {
    const run = deployment([{ ...state("a"), urn: `${urnOf("a")}#1234567` }, state("b", { dependencies: [urnOf("a")] })]);
    await run.deleteUnregistered();
    expect(log).toEqual(["delete b", "delete a"]);
  });

  test("skip a resource that is deleted with another, but not one whose other stays", async () => {
    const withOther = (name: string, other: string) => state(name, { deletedWith: urnOf(other) });
    const run = deployment([state("a"), withOther("b", "a"), withOther("c", "kept")]);
    await run.deleteUnregistered();
    expect(log).toEqual(["delete c", "delete a"]);
    expect(known(run)).toEqual([]);
    expect(out).toContain("- pulumi-nodejs:dynamic:Thing b  to delete\n");
  });

  test("stop at a failure, which names the resource, and those that it needs stay", async () => {
    const run = deployment([state("a"), state("b", { dependencies: [urnOf("a")], inputs: { fails: true } }), state("c")]);
    await expect(run.deleteUnregistered()).rejects.toThrow("pulumi-nodejs:dynamic:Thing b: still in use");
    expect(log).toEqual(["delete c"]);
    expect(known(run)).toEqual(["a", "b"]);
  });

  test("of components and providers only change the state", async () => {
    const component = state("c", { custom: false, type: "slipway:index:WebService" });
    const docker = state("p", { type: "pulumi:providers:docker" });
    const run = deployment([component, docker]);
    await run.deleteUnregistered();
    expect(log).toEqual([]);
    expect(out).toBe("");
    expect(known(run)).toEqual([]);
  });

  test("in a preview are only printed", async () => {
    const run = deployment([state("a"), state("b")], true);
    await run.register(goal("a"));
    await run.deleteUnregistered();
    expect(log).toEqual([]);
    expect(out).toBe("- pulumi-nodejs:dynamic:Thing b  to delete\n");
    expect(known(run)).toEqual(["a", "b"]);
    expect(saved).toBe(0);
  });
});

describe("a registered resource", () => {
  test("is created and recorded before and after, with its secret outputs marked", async () => {
    const run = deployment([]);
    const created = await run.register(
      goal("a", { inputs: { password: secret({ value: "s3cret" }) }, additionalSecretOutputs: ["token"] }),
    );
    expect(log).toEqual(["create a"]);
    expect(created.id).toBe("a");
    expect(created.outputs["made"]).toBe(1);
    expect(Object.keys(created.outputs).filter((key) => isSecret(created.outputs[key]))).toEqual(["password", "token"]);
    expect(created.outputs["password"]).toEqual(secret({ value: "s3cret" }));
    expect(run.checkpoint.resources.get(urnOf("a"))).toEqual(created);
    expect(saved).toBe(1);
  });

  test("that is unchanged replaces the one in the state, which is not saved for it, but for another dependency", async () => {
    const first = deployment([]);
    const created = [await first.register(goal("a")), await first.register(goal("b"))];
    const run = deployment(JSON.parse(JSON.stringify(created)));
    saved = 0;
    const unchanged = await run.register(goal("a"));
    expect(saved).toBe(0);
    expect(run.checkpoint.resources.get(urnOf("a"))).toBe(unchanged);
    await run.register(goal("b", { dependencies: [urnOf("a")] }));
    expect(log).toEqual(["create a", "create b"]);
    expect(saved).toBe(1);
  });

  test("cannot be registered twice", async () => {
    const run = deployment([]);
    await run.register(goal("a"));
    await expect(run.register(goal("a"))).rejects.toThrow("is registered twice. Give every resource of a type and parent its own name.");
  });

  test("is unchanged, updated or replaced, as its provider says", async () => {
    const run = deployment([state("a", { outputs: { made: 1 } }), state("b"), state("c", { inputs: { kind: 1 } })]);
    expect(await run.register(goal("a"))).toMatchObject({ id: "a", outputs: { made: 1 } });
    expect(log).toEqual([]);
    expect(await run.register(goal("b", { inputs: { value: 2 } }))).toMatchObject({ id: "b", outputs: { value: 2, made: 2 } });
    await run.register(goal("c", { inputs: { kind: 2 } }));
    expect(log).toEqual(["update b", "create c"]);
    expect(known(run)).toEqual(["a", "b", "c", "c#c"]);
    await run.deleteUnregistered();
    expect(log).toEqual(["update b", "create c", "delete c"]);
    const lines = [
      "~ pulumi-nodejs:dynamic:Thing b  updated",
      "± pulumi-nodejs:dynamic:Thing c  replaced",
      "- pulumi-nodejs:dynamic:Thing c#c  deleted",
    ];
    expect(out).toBe(lines.map((line) => `${line} (time)\n`).join(""));
  });

  test("that is replaced after its deletion takes along those of the same package that use it", async () => {
    const others = [
      state("user", { uses: [urnOf("a")] }),
      state("dependent", { uses: [], dependencies: [urnOf("a")] }),
      state("old", { dependencies: [urnOf("a")] }),
      state("component", { custom: false, dependencies: [urnOf("a")] }),
      state("foreign", { type: "docker:index/container:Container", uses: [urnOf("a")] }),
    ];
    for (const options of [{ deleteBeforeReplace: true }, { inputs: { deleteFirst: true } }]) {
      log.length = 0;
      const run = deployment([state("a", { inputs: { kind: 1 } }), ...others]);
      await run.register(goal("a", { ...options, inputs: { ...options.inputs, kind: 2 } }));
      expect(log).toEqual(["delete user", "delete old", "delete a", "create a"]);
      expect(known(run)).toEqual(["a", "dependent", "component", "foreign"]);
    }
  });

  test("is replaced before its deletion if the program says so, whatever its provider says", async () => {
    const run = deployment([state("a", { inputs: { kind: 1 } })]);
    await run.register(goal("a", { deleteBeforeReplace: false, inputs: { kind: 2, deleteFirst: true } }));
    expect(log).toEqual(["create a"]);
  });

  test("is found under an alias, which is then forgotten", async () => {
    const run = deployment([state("a")]);
    await run.register({ ...goal("b", { aliases: ["none", urnOf("a")] }), inputs: goal("a").inputs });
    expect(log).toEqual([]);
    expect(known(run)).toEqual(["b"]);
  });

  test("in a preview is not recorded", async () => {
    const run = deployment([], true);
    expect(await run.register(goal("a"))).toMatchObject({ outputs: { name: "a" } });
    expect(log).toEqual([]);
    expect(known(run)).toEqual([]);
    expect(saved).toBe(0);
    expect(out).toBe("+ pulumi-nodejs:dynamic:Thing a  to create\n");
  });

  test("is deleted with what its parent is deleted with", async () => {
    const run = deployment([]);
    await run.register(goal("parent", { custom: false, deletedWith: urnOf("cluster") }));
    expect((await run.register(goal("a", { parent: urnOf("parent") }))).deletedWith).toBe(urnOf("cluster"));
    expect((await run.register(goal("b", { parent: urnOf("parent"), deletedWith: urnOf("other") }))).deletedWith).toBe(urnOf("other"));
  });

  test("has, if it is a component, the outputs of the last run until it registers new ones; a provider has its inputs", async () => {
    const run = deployment([state("c", { custom: false, outputs: { url: "http://old" } })]);
    expect((await run.register(goal("c", { custom: false }))).outputs["url"]).toBe("http://old");
    expect((await run.register(goal("new", { custom: false }))).outputs).toEqual({});
    const registered = await run.register(goal("p", { type: "pulumi:providers:docker", inputs: { host: "unix://" } }));
    expect([registered.id, registered.outputs["host"]]).toEqual(["provider", "unix://"]);
    expect(run.find(urnOf("p"))).toBe(registered);
    expect(run.find(undefined)).toBeUndefined();
  });
});

describe("with the Docker provider", () => {
  let docker: HttpApi;
  beforeEach(async () => (docker = await new HttpApi().open()));
  afterEach(() => docker.close());

  const container = "docker:index/container:Container";
  const service = "docker:index/service:Service";
  const settings = () => state("docker", { type: "pulumi:providers:docker", urn: urnOf("docker"), inputs: { host: docker.host } });
  const of = (type: string, more: object) => ({ type, urn: urnOf("web", type), provider: `${urnOf("docker")}::id`, ...more });
  const creatable = { "GET /images/web/json": {}, "POST /containers/create": { Id: "1" }, "POST /containers/1/start": new Answer(204) };

  /** Registers a resource of Docker, whose inputs are exactly these. */
  const register = (run: Deployment, type: string, inputs: object, more: Partial<Goal> = {}) =>
    run.register({ ...goal("web", of(type, more)), inputs: inputs as Goal["inputs"] });

  test("an object is recorded as being created under its name, so that the next run finds what an interrupted one left", async () => {
    const records: (ResourceState | undefined)[] = [];
    const run = deployment([settings()]);
    docker.answers = {
      ...creatable,
      "POST /containers/create": () => {
        records.push(run.checkpoint.resources.get(urnOf("web", container)));
        return { Id: "1" };
      },
    };
    const created = await register(run, container, { name: "shop-web", image: "web" });
    expect(records).toMatchObject([{ creating: true, id: "shop-web", outputs: {} }]);
    expect(created.creating).toBeUndefined();
    expect(created.id).toBe("1");
  });

  test("an object that an interrupted run may have created is removed first", async () => {
    docker.answers = { ...creatable, "DELETE /containers/shop-web": new Answer(204) };
    const left = { ...state("web", of(container, {})), creating: true, id: "shop-web" };
    await register(deployment([settings(), left]), container, { name: "shop-web", image: "web" });
    expect(docker.changes.map(({ call }) => call)).toEqual([
      "DELETE /containers/shop-web",
      "POST /containers/create",
      "POST /containers/1/start",
    ]);
    expect(docker.requests.some(({ call }) => call === "GET /containers/shop-web/json")).toBe(true);
  });

  test("an object that is not ready is recorded with its error, and the next run updates it even if it is unchanged", async () => {
    const image = "registry.example.org/web:1";
    const inputs = {
      name: "web",
      taskSpec: { containerSpec: { image } },
      mode: { replicated: { replicas: 1 } },
      convergeConfig: { timeout: "3s" },
    };
    const found = {
      Version: { Index: 1 },
      Spec: { Mode: { Replicated: { Replicas: 1 } }, TaskTemplate: { ContainerSpec: { Image: image } } },
    };
    const task = { DesiredState: "running", Spec: { ContainerSpec: { Image: image } }, Status: { State: "rejected", Err: "no node" } };
    let tasks: object[] = [task, task, task];
    docker.answers = {
      "GET /services/web": apiError(404, "none"),
      "POST /services/create": { ID: "1" },
      "GET /services/1": { ...found, UpdateStatus: { State: "completed" } },
      "GET /tasks": () => tasks,
      "POST /services/1/update": {},
    };
    const run = deployment([settings()]);
    await expect(register(run, service, inputs)).rejects.toThrow("its tasks keep failing");
    const recorded = run.checkpoint.resources.get(urnOf("web", service))!;
    expect(recorded).toMatchObject({ id: "1", outputs: inputs, initErrors: ["web: its tasks keep failing. no node"] });
    tasks = [{ ...task, Status: { State: "running" } }];
    const next = deployment([settings(), recorded]);
    expect((await register(next, service, inputs)).initErrors).toBeUndefined();
    expect(docker.changes.at(-1)!.call).toBe("POST /services/1/update");
  });

  test("a timeout of the resource limits the wait", async () => {
    const secretInputs = { name: "key", data: "" };
    docker.answers = { "POST /secrets/create": { ID: "1" }, "GET /secrets/1": {} };
    const run = deployment([settings()]);
    const created = await register(run, "docker:index/secret:Secret", secretInputs, { timeouts: { create: "30s" } });
    expect(created.id).toBe("1");
  });

  test("an object that is gone is created again, and so is one whose record was lost during its creation", async () => {
    docker.answers = creatable;
    const gone = state("web", { ...of(container, {}), id: "1" });
    const run = deployment([settings(), { ...gone, inputs: { image: "web" } }]);
    await register(run, container, { name: "shop-web", image: "web" });
    expect(docker.changes.map(({ call }) => call)).toEqual(["POST /containers/create", "POST /containers/1/start"]);
    expect(out).toBe("+ docker:Container web  created (time)\n");
  });

  test("an object is deleted on its provider's Docker host, at the end of the run or before its replacement", async () => {
    const network = "docker:index/network:Network";
    const old = { ...state("web", { ...of(network, {}), id: "1" }), inputs: { name: "shop", driver: "bridge" } };
    docker.answers = { "GET /networks/1": {}, "DELETE /networks/1": new Answer(204), "POST /networks/create": { Id: "2" } };
    await register(deployment([settings(), old]), network, { name: "shop", driver: "overlay" }, { deleteBeforeReplace: true });
    await deployment([settings(), old]).deleteUnregistered();
    expect(docker.changes.map(({ call }) => call)).toEqual(["DELETE /networks/1", "POST /networks/create", "DELETE /networks/1"]);
  });
});

describe("with the Kubernetes provider", () => {
  const pod = "kubernetes:core/v1:Pod";
  const path = "/api/v1/namespaces/shop/pods/web";
  let api: HttpApi;
  let provider: ResourceState;
  beforeEach(async () => {
    api = await new HttpApi().open("tcp");
    const cluster = { server: api.host, "insecure-skip-tls-verify": true };
    const kubeconfig = JSON.stringify({
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      clusters: [{ name: "test", cluster }],
      users: [{ name: "test", user: {} }],
    });
    provider = state("cluster", { type: "pulumi:providers:kubernetes", urn: urnOf("cluster"), inputs: { kubeconfig } });
    const object = { kind: "Pod", metadata: { name: "web", namespace: "shop" }, status: {} };
    let isThere = false;
    api.answers = {
      "GET /api/v1": { resources: [{ name: "pods", kind: "Pod", namespaced: true }] },
      [`GET ${path}`]: () => (isThere ? object : apiError(404, "not found")),
      [`PATCH ${path}`]: () => {
        isThere = true;
        return object;
      },
    };
  });
  afterEach(() => api.close());

  const of = { type: pod, urn: urnOf("web", pod), provider: `${urnOf("cluster")}::id` };
  const inputs = { metadata: { name: "web", namespace: "shop" } };
  const register = (run: Deployment, timeouts: Goal["timeouts"], more: object = {}) =>
    run.register({ ...goal("web", { ...of, timeouts }), inputs: { ...inputs, ...more } });

  test("the timeouts of a resource limit the waits for its creation and its update", async () => {
    const run = deployment([provider]);
    await expect(register(run, { create: "200ms", update: "1h" })).rejects.toThrow("not ready after 0.2 s");
    const left = run.checkpoint.resources.get(urnOf("web", pod))!;
    expect(left).toMatchObject({ id: "shop/web", initErrors: ["not ready after 0.2 s: still waiting for its readiness"] });
    const next = deployment([provider, left]);
    await expect(register(next, { create: "1h", update: "300ms" })).rejects.toThrow("not ready after 0.3 s");
  });

  test("nothing waits after a failure of another resource", async () => {
    const run = deployment([provider]);
    run.fail("other", new Error("no room"));
    await expect(register(run, {})).rejects.toThrow("stopped waiting, because the run failed.");
  });
});

describe("a failure", () => {
  test("is printed once, and marks the run as failed", () => {
    const run = deployment([]);
    expect(run.failed).toBe(false);
    run.fail("a", new Error("no room"));
    run.fail("b", new Error("no room"));
    run.fail("c", new Error("other"));
    expect(run.failed).toBe(true);
    expect(out).toBe("✗ a  no room\n✗ c  other\n");
  });

  test("waits for the steps in progress", async () => {
    const run = deployment([]);
    const registered = run.register(goal("a"));
    await run.settle();
    expect(log).toEqual(["create a"]);
    await registered;
    await run.settle();
  });
});

test("the label of a resource has its short type and its name", () => {
  const labelOf = (type: string) => label({ type, urn: "web" });
  expect(labelOf("docker:index/container:Container")).toBe("docker:Container web");
  expect(labelOf("aws:s3/bucket:Bucket")).toBe("aws:s3:Bucket web");
  expect(labelOf("kubernetes:apps/v1:Deployment")).toBe("kubernetes:apps/v1:Deployment web");
  expect(labelOf("pulumi-nodejs:dynamic/slipway:RegistryPush")).toBe("slipway:RegistryPush web");
  expect(label({ type: "slipway:index:WebService", urn: urnOf("web") })).toBe("slipway:index:WebService web");
});
