import { once } from "node:events";
import { createInterface } from "node:readline";
import { PassThrough, Readable } from "node:stream";
import type Docker from "dockerode";
import { jobLabel, serviceLabel, stackLabel } from "../../lib/docker-labels.ts";
import { timed, type LogLine, type LogRequest, type Logs } from "./log.ts";

/** A container or Swarm service of a stack, and how its log is read. */
interface Source {
  id: string;
  service: string;
  open: (options: object) => Promise<Readable | Buffer>;
  /** Who has printed a line, and what. */
  parse: (line: string) => Pick<LogLine, "time" | "from" | "text">;
}

/** The logs of the containers of a stack on one Docker host. */
export function containerLogs(docker: Docker, stack: string, prefix: string): Logs {
  const sources = async () =>
    (await docker.listContainers({ all: true, filters: { label: [`${stackLabel}=${stack}`] } })).map(({ Id, Names, Labels }): Source => {
      const name = String(Names[0]).slice(1);
      const from = name.startsWith(`${prefix}-`) ? name.slice(prefix.length + 1) : name;
      return {
        id: Id,
        service: nameIn(Labels),
        open: async (options) => await docker.getContainer(Id).logs(options),
        parse: (line) => ({ ...timed(line), from }),
      };
    });
  const filters = { type: ["container"], event: ["start"], label: [`${stackLabel}=${stack}`] };
  return logsOf(docker, sources, { filters });
}

/** The logs of the services of a stack in a swarm, from all its nodes. */
export function swarmLogs(docker: Docker, stack: string): Logs {
  const sources = async () =>
    (await docker.listServices({ filters: { label: [`${stackLabel}=${stack}`] } })).map(({ ID, Spec }): Source => {
      const service = nameIn(Spec?.Labels ?? {});
      return {
        id: ID,
        service,
        open: async (options) => (await docker.getService(ID).logs({ ...options, details: true })) as unknown as Readable,
        parse: (line) => ofTask(line, service),
      };
    });
  const filters = { type: ["service"], event: ["create"] };
  return logsOf(docker, sources, { filters });
}

function nameIn(labels: Record<string, string>): string {
  return labels[serviceLabel] ?? labels[jobLabel] ?? "";
}

/** With details, Docker puts the labels of the task between the time and the text. */
function ofTask(line: string, service: string): Pick<LogLine, "time" | "from" | "text"> {
  const { time, text } = timed(line);
  const { time: details, text: printed } = timed(text);
  const task = /com\.docker\.swarm\.task\.id=(\w{12})/.exec(details)?.[1];
  return { time, from: task === undefined ? service : `${service}-${task}`, text: printed };
}

/** @param started filters for the events of new containers or services */
function logsOf(docker: Docker, sources: () => Promise<Source[]>, started: object): Logs {
  // The stack's proxy is not a service of the user.
  const named = async () => (await sources()).filter(({ service }) => service !== "");
  return {
    async names() {
      return [...new Set((await named()).map(({ service }) => service))].sort();
    },
    async read(request, emit, signal) {
      const followed = new Set<string>();
      // By source, the time of its last line: a container that starts again keeps its log.
      const last = new Map<string, string>();
      const readOne = async (source: Source) => {
        const after = last.get(source.id);
        const rest = after === undefined ? request : { ...request, lines: undefined, since: new Date(after) };
        const emitNew = (line: LogLine) => {
          if (after !== undefined && line.time <= after) return;
          last.set(source.id, line.time);
          emit(line);
        };
        await read(docker, source, rest, emitNew, signal).finally(() => followed.delete(source.id));
      };
      const readNew = async () => {
        const found = await named();
        const wanted = found.filter(({ id, service }) => !followed.has(id) && (request.service ?? service) === service);
        for (const { id } of wanted) followed.add(id);
        await Promise.all(wanted.map(readOne));
      };
      if (!request.follow) return readNew();
      // Before the first look, so that no container is missed.
      const events = (await docker.getEvents(started)) as unknown as Readable;
      const fail = (error: Error) => process.stderr.write(`warning: a log ends: ${error.message}\n`);
      events.on("data", () => void readNew().catch(fail)).on("error", () => {});
      void readNew().catch(fail);
      if (!signal.aborted) await Promise.race([once(signal, "abort"), once(events, "close")]);
      (events as Readable & { destroy(): void }).destroy();
    },
  };
}

async function read(
  docker: Docker,
  { service, open, parse }: Source,
  { since, lines, follow }: LogRequest,
  emit: (line: LogLine) => void,
  signal: AbortSignal,
): Promise<void> {
  const options = {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow,
    ...(lines !== undefined && { tail: lines }),
    ...(since !== undefined && { since: Math.floor(since.getTime() / 1000) }),
  };
  const answer = await open(options);
  // Without `follow`, the client reads all at once.
  const source = Buffer.isBuffer(answer) ? Readable.from([answer]) : answer;
  const text = new PassThrough();
  docker.modem.demuxStream(source, text, text);
  source
    .on("end", () => text.end())
    .on("close", () => text.end())
    .on("error", () => text.end());
  const stop = () => source.destroy();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const reading = createInterface({ input: text }).on("line", (line) => {
    const parsed = parse(line);
    if (since === undefined || Date.parse(parsed.time) >= since.getTime()) emit({ service, ...parsed });
  });
  await once(reading, "close");
  signal.removeEventListener("abort", stop);
}
