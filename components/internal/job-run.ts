import timers from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../../lib/docker-client.ts";
import { linesOf } from "../../lib/docker-logs.ts";
import { DynamicResource } from "./dynamic-resource.ts";

// Serialised into the state: default imports only (except types), and as little code as possible. See registry-push.ts.

export interface JobRunArgs {
  /** Endpoint of the Docker host, such as `ssh://deploy@host`. @default - the one that the `docker` command uses. */
  engine?: pulumi.Input<string | undefined>;
  /** Name of the job, for messages. */
  job: string;
  /** Whether `target` is a container, which is started here, or a Swarm service, which Swarm starts. */
  kind: "container" | "service";
  /** Id of the container or service. */
  target: pulumi.Input<string>;
  /** Changes when the job must run again. A container is new then. @default - none. */
  definition?: pulumi.Input<string | undefined>;
  retries: number;
  timeoutSeconds: number;
}

type Inputs = pulumi.Unwrap<JobRunArgs>;

/** The successful run of a job. It exists once the program has exited with 0. If it failed, the next update runs it again. */
export class JobRun extends DynamicResource<Inputs> {
  constructor(name: string, args: JobRunArgs, opts?: pulumi.CustomResourceOptions) {
    super("JobRun", provider, name, { ...args }, opts);
  }
}

export const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async create(inputs) {
    const deadline = Date.now() + inputs.timeoutSeconds * 1000;
    await (inputs.kind === "container" ? runContainer(inputs, deadline) : awaitTask(inputs, deadline));
    return { id: inputs.target, outs: inputs };
  },
  async diff(_id, olds, news) {
    const replaces = (["target", "definition"] as const).filter((key) => olds[key] !== news[key]);
    const changes = (["engine", "job", "kind", "retries", "timeoutSeconds"] as const).some((key) => olds[key] !== news[key]);
    return { changes: changes || replaces.length > 0, replaces };
  },
  async update(_id, _olds, news) {
    return { outs: news };
  },
};

/** An interrupted run is waited for, and one that succeeded is not repeated. */
async function runContainer({ engine, job, target, retries, timeoutSeconds }: Inputs, deadline: number): Promise<void> {
  const container = dockerClient(engine).getContainer(target);
  const { Status, ExitCode } = (await container.inspect()).State;
  if (Status === "exited" && ExitCode === 0) return;
  if (Status !== "running") await container.start();
  for (let failures = 0; ; failures++) {
    const timeout = timers.setTimeout(Math.max(0, deadline - Date.now()), undefined, { ref: false });
    const ended = await Promise.race([container.wait() as Promise<{ StatusCode: number }>, timeout]);
    if (ended?.StatusCode === 0) return;
    const problem = ended ? `exited with code ${ended.StatusCode}` : `did not end within ${timeoutSeconds} s`;
    if (ended && failures < retries) {
      await new Promise((wake) => setTimeout(wake, Math.min(1000 * 2 ** failures, 30_000)));
      await container.start();
      continue;
    }
    if (!ended) await container.stop({ t: 1 });
    throw failure(job, problem, await container.logs({ stdout: true, stderr: true, tail: 10 }));
  }
}

/** Swarm starts the tasks, and starts failed ones again. */
async function awaitTask({ engine, job, target, retries, timeoutSeconds }: Inputs, deadline: number): Promise<void> {
  const docker = dockerClient(engine);
  const service = docker.getService(target);
  for (let isFirst = true; ; isFirst = false) {
    const { Spec, Version } = await service.inspect();
    const current = JSON.stringify([Spec.TaskTemplate.ContainerSpec, Spec.TaskTemplate.ForceUpdate ?? 0]);
    const tasks: Task[] = await docker.listTasks({ filters: { service: [target] } });
    tasks.sort((a, b) => Date.parse(b.CreatedAt) - Date.parse(a.CreatedAt));
    const isCurrent = ({ Spec: s }: Task) => JSON.stringify([s.ContainerSpec, s.ForceUpdate ?? 0]) === current;
    const newest = tasks[0] && isCurrent(tasks[0]) ? tasks[0] : undefined;
    if (newest?.Status.State === "complete") return;
    const logs = () =>
      newest ? (docker.getTask(newest.ID) as unknown as WithLogs).logs({ stdout: true, stderr: true, tail: 10 }) : Buffer.alloc(0);
    const failed = tasks.filter((task) => isCurrent(task) && ["failed", "rejected"].includes(task.Status.State));
    const isOver = newest !== undefined && failed.includes(newest) && failed.length > retries;
    if (isOver && isFirst) {
      // An earlier run failed.
      const again = { ...Spec, TaskTemplate: { ...Spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate.ForceUpdate ?? 0) + 1 } };
      // Otherwise dockerode also puts the body into the URL, which proxies may log: its variables may be secret.
      await service.update({ _query: { version: Version.Index }, _body: again });
    } else if (isOver) throw failure(job, String(newest.Status.Err || newest.Status.Message), await logs());
    if (Date.now() > deadline) throw failure(job, `did not end within ${timeoutSeconds} s`, await logs());
    await new Promise((wake) => setTimeout(wake, 300));
  }
}

/** The types of dockerode lack the logs of tasks. */
interface WithLogs {
  logs(options: object): Promise<Buffer>;
}

interface Task {
  ID: string;
  CreatedAt: string;
  Spec: { ContainerSpec: object; ForceUpdate?: number };
  Status: { State: string; Err?: string; Message?: string };
}

function failure(job: string, problem: string, logs: Buffer): Error {
  return new Error(`the job ${job} failed: ${problem}. Last log lines:\n${linesOf(logs).join("\n") || "(none)"}`);
}
