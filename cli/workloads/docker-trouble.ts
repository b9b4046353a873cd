import type Docker from "dockerode";
import { lastFailure, linesOf } from "../../engine/docker/convergence.ts";
import type { Properties } from "../../engine/docker/kind.ts";

/** Why a version of a service does not come up. */
export interface Trouble {
  /** The container or task, and what serves on beside it. */
  where: string;
  image: string;
  /** What is wrong, and what there is to say beyond it. */
  reason: string[];
  log: string[];
  /** What mends it most often. */
  likely: string;
}

const logLines = 8;

const likely = {
  image: "The image is not in the registry, or the engine may not pull it. Look for the digest, and at the registry's credentials.",
  start: "The container cannot be started. Is the entrypoint there, for this platform, and executable?",
  ends: "The program ends by itself. Its last lines say why; often a setting is missing.",
  memory: "The program takes more memory than its limit. Raise resources.memory, or find what takes it.",
  probe: "The probe does not get its answer. Does the program listen on `port`, and answer 200 at the path of probes.readiness?",
  room: "No node has room for the task, or may take it. Lower resources, look at nodeSelector and the constraints of swarm, or add nodes.",
  unknown: "See what the engine says of it above.",
};

/** The containers of a stack, by service. */
export async function containersOf(docker: Docker, labels: Record<string, string>): Promise<Map<string, Docker.ContainerInspectInfo[]>> {
  const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const all = await docker.listContainers({ all: true, filters: { label: [...label, "dev.slipway.service"] } });
  const inspected = await Promise.all(all.map(({ Id }) => docker.getContainer(Id).inspect()));
  return Map.groupBy(
    inspected.sort((a, b) => Date.parse(b.Created) - Date.parse(a.Created)),
    ({ Config }) => String(Config.Labels["dev.slipway.service"]),
  );
}

/** What is wrong with the newest of a service's containers that does not come up; undefined where all do. */
export async function troubleWithContainers(docker: Docker, all: Docker.ContainerInspectInfo[]): Promise<Trouble | undefined> {
  // One that was handed over from, and is yet to be removed, is not to start again.
  const wanted = all.filter(({ HostConfig }) => HostConfig.RestartPolicy?.Name !== "no");
  const failed = wanted.find((container) => !serves(container));
  if (!failed) return undefined;
  const { State, RestartCount, Config, Name } = failed;
  // Of its last run alone, where that said something; the next may have begun by now.
  const told = (of: { since?: number; until?: number }) =>
    docker.getContainer(failed.Id).logs({ stdout: true, stderr: true, tail: logLines, ...of });
  const [since, until] = [State.StartedAt, State.FinishedAt].map((time) => Math.max(0, Date.parse(time) / 1000)) as [number, number];
  const ofLastRun = linesOf(await told({ since, ...(until > since && { until }) }));
  const old = wanted.filter((container) => serves(container) && container.Created < failed.Created).length;
  const again = RestartCount > 0 ? `, and was started anew ${RestartCount === 1 ? "once" : `${RestartCount} times`}` : "";
  const ended = !State.Running || RestartCount > 0;
  const said = State.Health?.Log?.at(-1)?.Output?.trim();
  const [reason, mends] = State.OOMKilled
    ? [["it was ended for want of memory"], likely.memory]
    : State.Status === "created"
      ? [["it was not started", ...(State.Error ? [State.Error] : [])], likely.start]
      : ended
        ? [[`it ended with exit code ${State.ExitCode}${again}`], likely.ends]
        : [["it is not healthy", ...(said ? [said] : [])], likely.probe];
  return {
    where: `container ${Name.slice(1)}; ${serveOn(old)}`,
    image: Config.Image,
    reason,
    log: ofLastRun.length > 0 ? ofLastRun : linesOf(await told({})),
    likely: mends,
  };
}

function serves({ State }: Docker.ContainerInspectInfo): boolean {
  return State.Running && !State.Restarting && State.Health?.Status === "healthy";
}

/** The same of a service of Swarm, of which Swarm itself may have gone back to the version before. */
export async function troubleWithService(docker: Docker, { ID, Spec, UpdateStatus }: Properties): Promise<Trouble | undefined> {
  const tasks: Properties[] = await docker.listTasks({ filters: { service: [ID] } });
  const state: string = UpdateStatus?.State ?? "";
  const wentBack = state.startsWith("rollback_");
  const running = tasks.filter((t) => t.DesiredState === "running" && t.Status.State === "running").length;
  const wanted = Spec.Mode.Replicated?.Replicas ?? 1;
  if (!wentBack && state !== "paused" && running >= wanted) return undefined;
  const { said, log, exitCode, image } = await lastFailure(docker, tasks, logLines);
  return {
    where: `service ${Spec.Name}; ${serveOn(running)}`,
    image: image ?? imageOf(Spec),
    reason: [wentBack ? "Swarm went back to the version before" : `${running} of ${wanted} tasks run`, ...(said ? [said] : [])],
    log,
    likely: /image|pull/i.test(said)
      ? likely.image
      : /unhealthy/.test(said)
        ? likely.probe
        : /no suitable node|insufficient/.test(said)
          ? likely.room
          : /starting container failed|OCI runtime/.test(said)
            ? likely.start
            : exitCode === 137
              ? likely.memory
              : /exit/.test(said)
                ? likely.ends
                : likely.unknown,
  };
}

export function imageOf({ TaskTemplate }: Properties): string {
  return TaskTemplate.ContainerSpec.Image;
}

function serveOn(old: number): string {
  return old === 0 ? "none of the version before serves" : `${old} of the version before ${old === 1 ? "serves" : "serve"} on`;
}
