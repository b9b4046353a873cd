import { Readable } from "node:stream";
import type Docker from "dockerode";
import { container, failed } from "../../../engine/docker/container.ts";
import { UserError } from "../../../lib/user-error.ts";

interface State {
  Running: boolean;
  ExitCode: number;
  Health?: { Status: string; Log?: { Output?: string }[] };
}

const logOf = (text: string) => Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
const starting: State = { Running: true, ExitCode: 0, Health: { Status: "starting", Log: [{ Output: "HTTP 404\n" }] } };
const healthy: State = { Running: true, ExitCode: 0, Health: { Status: "healthy" } };

const requestedLogs: object[] = [];
/** What the container has logged since a time, in seconds. */
let log: (since?: number) => string;
let ends: { seconds: number; exitCode: number }[] = [];
beforeEach(() => {
  requestedLogs.length = 0;
  ends = [];
  log = () => "panic\n";
});

/** Creates a container that goes through the given states and stays in the last one. */
function create(states: State[], { restarts = 0, timeout = 3, signal = new AbortController().signal } = {}): Promise<string[]> {
  const reported: string[] = [];
  const created = {
    id: "1",
    start: async () => {},
    inspect: async () => ({
      Id: "1",
      Created: "1970-01-01T00:01:40.5Z",
      State: states.length > 1 ? states.shift() : states[0],
      RestartCount: restarts,
    }),
    logs: async (options: { since?: number }) => {
      requestedLogs.push(options);
      return logOf(log(options.since));
    },
  };
  const docker = {
    getImage: () => ({ inspect: async () => ({}) }),
    createContainer: async () => created,
    getContainer: () => created,
    info: async () => ({ SystemTime: "1970-01-01T00:02:00Z" }),
    getEvents: async (query: object) => {
      expect(query).toEqual({ since: "100.500", until: "120.000", filters: { container: ["1"], event: ["die"] } });
      const text = ends.map(({ seconds, exitCode }) =>
        JSON.stringify({ timeNano: seconds * 1e9, Actor: { Attributes: { exitCode: String(exitCode) } } }),
      );
      return Readable.from([Buffer.from(text.map((line) => `${line}\n`).join(""))]);
    },
  } as unknown as Docker;
  const inputs = { name: "web-1", image: "web", wait: true, waitTimeout: timeout };
  return container.create(docker, inputs, { signal, progress: (what) => reported.push(what) }).then(() => reported);
}

test("a container is awaited until it is healthy, and the progress says so", async () => {
  expect(await create([starting, starting, healthy])).toEqual([
    "image web",
    "the container to become healthy",
    "the container to become healthy",
  ]);
});

test("a container that exits is not awaited until the timeout", async () => {
  const exited = { Running: false, ExitCode: 2 };
  log = () => "panic\nline 1\n";
  await expect(create([starting, exited])).rejects.toThrow(new UserError("web-1 exited with code 2. Last log lines:\npanic\nline 1"));
  expect(requestedLogs).toEqual([{ stdout: true, stderr: true, tail: 500 }]);
});

test("a container that runs again is reported with the exit code and the log of its last complete run", async () => {
  ends = [
    { seconds: 100.6, exitCode: 3 },
    { seconds: 101, exitCode: 1 },
    { seconds: 103, exitCode: 2 },
  ];
  await expect(create([starting], { restarts: 2 })).rejects.toThrow(
    "web-1 exited with code 2, restarted 2 times (HTTP 404). Last log lines:\npanic",
  );
  expect(requestedLogs).toEqual([{ stdout: true, stderr: true, tail: 500, since: 101, until: 103.1 }]);
});

test("a container that has run once is reported with the log until its end", async () => {
  ends = [{ seconds: 101, exitCode: 2 }];
  await expect(create([starting], { restarts: 1 })).rejects.toThrow("web-1 exited with code 2, restarted once (HTTP 404). ");
  expect(requestedLogs).toEqual([{ stdout: true, stderr: true, tail: 500, since: 0, until: 101.1 }]);
});

test("of a long log only the last lines are reported", async () => {
  ends = [{ seconds: 101, exitCode: 2 }];
  log = () => Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join("");
  const error = await create([starting], { restarts: 1 }).then(String, String);
  expect(error.split("\n").slice(1)).toEqual(Array.from({ length: 10 }, (_, i) => `line ${20 + i}`));
});

test("a last run without a log is reported with the log of the earlier ones, or none", async () => {
  ends = [{ seconds: 101, exitCode: 2 }];
  log = (since) => (since === undefined ? "panic\n" : "");
  await expect(create([starting], { restarts: 1 })).rejects.toThrow("(HTTP 404). Last log lines:\npanic");
  log = () => "";
  await expect(create([starting], { restarts: 1 })).rejects.toThrow("(HTTP 404). Last log lines:\n(none)");
});

test.each([
  ["has not run yet", { Status: "starting", Log: [] }],
  ["has no log", { Status: "starting" }],
  ["has no output", { Status: "starting", Log: [{}] }],
])("a container that exits is reported without its health check, if that %s", async (_which, Health) => {
  await expect(create([{ Running: false, ExitCode: 2, Health }])).rejects.toThrow(
    new UserError("web-1 exited with code 2. Last log lines:\npanic"),
  );
});

test("Docker's message is reported with the name of the object, but that Docker does not answer without it", () => {
  const error = (properties: object) => Object.assign(new Error("(HTTP code 500) server error"), properties);
  const report = failed("web-1");
  expect(() => report(error({ statusCode: 500, json: { message: "no space" } }))).toThrow(new UserError("web-1: no space"));
  for (const json of [undefined, null, {}])
    expect(() => report(error({ statusCode: 500, json }))).toThrow(new UserError("web-1: (HTTP code 500) server error"));
  expect(() => report(error({}) as never)).toThrow(new Error("(HTTP code 500) server error"));
});

test("the timeout is reported with the output of the health check and the log", async () => {
  await expect(create([starting], { timeout: 0.2 })).rejects.toThrow("web-1 is not healthy after 0.2 s (HTTP 404). Last log lines:\npanic");
});

test("after the run has failed, an unhealthy container is not awaited, and a healthy one is accepted", async () => {
  const signal = AbortSignal.abort(new Error("stopped waiting, because the run failed."));
  await expect(create([starting], { signal })).rejects.toThrow("stopped waiting, because the run failed.");
  expect(await create([healthy], { signal })).toEqual(["image web"]);
});
