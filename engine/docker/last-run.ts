import type Docker from "dockerode";
import { formatExit } from "../../lib/format-exit.ts";
import { linesOf } from "../../lib/docker-logs.ts";

/** Docker waits at least this long, in seconds, before it restarts a container: its next run logs nothing earlier. */
const restartDelay = 0.1; // https://docs.docker.com/engine/containers/start-containers-automatically/

/** Docker takes the last lines before it looks at the period: those of a run that has started meanwhile must not displace all others. */
const searchedLines = 500;

/**
 * How the last run of a container ended, and the last lines that it logged. If Docker has restarted the container, its state has the exit
 * code of neither run, and its log has the lines of both. Docker's events tell them apart.
 */
export async function lastRun(docker: Docker, { Id, Created, State, RestartCount }: Docker.ContainerInspectInfo, lines: number) {
  const ends = await endsOf(docker, Id, Created);
  const last = ends.at(-1);
  const logs = async (period: { since?: number; until?: number }) =>
    linesOf(await docker.getContainer(Id).logs({ stdout: true, stderr: true, tail: searchedLines, ...period })).slice(-lines);
  const ofLastRun = last ? await logs({ since: ends.at(-2)?.seconds ?? 0, until: last.seconds + restartDelay }) : [];
  return {
    exit: formatExit(last?.exitCode ?? State.ExitCode, RestartCount),
    log: ofLastRun.length > 0 ? ofLastRun : await logs({}),
  };
}

/** When the runs of a container ended, in seconds since 1970, and with which exit code. */
async function endsOf(docker: Docker, id: string, created: string) {
  const { SystemTime } = (await docker.info()) as { SystemTime: string };
  const [since, until] = [created, SystemTime].map((time) => (Date.parse(time) / 1000).toFixed(3));
  const query: object = { since, until, filters: { container: [id], event: ["die"] } };
  const events = (await docker.getEvents(query)) as AsyncIterable<Buffer>;
  const chunks: Buffer[] = [];
  for await (const chunk of events) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString().trim();
  return text === "" ? [] : text.split("\n").map((line) => toEnd(JSON.parse(line) as DieEvent));
}

interface DieEvent {
  timeNano: number;
  Actor: { Attributes: { exitCode: string } };
}

const toEnd = ({ timeNano, Actor }: DieEvent) => ({ seconds: timeNano / 1e9, exitCode: Number(Actor.Attributes.exitCode) });
