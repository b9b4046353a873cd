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

/** Creates a container that is in one state after another, and stays in the last. */
function create(states: State[], { restarts = 0, timeout = 30, signal = new AbortController().signal } = {}): Promise<string[]> {
  const reported: string[] = [];
  const created = {
    id: "1",
    start: async () => {},
    inspect: async () => ({ State: states.length > 1 ? states.shift() : states[0], RestartCount: restarts }),
    logs: async () => log,
  };
  const docker = { getImage: () => ({ inspect: async () => ({}) }), createContainer: async () => created } as unknown as Docker;
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
  await expect(create([starting], { restarts: 1 })).rejects.toThrow("web-1 exited with code 0, restarted once (HTTP 404). Last log lines:");
});

test("the timeout is reported with the output of the health check and the log", async () => {
  await expect(create([starting], { timeout: 0.2 })).rejects.toThrow("web-1 is not healthy after 0.2 s (HTTP 404). Last log lines:\npanic");
});

test("nothing waits in a run that has failed, but a container that is healthy counts", async () => {
  const signal = AbortSignal.abort(new Error("stopped waiting, because the run failed."));
  await expect(create([starting], { signal })).rejects.toThrow("stopped waiting, because the run failed.");
  expect(await create([healthy], { signal })).toEqual(["image web"]);
});
