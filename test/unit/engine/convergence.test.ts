import type Docker from "dockerode";
import { converge, lastFailure, NotConverged } from "../../../engine/docker/convergence.ts";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] }).setTimerTickMode("nextTimerAsync"));
afterEach(() => vi.useRealTimers());

const current = { Image: "web@sha256:1" };
const task = (state: string, options: { error?: string; desired?: string; image?: string; node?: string } = {}) => ({
  CreatedAt: "2026-01-01T00:00:00Z",
  DesiredState: options.desired ?? "running",
  NodeID: options.node ?? "node-1",
  Spec: { ContainerSpec: { Image: options.image ?? current.Image } },
  Status: { State: state, Err: options.error, ContainerStatus: options.error && { ContainerID: "1", ExitCode: 2 } },
});

interface State {
  update?: string;
  tasks: object[];
  /** Milliseconds since the start. */
  at?: number;
}

/** Docker with a service that goes through the given states and stays in the last one. */
function docker(states: State[]): Docker {
  const log = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 13]), Buffer.from("panic\nline 1\n")]);
  const began = Date.now();
  const state = () => states[0]!;
  return {
    getService: () => ({
      inspect: async () => ({
        ...(state().update && { UpdateStatus: { State: state().update } }),
        Spec: { TaskTemplate: { ContainerSpec: current } },
      }),
    }),
    listTasks: async () => {
      const { tasks, at = 0 } = states.length > 1 ? states.shift()! : state();
      vi.setSystemTime(began + at);
      return tasks;
    },
    getContainer: () => ({ logs: async () => log }),
  } as unknown as Docker;
}

interface Options {
  isNew?: boolean;
  timeout?: string;
  mode?: object;
  signal?: AbortSignal;
  progress?: (what: string) => void;
}

function run(states: State[], options: Options = {}): Promise<void> {
  const {
    isNew = false,
    timeout = "2s",
    mode = { replicated: { replicas: 2 } },
    signal = new AbortController().signal,
    progress = () => {},
  } = options;
  return converge(docker(states), "id", { name: "web", mode, convergeConfig: { timeout } }, isNew, { signal, progress });
}

/** What is reported while a service goes through the given states and converges in the last one. */
async function reportedDuring(states: State[], options: Options = {}): Promise<string[]> {
  const reported: string[] = [];
  await run(states, { ...options, progress: (what) => reported.push(what) });
  expect(states).toHaveLength(1);
  return reported;
}

const exit = task("failed", { error: "task: non-zero exit (2)", desired: "shutdown" });

test("a service has converged once all tasks run the current version and the others have stopped", async () => {
  const states = [
    { update: "updating", tasks: [task("running"), task("running", { image: "web@sha256:0" })] },
    { update: "completed", tasks: [task("running"), task("starting")] },
    { update: "completed", tasks: [task("running"), task("running"), task("running", { desired: "shutdown" })] },
    { update: "completed", tasks: [task("running"), task("running"), task("shutdown", { desired: "shutdown" })] },
  ];
  expect(await reportedDuring(states)).toEqual(["2 tasks (1 running)", "2 tasks (1 running)", "2 tasks (2 running)"]);
});

const both = [task("running"), task("running")];

test("an update is awaited until Swarm has completed it", async () => {
  const states = [
    { update: "updating", tasks: both, at: 5000 },
    { update: "completed", tasks: both, at: 5000 },
  ];
  expect(await reportedDuring(states)).toEqual(["2 tasks (2 running)"]);
});

test("an update that Swarm has not started after 1 s changes nothing, and is not awaited", async () => {
  const states = [{ tasks: both }, { tasks: both, at: 1000 }, { tasks: both, at: 1001 }];
  expect(await reportedDuring(states)).toEqual(["2 tasks (2 running)", "2 tasks (2 running)"]);
});

test("a new service has converged at once if its tasks run", async () => {
  expect(await reportedDuring([{ tasks: both }], { isNew: true })).toEqual([]);
});

test("a service without settings has one task", async () => {
  const work = { signal: new AbortController().signal, progress: () => {} };
  for (const mode of [undefined, {}, { global: false }])
    await converge(docker([{ tasks: [task("running")] }]), "id", { name: "web", mode }, true, work);
});

test("a global service needs a task on each node that should run one", async () => {
  const second = (state: string, desired = "running") => task(state, { node: "node-2", desired });
  const drained = task("shutdown", { node: "node-3", desired: "shutdown" });
  const states = [
    { tasks: [] },
    { tasks: [task("running"), second("starting"), drained] },
    { tasks: [task("running"), second("running"), drained] },
  ];
  expect(await reportedDuring(states, { isNew: true, mode: { global: true } })).toEqual(["0 tasks (0 running)", "2 tasks (1 running)"]);
});

test("the progress names a rollback", async () => {
  const states = [
    { update: "rollback_started", tasks: both },
    { update: "rollback_completed", tasks: [exit] },
  ];
  const reported: string[] = [];
  await expect(run(states, { progress: (what) => reported.push(what) })).rejects.toThrow("Swarm rolled back");
  expect(reported).toEqual(["the rollback to the previous version"]);
});

test.each([
  ["rollback_completed", "the new version failed, and Swarm rolled back to the previous one"],
  ["rollback_paused", "the new version failed, and so did the rollback to the previous one"],
  ["paused", "the new version failed, and Swarm paused the update"],
])("%s is reported with the last task's error", async (update, message) => {
  await expect(run([{ update, tasks: [exit] }])).rejects.toThrow(
    new NotConverged("id", `web: ${message}. task: non-zero exit (2). Last log lines:\npanic\nline 1`),
  );
});

test("a new service whose tasks keep failing is not awaited until the timeout", async () => {
  await expect(run([{ tasks: [exit, exit, exit] }], { isNew: true })).rejects.toThrow(
    "web: its tasks keep failing. task: non-zero exit (2). Last log lines:\npanic\nline 1",
  );
});

test("a new service may fail twice, and an update as often as Swarm tries", async () => {
  const starting = [task("starting"), task("starting"), task("preparing")];
  expect(await reportedDuring([{ tasks: starting }, { tasks: [exit, exit] }, { tasks: [...both, exit, exit] }], { isNew: true })).toEqual([
    "2 tasks (0 running)",
    "2 tasks (0 running)",
  ]);
  const rejected = task("rejected", { error: "no such image" });
  await expect(run([{ tasks: [exit, exit, rejected] }], { isNew: true })).rejects.toThrow("web: its tasks keep failing. ");
  const states = [
    { update: "updating", tasks: [exit, exit, exit] },
    { update: "completed", tasks: [...both, exit, exit, exit] },
  ];
  expect(await reportedDuring(states)).toEqual(["2 tasks (0 running)"]);
});

test("the timeout is reported with the number of running tasks", async () => {
  await expect(run([{ tasks: [task("running")] }], { timeout: "300ms" })).rejects.toThrow(
    "web: 1 of 2 tasks are running after 0.3 s. Its tasks report no error.",
  );
});

test("after the run has failed, a service is not awaited, and is recorded as not converged", async () => {
  const signal = AbortSignal.abort(new Error("stopped waiting, because the run failed."));
  const error = await run([{ tasks: [task("running")] }], { signal }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(NotConverged);
  expect((error as NotConverged).message).toBe("web: stopped waiting, because the run failed.");
});

describe("the last failure of a service", () => {
  interface Task {
    state: string;
    created: number;
    error?: string;
    message?: string;
    container?: string;
  }
  const requested: unknown[] = [];
  beforeEach(() => void (requested.length = 0));

  /** The last failure of tasks, of which only the container c1 still has its log. */
  function failureOf(...tasks: Task[]) {
    const api = {
      getContainer: (id: string) => ({
        logs: async (options: object) => {
          requested.push(id, options);
          if (id !== "c1") throw new Error("no such container");
          return Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 6]), Buffer.from("panic\n")]);
        },
      }),
    } as unknown as Docker;
    const found = tasks.map(({ state, created, error, message, container }) => ({
      CreatedAt: `2026-01-01T00:00:0${created}Z`,
      Spec: { ContainerSpec: { Image: `web:${created}` } },
      Status: {
        State: state,
        Err: error,
        Message: message,
        ...(container && { ContainerStatus: { ContainerID: container, ExitCode: 2 } }),
      },
    }));
    return lastFailure(api, found, 5);
  }
  const messageOf = async (...tasks: Task[]) => (await failureOf(...tasks)).message;

  test("is that of the newest task that failed, with its log, exit code and image", async () => {
    const failed = (created: number) => ({ state: "failed", created, error: `exit ${created}`, container: `c${created}` });
    expect(await failureOf({ ...failed(2), container: "c1" }, failed(3), { ...failed(4), container: "c1" }, failed(1))).toEqual({
      message: "exit 4",
      log: ["panic"],
      exitCode: 2,
      image: "web:4",
    });
    expect(requested).toEqual(["c1", { stdout: true, stderr: true, tail: 5 }]);
  });

  test("has no log if its container is on another node", async () => {
    const task = { state: "rejected", created: 1, error: "no such image", container: "c2" };
    expect(await failureOf(task)).toEqual({ message: "no such image", log: [], exitCode: 2, image: "web:1" });
  });

  test("is rather that of a task that has ended than that of a newer one that waits", async () => {
    const ended = { state: "shutdown", created: 1, error: "task: non-zero exit (1)" };
    const stopped = { state: "shutdown", created: 3, message: "shutdown" };
    const waiting = { state: "preparing", created: 2, error: "No such image: web", message: "preparing" };
    expect(await messageOf(stopped, waiting, ended)).toBe("task: non-zero exit (1)");
    expect(await messageOf(stopped, waiting)).toBe("No such image: web");
  });

  test("otherwise is the message of a task that waits", async () => {
    const preparing = { state: "preparing", created: 3, message: "preparing" };
    const silent = { state: "pending", created: 2 };
    expect(await messageOf(preparing, silent, { state: "pending", created: 1, message: "pending task scheduling" })).toBe(
      "pending task scheduling",
    );
    expect(await failureOf(preparing)).toEqual({ message: "", log: [], exitCode: undefined, image: undefined });
  });
});

test("a failure without a log ends with Swarm's message", async () => {
  const rejected = { ...task("rejected"), Status: { State: "rejected", Err: "no suitable node" } };
  await expect(run([{ update: "paused", tasks: [rejected] }])).rejects.toThrow(
    new NotConverged("id", "web: the new version failed, and Swarm paused the update. no suitable node"),
  );
});
