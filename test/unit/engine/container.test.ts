import { Readable } from "node:stream";
import type Docker from "dockerode";
import { container } from "../../../engine/docker/container.ts";

interface State {
  Running: boolean;
  ExitCode: number;
  Health?: { Status: string; Log?: { Output: string }[] };
}

const log = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 6]), Buffer.from("panic\n")]);
const starting: State = { Running: true, ExitCode: 0, Health: { Status: "starting", Log: [{ Output: "HTTP 404\n" }] } };
const healthy: State = { Running: true, ExitCode: 0, Health: { Status: "healthy" } };

const requestedLogs: object[] = [];
let ends: { seconds: number; exitCode: number }[] = [];
beforeEach(() => {
  requestedLogs.length = 0;
  ends = [];
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
    logs: async (options: object) => {
      requestedLogs.push(options);
      return log;
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
      return Readable.from([Buffer.from(text.join("\n"))]);
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
  await expect(create([starting, exited])).rejects.toThrow("web-1 exited with code 2. Last log lines:\npanic");
});

test("a container that runs again is reported with the exit code and the log of its last complete run", async () => {
  ends = [
    { seconds: 101, exitCode: 1 },
    { seconds: 103, exitCode: 2 },
  ];
  await expect(create([starting], { restarts: 2 })).rejects.toThrow(
    "web-1 exited with code 2, restarted 2 times (HTTP 404). Last log lines:\npanic",
  );
  expect(requestedLogs).toEqual([{ stdout: true, stderr: true, tail: 10, since: 101, until: 103.1 }]);
});

test("the timeout is reported with the output of the health check and the log", async () => {
  await expect(create([starting], { timeout: 0.2 })).rejects.toThrow("web-1 is not healthy after 0.2 s (HTTP 404). Last log lines:\npanic");
});

test("after the run has failed, an unhealthy container is not awaited, and a healthy one is accepted", async () => {
  const signal = AbortSignal.abort(new Error("stopped waiting, because the run failed."));
  await expect(create([starting], { signal })).rejects.toThrow("stopped waiting, because the run failed.");
  expect(await create([healthy], { signal })).toEqual(["image web"]);
});
