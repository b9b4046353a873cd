import type Docker from "dockerode";
import { converge, NotConverged } from "../../../engine/docker/convergence.ts";

const current = { Image: "web@sha256:1" };
const task = (state: string, options: { error?: string; desired?: string; image?: string } = {}) => ({
  CreatedAt: "2026-01-01T00:00:00Z",
  DesiredState: options.desired ?? "running",
  NodeID: "node-1",
  Spec: { ContainerSpec: { Image: options.image ?? current.Image } },
  Status: { State: state, Err: options.error, ContainerStatus: options.error && { ContainerID: "1", ExitCode: 2 } },
});

interface State {
  update?: string;
  tasks: object[];
}

/** Docker with a service that goes through the given states and stays in the last one. */
function docker(states: State[]): Docker {
  const log = Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 6]), Buffer.from("panic\n")]);
  const state = () => states[0]!;
  return {
    getService: () => ({
      inspect: async () => ({ UpdateStatus: { State: state().update ?? "" }, Spec: { TaskTemplate: { ContainerSpec: current } } }),
    }),
    listTasks: async () => (states.length > 1 ? states.shift()! : state()).tasks,
    getContainer: () => ({ logs: async () => log }),
  } as unknown as Docker;
}

interface Options {
  isNew?: boolean;
  timeout?: string;
  signal?: AbortSignal;
  progress?: (what: string) => void;
}

function run(states: State[], options: Options = {}): Promise<void> {
  const { isNew = false, timeout = "3s", signal = new AbortController().signal, progress = () => {} } = options;
  const inputs = { name: "web", mode: { replicated: { replicas: 2 } }, convergeConfig: { timeout } };
  return converge(docker(states), "id", inputs, isNew, { signal, progress });
}

const exit = task("failed", { error: "task: non-zero exit (2)", desired: "shutdown" });

test("a service has converged once all tasks run the current version and the others have stopped", async () => {
  const reported: string[] = [];
  const states = [
    { update: "updating", tasks: [task("running"), task("running", { image: "web@sha256:0" })] },
    { update: "completed", tasks: [task("running"), task("running"), task("running", { desired: "shutdown" })] },
    { update: "completed", tasks: [task("running"), task("running"), task("shutdown", { desired: "shutdown" })] },
  ];
  await run(states, { progress: (what) => reported.push(what) });
  expect(reported).toEqual(["2 tasks (1 running)", "2 tasks (2 running)"]);
});

test.each([
  ["rollback_completed", "the new version failed, and Swarm rolled back to the previous one"],
  ["rollback_paused", "the new version failed, and so did the rollback to the previous one"],
  ["paused", "the new version failed, and Swarm paused the update"],
])("%s is reported with the last task's error", async (update, message) => {
  await expect(run([{ update, tasks: [exit] }])).rejects.toThrow(
    new NotConverged("id", `web: ${message}. task: non-zero exit (2). Last log lines:\npanic`),
  );
});

test("a new service whose tasks keep failing is not awaited until the timeout", async () => {
  await expect(run([{ tasks: [exit, exit, exit] }], { isNew: true })).rejects.toThrow(
    "web: its tasks keep failing. task: non-zero exit (2). Last log lines:\npanic",
  );
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
