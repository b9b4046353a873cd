import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { ActionRunner } from "../../../../cli/dashboard/actions/runner.ts";
import { DashboardServer } from "../../../../cli/dashboard/http/server.ts";
import { EventStream } from "../../../../cli/dashboard/http/stream.ts";
import { LogBuffer } from "../../../../cli/dashboard/live/log-buffer.ts";
import { TelemetryStore } from "../../../../cli/dashboard/otlp/store.ts";
import type { Service } from "../../../../cli/dashboard/page/model.ts";

// The real server and stores, without a stack.

const web = { name: "web", actions: ["restart"] } as unknown as Service;
const stream = new EventStream();
const logs = new LogBuffer();
const telemetry = new TelemetryStore(
  () => {},
  () => {},
);
const server = (readOnly: boolean) => {
  const actions = new ActionRunner("local", readOnly, () => {});
  return new DashboardServer({
    stream,
    firstEvents: () => [["state", { stack: "local" }]],
    linesAfter: (number, max) => logs.after(number, max),
    spans: (id) => telemetry.spans(id),
    start: (action) => actions.start(action, [web]),
    ingest: (signal, type, body) => telemetry.ingest(signal, type, body),
  });
};
const dashboard = server(true);
let port: number;
let token: string;

beforeAll(async () => ({ port, token } = await dashboard.listen(0)));
afterAll(async () => {
  stream.close();
  await dashboard.close();
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string; to?: number } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body, to = port } = options;
  return new Promise((done, failed) => {
    const outgoing = request({ host: "127.0.0.1", port: to, path, method, headers, agent: false }, (response) => {
      let text = "";
      response
        .on("data", (part) => (text += part))
        .on("end", () => done({ status: response.statusCode!, headers: response.headers, body: text }));
      // A stream of events has no end.
      if (response.headers["content-type"] === "text/event-stream")
        response.once("data", () => response.destroy()).on("close", () => done({ status: 200, headers: response.headers, body: text }));
      response.on("error", () => {});
    });
    outgoing.on("error", failed).end(body);
  });
}
const withToken = () => ({ authorization: `Bearer ${token}` });
const otlp = (body: Buffer | string, headers: Record<string, string> = {}) =>
  ask("/v1/traces", { method: "POST", headers: { "content-type": "application/json", ...headers }, body });

test("the page and its modules are served with a strict policy, and name nothing outside", async () => {
  const { status, headers, body } = await ask("/");
  expect(status).toBe(200);
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; script-src 'self' 'sha256-[\w+/=]+' 'sha256-[\w+/=]+'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(body).not.toMatch(/https?:/);
  const [, map] = /<script type="importmap">(.*)<\/script>/.exec(body)!;
  const modules = [
    ...Object.values((JSON.parse(map!) as { imports: Record<string, string> }).imports),
    /src="(\/page\/main\.[jt]s)"/.exec(body)![1]!,
  ];
  for (const path of modules)
    expect(await ask(path)).toMatchObject({ status: 200, headers: { "content-type": "text/javascript; charset=utf-8" } });
  expect((await ask("/page/style.css")).headers["content-type"]).toBe("text/css; charset=utf-8");
});

test("paths outside the page are not served", async () => {
  for (const path of ["/page/../run.ts", "/page/%2e%2e/run.ts", "//etc/passwd", "/page/tsconfig.json", "/.git/config"])
    expect((await ask(path, { headers: withToken() })).status).toBe(404);
});

test.each(["/api/stream", "/api/logs?after=0", `/api/traces/${"0".repeat(32)}`, "/anything"])("%s needs the token", async (path) => {
  expect((await ask(path)).status).toBe(401);
  expect((await ask(path, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
});

test("with the token, the stream begins with the state", async () => {
  const { body } = await ask("/api/stream", { headers: withToken() });
  expect(body).toBe('event: state\ndata: {"stack":"local"}\n\n');
});

test("a foreign host or origin is rejected everywhere, even with the token", async () => {
  for (const path of ["/", "/api/logs?after=0", "/v1/traces"]) {
    expect((await ask(path, { headers: { ...withToken(), host: `evil.example:${port}` } })).status).toBe(403);
    expect((await ask(path, { headers: { ...withToken(), origin: "https://evil.example" } })).status).toBe(403);
  }
});

test("the server listens on the loopback interface only", async () => {
  const addresses = (dashboard as unknown as { server: { address(): { address: string } } }).server.address();
  expect(addresses.address).toBe("127.0.0.1");
});

test("log lines after a number are answered", async () => {
  for (const text of ["a", "b"]) logs.add({ time: "2026-11-28T10:00:00.000Z", service: "web", from: "web-1", text });
  const { body } = await ask("/api/logs?after=1", { headers: withToken() });
  expect(JSON.parse(body)).toEqual({ lines: [expect.objectContaining({ number: 2, text: "b" })] });
});

test("with --read-only, actions are rejected", async () => {
  const body = JSON.stringify({ kind: "restart", service: "web" });
  const answer = await ask("/api/actions", { method: "POST", headers: withToken(), body });
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    403,
    { message: "The dashboard was started with --read-only, so it changes nothing." },
  ]);
});

test.each([
  ["no JSON", "{", 400, /no JSON/],
  ["another kind", '{"kind":"down","service":"web"}', 400, /The action is invalid/],
  ["arguments for the shell", '{"kind":"restart","service":"web; rm -rf /"}', 400, /is not possible now/],
  ["an option in place of a service", '{"kind":"restart","service":"--help"}', 400, /is not possible now/],
  ["an action that the service does not have", '{"kind":"rollback","service":"web"}', 400, /rollback is not possible now/],
  ["replicas that are no number", '{"kind":"scale","service":"web","replicas":"3"}', 400, /The action is invalid/],
  ["a large body", `{"kind":"${"x".repeat(5000)}"}`, 413, /more than 4096 bytes/],
])("an action with %s is not run", async (_, body, status, message) => {
  const writable = server(false);
  const listening = await writable.listen(0);
  const headers = { authorization: `Bearer ${listening.token}` };
  const answer = await ask("/api/actions", { method: "POST", headers, body, to: listening.port });
  await writable.close();
  expect([answer.status, (JSON.parse(answer.body) as { message: string }).message]).toEqual([status, expect.stringMatching(message)]);
});

test("a port in use is one sentence with a remedy", async () => {
  await expect(server(true).listen(port)).rejects.toThrow(
    `--port: ${port} is in use, perhaps by another dashboard. Choose another port, or 0 for any free one.`,
  );
});

test("OTLP needs no token, is unpacked, and is answered in its format", async () => {
  expect(await otlp("{}")).toMatchObject({ status: 200, body: "{}", headers: { "content-type": "application/json" } });
  expect((await otlp(gzipSync("{}"), { "content-encoding": "gzip" })).status).toBe(200);
  expect(await otlp("", { "content-type": "application/x-protobuf" })).toMatchObject({
    status: 200,
    body: "",
    headers: { "content-type": "application/x-protobuf" },
  });
});

test.each([
  ["from a web page", "{}", { origin: "http://127.0.0.1" }, 403],
  ["in another format", "{}", { "content-type": "text/plain" }, 415],
  ["packed in another way", "{}", { "content-encoding": "br" }, 415],
  ["that is no gzip", "{}", { "content-encoding": "gzip" }, 400],
  ["that is too large", Buffer.alloc(4 * 2 ** 20 + 1), {}, 413],
  ["that is too large after unpacking", gzipSync(Buffer.alloc(100 * 2 ** 20)), { "content-encoding": "gzip" }, 413],
])("OTLP %s is rejected", async (_, body, headers, status) => {
  expect((await otlp(body, headers as Record<string, string>)).status).toBe(status);
});

test("while eight requests of exporters are read, a ninth is asked to come back", async () => {
  const headers = { "content-type": "application/json", "content-length": "2" };
  const slow = Array.from({ length: 8 }, () =>
    request({ host: "127.0.0.1", port, path: "/v1/traces", method: "POST", headers, agent: false }),
  );
  const ended = slow.map((one) => new Promise<number>((done) => one.on("response", (response) => done(response.resume().statusCode!))));
  for (const one of slow) one.write("{");
  await new Promise((done) => setTimeout(done, 200));
  expect(await otlp("{}")).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
  for (const one of slow) one.end("}");
  expect(await Promise.all(ended)).toEqual(Array.from({ length: 8 }, () => 200));
  expect((await otlp("{}")).status).toBe(200);
});

test("other paths and methods of OTLP are rejected", async () => {
  expect((await ask("/v1/profiles", { method: "POST" })).status).toBe(404);
  expect((await ask("/v1/traces")).status).toBe(405);
});
