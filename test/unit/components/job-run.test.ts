import { provider as jobRun } from "../../../components/internal/job-run.ts";
import { Answer, HttpApi } from "../http-api.ts";

// The API is a fake one, which proves what is asked and how answers are understood. The integration tests run jobs on Docker and Swarm.

let docker: HttpApi;
beforeEach(async () => {
  docker = await new HttpApi().open();
});
afterEach(() => docker.close());

const changes = () => docker.changes.map(({ call }) => call);
const log = (text: string) => {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(text.length, 4);
  return new Answer(200, Buffer.concat([header, Buffer.from(text)]));
};

describe("the run of a container", () => {
  const inputs = (more: object = {}) => ({
    engine: docker.host,
    job: "migrate",
    kind: "container" as const,
    target: "c1",
    retries: 0,
    timeoutSeconds: 5,
    ...more,
  });
  const answers = (state: object, ...codes: number[]) => ({
    "GET /containers/c1/json": { State: state },
    "POST /containers/c1/start": {},
    "POST /containers/c1/stop": {},
    "POST /containers/c1/wait": () => ({ StatusCode: codes.shift() }),
    "GET /containers/c1/logs": log("column exists\n"),
  });

  test("starts a new container, and ends when it has exited with 0", async () => {
    docker.answers = answers({ Status: "created", ExitCode: 0 }, 0);
    expect(await jobRun.create(inputs())).toEqual({ id: "c1", outs: inputs() });
    expect(changes()).toEqual(["POST /containers/c1/start", "POST /containers/c1/wait"]);
  });

  test.each([
    ["that runs after an interruption is waited for", { Status: "running", ExitCode: 0 }, ["POST /containers/c1/wait"]],
    ["that has succeeded is not started again", { Status: "exited", ExitCode: 0 }, []],
    ["that failed before is started again", { Status: "exited", ExitCode: 3 }, ["POST /containers/c1/start", "POST /containers/c1/wait"]],
  ])("of one %s", async (_what, state, expected) => {
    docker.answers = answers(state, 0);
    await jobRun.create(inputs());
    expect(changes()).toEqual(expected);
  });

  test("that fails is started again as often as wanted, and then reported with its last log lines", async () => {
    docker.answers = answers({ Status: "created", ExitCode: 0 }, 3, 4);
    await expect(jobRun.create(inputs({ retries: 1 }))).rejects.toThrow(
      "the job migrate failed: exited with code 4. Last log lines:\ncolumn exists",
    );
    expect(changes().filter((call) => call.endsWith("start")).length).toBe(2);
  });

  test("that takes too long is stopped", async () => {
    docker.answers = { ...answers({ Status: "created", ExitCode: 0 }), "POST /containers/c1/wait": () => new Promise(() => {}) };
    await expect(jobRun.create(inputs({ timeoutSeconds: 0.1 }))).rejects.toThrow(
      "the job migrate failed: did not end within 0.1 s. Last log lines:\ncolumn exists",
    );
    expect(changes().at(-1)).toBe("POST /containers/c1/stop");
  });

  test("repeats if the container or the definition changes, and not if only its limits do", async () => {
    const diff = (more: object) => jobRun.diff!("c1", inputs(), inputs(more));
    expect(await diff({})).toEqual({ changes: false, replaces: [] });
    expect(await diff({ target: "c2" })).toEqual({ changes: true, replaces: ["target"] });
    expect(await diff({ definition: "other" })).toEqual({ changes: true, replaces: ["definition"] });
    expect(await diff({ retries: 3 })).toEqual({ changes: true, replaces: [] });
    expect(await jobRun.update!("c1", inputs(), inputs({ retries: 3 }))).toEqual({ outs: inputs({ retries: 3 }) });
  });
});

describe("the run of a Swarm service", () => {
  const inputs = (more: object = {}) => ({
    engine: docker.host,
    job: "migrate",
    kind: "service" as const,
    target: "s1",
    definition: "d1",
    retries: 0,
    timeoutSeconds: 5,
    ...more,
  });
  const spec = (ForceUpdate?: number) => ({ ContainerSpec: { Image: "migrate" }, ...(ForceUpdate && { ForceUpdate }) });
  const task = (ID: string, second: number, State: string, Spec: object = spec(), Err = "") => ({
    ID,
    CreatedAt: `2026-01-01T00:00:0${second}Z`,
    Spec,
    Status: { State, Err },
  });
  let service: { Spec: { Name: string; TaskTemplate: object }; Version: { Index: number } };
  const serve = (tasks: (at: number) => object[]) => {
    let asked = 0;
    service = { Spec: { Name: "migrate", TaskTemplate: spec() }, Version: { Index: 7 } };
    docker.answers = {
      "GET /services/s1": () => service,
      "POST /services/s1/update": ({ body }: { body: (typeof service)["Spec"] }) => {
        service = { ...service, Spec: body };
        return {};
      },
      "GET /tasks": () => tasks(asked++),
      "GET /tasks/t1/logs": log("column exists\n"),
      "GET /tasks/t2/logs": log("still exists\n"),
    };
  };

  test("ends when its newest task is complete, which has the current definition", async () => {
    const old = task("t0", 0, "complete", { ContainerSpec: { Image: "other" } });
    serve((at) => (at === 0 ? [old] : at === 1 ? [old, task("t1", 1, "running")] : [task("t1", 1, "complete"), old]));
    await jobRun.create(inputs());
    expect(docker.requests.filter(({ call }) => call === "GET /tasks").length).toBe(3);
    expect(changes()).toEqual([]);
  });

  test("fails with the error of its last task once Swarm does not start it again", async () => {
    const error = "task: non-zero exit (3)";
    serve((at) => [
      task("t1", 1, at < 1 ? "running" : "failed", spec(), error),
      ...(at < 2 ? [] : [task("t2", 2, "failed", spec(), error)]),
    ]);
    await expect(jobRun.create(inputs({ retries: 1 }))).rejects.toThrow(`the job migrate failed: ${error}. Last log lines:\nstill exists`);
  });

  test("starts again if an earlier run failed", async () => {
    serve((at) => (at === 0 ? [task("t1", 1, "failed")] : [task("t1", 1, "failed"), task("t2", 2, "complete", spec(1))]));
    await jobRun.create(inputs());
    expect(docker.changes.map(({ call, query, body }) => [call, query, body])).toEqual([
      ["POST /services/s1/update", { version: "7" }, { Name: "migrate", TaskTemplate: spec(1) }],
    ]);
  });

  test("that no node takes fails after its timeout", async () => {
    serve(() => []);
    await expect(jobRun.create(inputs({ timeoutSeconds: 0.1 }))).rejects.toThrow(
      "the job migrate failed: did not end within 0.1 s. Last log lines:\n(none)",
    );
  });
});
