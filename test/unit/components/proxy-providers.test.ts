import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { extract, pack } from "tar-stream";
import { provider as handover } from "../../../components/internal/handover.ts";
import { provider as proxyRoute } from "../../../components/internal/proxy-route.ts";
import { provider as volumeFiles } from "../../../components/internal/volume-files.ts";
import { Answer, apiError, HttpApi, type ApiRequest } from "../http-api.ts";

let docker: HttpApi;
beforeEach(async () => {
  docker = await new HttpApi().open();
  proxy = {};
  questions = [];
});
afterEach(() => docker.close());

/** The files of the proxy's container, by path. */
let proxy: Record<string, string>;

/** The commands that were run in the proxy's container. */
let questions: string[][];

/** The files with routes. */
const routed = () => Object.fromEntries(Object.entries(proxy).filter(([, content]) => !/^(# no routes\n|\{\}\n$)/.test(content)));

const calls = () => docker.requests.map(({ call, query }) => (query["path"] ? `${call} ${query["path"]}` : call));
const changes = () =>
  docker.changes
    .map(({ call, query }) => (query["path"] ? `${call} ${query["path"]}` : call))
    .filter((call) => !call.startsWith("POST /containers/proxy/exec") && !call.startsWith("POST /exec"));

async function archiveOf(name: string, content: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name }, content);
  archive.finalize();
  return buffer(archive);
}

/** The entries of an uploaded archive. */
async function uploaded({ body }: ApiRequest) {
  const found: { name: string; mode?: number; uid?: number; gid?: number; content: string }[] = [];
  for await (const entry of Readable.from([body as Buffer]).pipe(extract())) {
    const { name, mode, uid, gid } = entry.header;
    found.push({ name, mode, uid, gid, content: (await buffer(entry)).toString() });
  }
  return found;
}

/** Answers for a proxy whose files can be read and written, and which has loaded each of them as soon as it is asked. */
const proxyAnswers: Record<string, (request: ApiRequest) => unknown> = {
  "POST /containers/proxy/exec": ({ body }) => {
    questions.push(body.Cmd);
    return { Id: "question" };
  },
  "POST /exec/question/start": () => new Answer(200, ""),
  "GET /exec/question/json": () => ({ ExitCode: 0 }),
  "GET /containers/proxy/archive": async ({ query }: ApiRequest) => {
    const path = query["path"]!;
    return path in proxy ? new Answer(200, await archiveOf("routes.yaml", proxy[path]!)) : apiError(404, "no such file");
  },
  "PUT /containers/proxy/archive": async (request: ApiRequest) => {
    for (const { name, mode, content } of await uploaded(request)) {
      expect(mode).toBe(0o644);
      proxy[`${request.query["path"]}/${name}`] = content;
    }
    return {};
  },
};

describe("a route of the proxy", () => {
  const inputs = () => ({ engine: docker.host, proxy: "proxy", network: "shop", file: "/routes/web", content: "new", settleSeconds: 0.05 });
  const connect = { "POST /networks/shop/connect": {} };

  test("is created with a connection to the network and a file", async () => {
    docker.answers = { ...proxyAnswers, ...connect };
    expect(await proxyRoute.create(inputs())).toEqual({ id: "/routes/web", outs: inputs() });
    expect(routed()).toEqual({ "/routes/web.a.yaml": "new" });
    expect(docker.changes[0]).toMatchObject({ call: "POST /networks/shop/connect", body: { Container: "proxy" } });
  });

  test("of a proxy that is in the network already, or without a network, is created too", async () => {
    for (const message of ["endpoint with name proxy already exists in network shop", "container is already attached to network shop"]) {
      docker.answers = { ...proxyAnswers, "POST /networks/shop/connect": apiError(403, message) };
      proxy = {};
      await proxyRoute.create(inputs());
      expect(routed()).toEqual({ "/routes/web.a.yaml": "new" });
    }
    docker.requests.length = 0;
    proxy = {};
    await proxyRoute.create({ ...inputs(), network: undefined });
    expect(changes()).toEqual(["PUT /containers/proxy/archive /routes", "PUT /containers/proxy/archive /routes"]);
  });

  test("is not created if the proxy cannot join the network", async () => {
    docker.answers = { ...proxyAnswers, "POST /networks/shop/connect": apiError(500, "no address left") };
    await expect(proxyRoute.create(inputs())).rejects.toThrow("no address left");
    expect(proxy).toEqual({});
  });

  test("is changed in the other slot before the old one is emptied, so that the proxy always has one", async () => {
    docker.answers = { ...proxyAnswers, ...connect };
    const written: [string, string][] = [];
    docker.answers["PUT /containers/proxy/archive"] = async (request: ApiRequest) => {
      const result = await proxyAnswers["PUT /containers/proxy/archive"]!(request);
      for (const { name, content } of await uploaded(request)) written.push([name, content]);
      return result;
    };
    proxy = { "/routes/web.a.yaml": "old", "/routes/web.b.yaml": "{}\n" };
    await proxyRoute.update!("/routes/web", inputs(), inputs());
    expect(written).toEqual([
      ["web.b.yaml", "new"],
      ["web.a.yaml", expect.stringMatching(/^# no routes\n/)],
    ]);
    await proxyRoute.update!("/routes/web", inputs(), { ...inputs(), content: "newer" });
    expect(routed()).toEqual({ "/routes/web.a.yaml": "newer" });
  });

  test("is in use when the proxy answers an address that the last file of the change has", async () => {
    let asked = 0;
    docker.answers = { ...proxyAnswers, ...connect, "GET /exec/question/json": () => ({ ExitCode: ++asked < 3 ? 1 : 0 }) };
    proxy = { "/routes/web.a.yaml": "old" };
    await proxyRoute.update!("/routes/web", inputs(), inputs());
    const { http } = JSON.parse(proxy["/routes/web.a.yaml"]!.replace(/^#.*\n/, ""));
    const [, address] = /Host\(`(127\.\d+\.\d+\.\d+)`\)/.exec(http.routers["web-a-loaded"].rule)!;
    expect(http).toEqual({
      routers: {
        "web-a-loaded": {
          rule: `ClientIP(\`127.0.0.0/8\`) && Host(\`${address}\`) && Path(\`/ping\`)`,
          priority: 1_000_000,
          entryPoints: ["web"],
          service: "ping@internal",
        },
      },
    });
    const question = ["traefik", "healthcheck", "--ping=true", "--ping.entrypoint=web", `--entrypoints.web.address=${address}:8000`];
    expect(questions).toEqual([question, question, question]);
    await proxyRoute.update!("/routes/web", inputs(), { ...inputs(), content: "newer" });
    expect(questions.at(-1)).not.toEqual(question);
  });

  test("that the proxy never loads fails, and says where to look", async () => {
    docker.answers = { ...proxyAnswers, ...connect, "GET /exec/question/json": { ExitCode: 1 } };
    vi.useFakeTimers({ toFake: ["Date", "setTimeout"], shouldAdvanceTime: true });
    try {
      const updated = expect(proxyRoute.update!("/routes/web", inputs(), inputs())).rejects.toThrow(
        "the proxy proxy has not loaded /routes/web.b.yaml after 60 s. Its log says why: docker logs proxy",
      );
      await vi.waitFor(() => expect(questions.length).toBe(1));
      await vi.advanceTimersByTimeAsync(60_001);
      await updated;
    } finally {
      vi.useRealTimers();
    }
  });

  test("of a proxy that does not run is not waited for; another error is passed on", async () => {
    docker.answers = { ...proxyAnswers, ...connect, "POST /containers/proxy/exec": apiError(409, "container is not running") };
    await proxyRoute.update!("/routes/web", inputs(), inputs());
    expect(routed()).toEqual({ "/routes/web.a.yaml": "new" });
    docker.answers["POST /containers/proxy/exec"] = apiError(500, "no memory");
    await expect(proxyRoute.update!("/routes/web", inputs(), { ...inputs(), content: "newer" })).rejects.toThrow("no memory");
  });

  test("is not written if it is unchanged, and nothing waits", async () => {
    docker.answers = { ...proxyAnswers, ...connect };
    proxy = { "/routes/web.a.yaml": "new" };
    const began = performance.now();
    const slow = { ...inputs(), settleSeconds: 30 };
    expect(await proxyRoute.update!("/routes/web", slow, slow)).toEqual({ outs: slow });
    expect(changes()).toEqual(["POST /networks/shop/connect"]);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  test("settles after a change, but not in another proxy", async () => {
    docker.answers = { ...proxyAnswers, ...connect };
    const timers = vi.spyOn(globalThis, "setTimeout");
    const settles = async (olds: object) => {
      proxy = { "/routes/web.a.yaml": "old" };
      timers.mockClear();
      await proxyRoute.update!("/routes/web", { ...inputs(), ...olds }, { ...inputs(), settleSeconds: 0.0123 });
      return timers.mock.calls.some(([, delay]) => delay === 12.3);
    };
    expect(await settles({})).toBe(true);
    expect(await settles({ proxy: "previous" })).toBe(false);
    timers.mockRestore();
  });

  test("differs in each input except the time to settle, and another file replaces it", async () => {
    const olds = inputs();
    expect(await proxyRoute.diff!("", olds, { ...olds, settleSeconds: 9 })).toEqual({ changes: false, replaces: [] });
    for (const key of ["engine", "proxy", "network", "content"])
      expect(await proxyRoute.diff!("", olds, { ...olds, [key]: "other" })).toEqual({ changes: true, replaces: [] });
    expect(await proxyRoute.diff!("", olds, { ...olds, file: "other" })).toEqual({ changes: true, replaces: ["file"] });
  });

  test("is read with the content that the proxy has", async () => {
    proxy = { "/routes/web.b.yaml": "handed over" };
    docker.answers = { ...proxyAnswers, "GET /containers/proxy/json": { NetworkSettings: { Networks: { shop: {} } } } };
    expect(await proxyRoute.read!("id", inputs())).toEqual({ id: "id", props: { ...inputs(), content: "handed over" } });
    const withoutNetwork = { ...inputs(), network: undefined as never };
    expect(await proxyRoute.read!("id", withoutNetwork)).toEqual({ id: "id", props: { ...withoutNetwork, content: "handed over" } });
  });

  test("is missing without the proxy, its file or its connection; another error is passed on", async () => {
    expect(await proxyRoute.read!("id", inputs())).toEqual({ id: "" });
    docker.answers = { ...proxyAnswers, "GET /containers/proxy/json": { NetworkSettings: { Networks: { shop: {} } } } };
    expect(await proxyRoute.read!("id", inputs())).toEqual({ id: "" });
    proxy = { "/routes/web.a.yaml": "{}\n" };
    expect(await proxyRoute.read!("id", inputs())).toEqual({ id: "" });
    proxy = { "/routes/web.a.yaml": "new" };
    docker.answers["GET /containers/proxy/json"] = { NetworkSettings: { Networks: {} } };
    expect(await proxyRoute.read!("id", inputs())).toEqual({ id: "" });
    docker.answers["GET /containers/proxy/json"] = apiError(500, "disk failure");
    await expect(proxyRoute.read!("id", inputs())).rejects.toThrow("disk failure");
    docker.answers["GET /containers/proxy/json"] = { NetworkSettings: { Networks: { shop: {} } } };
    docker.answers["GET /containers/proxy/archive"] = apiError(500, "broken archive");
    await expect(proxyRoute.read!("id", inputs())).rejects.toThrow("broken archive");
  });

  test("is deleted: the file is emptied, then the proxy leaves the network", async () => {
    proxy = { "/routes/web.b.yaml": "old" };
    docker.answers = { ...proxyAnswers, "POST /networks/shop/disconnect": {} };
    await proxyRoute.delete!("id", inputs());
    expect(routed()).toEqual({});
    expect(changes()).toEqual(["PUT /containers/proxy/archive /routes", "POST /networks/shop/disconnect"]);
    expect(docker.changes.at(-1)!.body).toEqual({ Container: "proxy", Force: true });
  });

  test("of a proxy or network that no longer exists counts as deleted; another error does not", async () => {
    await proxyRoute.delete!("id", inputs());
    docker.answers = { "POST /networks/shop/disconnect": apiError(500, "disk failure") };
    await expect(proxyRoute.delete!("id", inputs())).rejects.toThrow("disk failure");
    docker.answers = { "GET /containers/proxy/archive": apiError(500, "broken archive") };
    await expect(proxyRoute.delete!("id", inputs())).rejects.toThrow("broken archive");
    docker.requests.length = 0;
    docker.answers = { ...proxyAnswers };
    await proxyRoute.delete!("id", { ...inputs(), network: undefined });
    expect(changes()).toEqual([]);
  });
});

describe("a handover", () => {
  const healthCheck = { path: "/ready" };
  const inputs = (container: string, more: object = {}) => ({
    engine: docker.host,
    container,
    port: 8080,
    proxy: "proxy",
    file: "/routes/web",
    healthCheck: JSON.stringify(healthCheck),
    settleSeconds: 0.01,
    ...more,
  });
  const routes = (servers: string[], check: object | undefined = healthCheck) => ({
    http: {
      routers: { web: { rule: "Host(`web`)" } },
      services: { web: { loadBalancer: { servers: servers.map((url) => ({ url })), ...(check && { healthCheck: check }) } } },
    },
  });
  const stoppable = { "POST /containers/web-1/update": {}, "POST /containers/web-1/stop": new Answer(204) };

  test("has nothing to do for a first replica", async () => {
    expect(await handover.create(inputs("web-1"))).toEqual({ id: "web-1", outs: inputs("web-1") });
    expect(docker.requests).toEqual([]);
  });

  test("differs in each input", async () => {
    const olds = inputs("web-1");
    expect(await handover.diff!("", olds, inputs("web-1"))).toEqual({ changes: false });
    for (const key of ["engine", "container", "port", "proxy", "file", "healthCheck", "settleSeconds"])
      expect(await handover.diff!("", olds, { ...olds, [key]: "other" })).toEqual({ changes: true });
  });

  test("routes to the new container, then stops the previous one for good", async () => {
    proxy = { "/routes/web.a.yaml": JSON.stringify(routes(["http://web-1:8080", "http://web-9:8080", "http://web-1:9090"])) };
    docker.answers = { ...proxyAnswers, ...stoppable };
    const news = inputs("web-2", { port: 9000 });
    expect(await handover.update!("id", inputs("web-1"), news)).toEqual({ outs: news });
    expect(JSON.parse(proxy["/routes/web.b.yaml"]!)).toEqual(routes(["http://web-2:9000", "http://web-9:8080", "http://web-1:9090"]));
    expect(proxy["/routes/web.b.yaml"]).toMatch(/^\{\n {2}"http".*\n$/s);
    expect(changes()).toEqual([
      "PUT /containers/proxy/archive /routes",
      "PUT /containers/proxy/archive /routes",
      "POST /containers/web-1/update",
      "POST /containers/web-1/stop",
    ]);
    expect(docker.changes.at(-2)!.body).toEqual({ RestartPolicy: { Name: "no" } });
  });

  test("of two replicas at the same time routes to both new containers", async () => {
    proxy = { "/routes/web.a.yaml": JSON.stringify(routes(["http://web-1:8080", "http://web-2:8080"])) };
    docker.answers = { ...proxyAnswers, ...stoppable, "POST /containers/web-2/update": {}, "POST /containers/web-2/stop": new Answer(204) };
    // As Pulumi, which keeps the code with each resource.
    vi.resetModules();
    const { provider: another } = await import("../../../components/internal/handover.ts");
    await Promise.all([handover.update!("id", inputs("web-1"), inputs("web-3")), another.update!("id", inputs("web-2"), inputs("web-4"))]);
    expect(Object.values(routed()).map((content) => JSON.parse(content))).toEqual([routes(["http://web-3:8080", "http://web-4:8080"])]);
  });

  test("removes a health check that is not the one of the new version", async () => {
    proxy = { "/routes/web.a.yaml": JSON.stringify(routes(["http://web-1:8080"], { path: "/old" })) };
    docker.answers = { ...proxyAnswers, ...stoppable };
    await handover.update!("id", inputs("web-1"), inputs("web-2"));
    expect(JSON.parse(proxy["/routes/web.b.yaml"]!).http.services.web.loadBalancer).toEqual({ servers: [{ url: "http://web-2:8080" }] });
  });

  test("without routes only stops the previous container", async () => {
    docker.answers = { ...proxyAnswers, ...stoppable };
    await handover.update!("id", inputs("web-1"), inputs("web-2"));
    expect(proxy).toEqual({});
    docker.requests.length = 0;
    for (const none of [{ proxy: undefined }, { file: undefined }]) await handover.update!("id", inputs("web-1"), inputs("web-2", none));
    expect(calls()).toEqual([...Object.keys(stoppable), ...Object.keys(stoppable)]);
  });

  test("waits between the change of the route and the stop", async () => {
    docker.answers = stoppable;
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    try {
      const updated = handover.update!("id", inputs("web-1"), inputs("web-2", { proxy: undefined, settleSeconds: 7 }));
      await vi.advanceTimersByTimeAsync(6999);
      expect(docker.requests).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      await updated;
      expect(calls()).toEqual(Object.keys(stoppable));
    } finally {
      vi.useRealTimers();
    }
  });

  test("does nothing for the same container", async () => {
    expect(await handover.update!("id", inputs("web-1"), inputs("web-1", { port: 1 }))).toEqual({ outs: inputs("web-1", { port: 1 }) });
    expect(docker.requests).toEqual([]);
  });

  test("from a container that has stopped or is gone succeeds; another error does not", async () => {
    const update = () => handover.update!("id", inputs("web-1"), inputs("web-2", { proxy: undefined }));
    await update();
    docker.answers = { ...stoppable, "POST /containers/web-1/stop": new Answer(304) };
    await update();
    docker.answers = { ...stoppable, "POST /containers/web-1/stop": apiError(500, "cannot stop") };
    await expect(update()).rejects.toThrow("cannot stop");
    docker.answers = { ...stoppable, "POST /containers/web-1/update": apiError(500, "cannot update") };
    await expect(update()).rejects.toThrow("cannot update");
  });
});

describe("files in volumes", () => {
  const files = [
    { path: "/etc/web/a.json", content: "{}", mode: 0o440 },
    { path: "/etc/web/b.json", content: "[]", mode: 0o400 },
    { path: "/run/key", content: "s3cret", mode: 0o400 },
  ];
  const inputs = () => ({ engine: docker.host, image: "registry.example.org/web:1", prefix: "shop-web", labels: { team: "shop" }, files });
  const answers: Record<string, unknown> = {
    "GET /images/registry.example.org/web:1/json": {},
    "POST /volumes/create": {},
    "POST /containers/create": { Id: "filler" },
    "PUT /containers/filler/archive": {},
    "DELETE /containers/filler": new Answer(204),
  };

  test("are copied through a container that never starts, one volume for each folder", async () => {
    docker.answers = answers;
    const { id, outs } = await volumeFiles.create(inputs());
    expect(id).toMatch(/^shop-web-files-[0-9a-f]{7}$/);
    expect(outs).toEqual({ ...inputs(), volumes: { "/etc/web": `${id}-0`, "/run": `${id}-1` } });
    expect(changes()).toEqual([
      "POST /volumes/create",
      "POST /volumes/create",
      "POST /containers/create",
      "PUT /containers/filler/archive /etc/web",
      "PUT /containers/filler/archive /run",
      "DELETE /containers/filler",
    ]);
    const [first, second, creation, web, run, removal] = docker.changes;
    expect([first!.body, second!.body]).toEqual([
      { Name: `${id}-0`, Labels: { team: "shop" } },
      { Name: `${id}-1`, Labels: { team: "shop" } },
    ]);
    expect(creation!.body).toEqual({
      name: id,
      Image: "registry.example.org/web:1",
      Cmd: ["none"],
      Labels: { team: "shop" },
      HostConfig: { Binds: [`${id}-0:/etc/web`, `${id}-1:/run`] },
    });
    const owner = { uid: 0, gid: 65532 };
    expect(await uploaded(web!)).toEqual([
      { name: "a.json", mode: 0o440, ...owner, content: "{}" },
      { name: "b.json", mode: 0o400, ...owner, content: "[]" },
    ]);
    expect(await uploaded(run!)).toEqual([{ name: "key", mode: 0o400, ...owner, content: "s3cret" }]);
    // With the anonymous volumes that the image declares.
    expect(removal!.query).toEqual({ force: "true", v: "true" });
  });

  test("pull the image if the host does not have it, with credentials if there are any", async () => {
    docker.answers = {
      ...answers,
      "GET /images/registry.example.org/web:1/json": apiError(404, "no such image"),
      "POST /images/create": {},
    };
    await volumeFiles.create({ ...inputs(), username: "ci", password: "s3cret" });
    expect(docker.changes[0]).toMatchObject({
      call: "POST /images/create",
      credentials: { username: "ci", password: "s3cret", serveraddress: "registry.example.org" },
    });
    docker.requests.length = 0;
    await volumeFiles.create(inputs());
    expect(docker.changes[0]!.credentials).toBeUndefined();
  });

  test("leave neither container nor volumes if they cannot be copied, and the error names them", async () => {
    docker.answers = {
      ...answers,
      "PUT /containers/filler/archive": apiError(500, "no space"),
      "DELETE /volumes/other": {},
    };
    await expect(volumeFiles.create(inputs())).rejects.toThrow(/^shop-web-files-[0-9a-f]{7}: no space$/);
    const names = docker.changes.filter(({ call }) => call === "POST /volumes/create").map(({ body }) => body.Name as string);
    expect(changes().slice(-3)).toEqual(["DELETE /containers/filler", ...names.map((name) => `DELETE /volumes/${name}`)]);
  });

  test("are replaced if they change, but not for other credentials", async () => {
    const olds = { ...inputs(), volumes: {} };
    expect(await volumeFiles.diff!("", olds, { ...inputs(), username: "other", password: "other" })).toEqual({
      changes: false,
      replaces: [],
    });
    for (const key of ["engine", "image", "prefix", "labels", "files"])
      expect(await volumeFiles.diff!("", olds, { ...inputs(), [key]: "other" })).toEqual({ changes: true, replaces: [key] });
  });

  test("are missing if one of their volumes is; another error is passed on", async () => {
    const props = { ...inputs(), volumes: { "/etc/web": "v-0", "/run": "v-1" } };
    docker.answers = { "GET /volumes/v-0": {}, "GET /volumes/v-1": {} };
    expect(await volumeFiles.read!("id", props)).toEqual({ id: "id", props });
    docker.answers = { "GET /volumes/v-0": {} };
    expect(await volumeFiles.read!("id", props)).toEqual({ id: "" });
    docker.answers = { "GET /volumes/v-0": apiError(500, "disk failure"), "GET /volumes/v-1": {} };
    await expect(volumeFiles.read!("id", props)).rejects.toThrow("disk failure");
  });

  test("are deleted with their volumes, of which some may be gone", async () => {
    const state = { ...inputs(), volumes: { "/etc/web": "v-0", "/run": "v-1" } };
    docker.answers = { "DELETE /volumes/v-1": new Answer(204) };
    await volumeFiles.delete!("id", state);
    expect(changes()).toEqual(["DELETE /volumes/v-0", "DELETE /volumes/v-1"]);
    docker.answers = { "DELETE /volumes/v-0": apiError(409, "volume is in use") };
    await expect(volumeFiles.delete!("id", state)).rejects.toThrow("volume is in use");
  });
});
