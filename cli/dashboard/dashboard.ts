import type { Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import type { LogLine } from "../logs/log.ts";
import { logsOf } from "../logs/read.ts";
import { placeOf } from "../workloads/place.ts";
import { ActionRunner } from "./actions/runner.ts";
import { FigureHistory } from "./figures/history.ts";
import { DashboardServer, loopback } from "./http/server.ts";
import { EventStream } from "./http/stream.ts";
import { LiveState } from "./live/live-state.ts";
import { later } from "./later.ts";
import { LogBatches } from "./live/log-batches.ts";
import { followTelemetry } from "../dev/telemetry.ts";
import { sourceOf, Unknown, type Source } from "./live/source.ts";
import type { Signal } from "./otlp/messages.ts";
import { TelemetryStore } from "./otlp/store.ts";

/** Milliseconds between two reads of requests, CPU and memory, while a page is open. */
const figuresMs = 5000;

/** Milliseconds in which telemetry is gathered before it is sent. */
const telemetryMs = 500;

/** Milliseconds in which the earlier lines of all containers have come, and are sorted. */
const sortMs = 500;

/** Lines of each container that are read at the start. */
const firstLines = 2000;

export interface DashboardOptions {
  /** On 127.0.0.1; 0 for any free one. */
  port: number;
  /** Whether the actions of the page are rejected. */
  readOnly: boolean;
}

/** A dashboard that runs. */
export interface Dashboard {
  /** With the token. */
  url: string;
  port: number;
  /**
   * Adds what an OTLP exporter has sent, as `POST /v1/<signal>` does.
   *
   * @param body not compressed
   * @throws OtlpError if it is too large or cannot be read.
   */
  ingest(signal: Signal, contentType: string, body: Uint8Array): void;
  /** Waits for an action that runs. */
  close(): Promise<void>;
}

/**
 * Starts the dashboard of a stack.
 *
 * @throws UserError if the stack is not up, cannot be reached, or the port is in use.
 */
export async function startDashboard(stack: Stack, engine: Engine, { port, readOnly }: DashboardOptions): Promise<Dashboard> {
  const stop = new AbortController();
  const stream = new EventStream();
  const logs = new LogBatches(stream);
  const telemetry = new TelemetryStore(
    later(telemetryMs, () => stream.send("telemetry", telemetry.telemetry)),
    (line) => logs.add(line),
  );
  const figures = new FigureHistory();
  const close = async () => {
    await actions.idle;
    stop.abort();
    stream.close();
    await server.close();
  };
  const place = await placeOf(stack, engine);
  if (place === undefined) throw new UserError(notUp(stack));
  const source = await sourceOf(place);
  const readFigures = figureReader(source, figures, stream);
  const live = new LiveState(stack, engine, source, { readOnly, publish: (state) => stream.send("state", state) });
  const actions = new ActionRunner(stack.name, readOnly, () => live.announce());
  live.actionRun = () => actions.run;
  const server = new DashboardServer({
    stream,
    firstEvents: () => {
      live.checkUrls();
      readFigures();
      return [
        ["state", live.state],
        ["figures", figures.figures],
        ["telemetry", telemetry.telemetry],
        ["logs", []],
      ];
    },
    linesAfter: (number, max) => logs.buffer.after(number, max),
    spans: (traceId) => telemetry.spans(traceId),
    start: (action) => actions.start(action, live.state.services),
    ingest: (signal, type, body) => telemetry.ingest(signal, type, body),
  });
  const listening = await server.listen(port);
  try {
    await live.start(() => stream.size > 0, stop.signal);
    if (live.state.services.length === 0) throw new UserError(notUp(stack));
  } catch (error) {
    await close();
    throw error instanceof UserError ? error : new UserError(unreachable(stack, error as Error));
  }
  void followTelemetry(place, (sent) => telemetry.ingest(sent.signal, sent.contentType, sent.body), stop.signal);
  void followLogs(stack, engine, (line) => logs.add(line), stop.signal);
  const timer = setInterval(() => stream.size > 0 && readFigures(), figuresMs);
  stop.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  return {
    url: `http://${loopback}:${listening.port}/#token=${listening.token}`,
    port: listening.port,
    ingest: (signal, type, body) => telemetry.ingest(signal, type, body),
    close,
  };
}

function notUp({ name }: Stack): string {
  return `Stack "${name}" runs nothing here. Run slipway up --stack ${name} first.`;
}

function unreachable({ name }: Stack, { message }: Error): string {
  return `Stack "${name}" cannot be reached: ${message}`;
}

async function followLogs(stack: Stack, engine: Engine, emit: (line: LogLine) => void, signal: AbortSignal): Promise<void> {
  try {
    const logs = await logsOf(stack, engine);
    // The earlier lines come container by container.
    let earlier: LogLine[] | undefined = [];
    setTimeout(() => {
      for (const line of earlier!.sort((a, b) => (a.time < b.time ? -1 : 1))) emit(line);
      earlier = undefined;
    }, sortMs).unref();
    const add = (line: LogLine) => (earlier ? void earlier.push(line) : emit(line));
    await logs?.read({ service: undefined, since: undefined, lines: firstLines, follow: true }, add, signal);
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`warning: the logs end: ${(error as Error).message}\n`);
  }
}

/** A function that reads requests, CPU and memory once, and sends them to the pages. */
function figureReader(source: Source, figures: FigureHistory, stream: EventStream): () => void {
  let isReading = false;
  const unknown = (error: Error) => new Unknown(error.message);
  const read = async () => {
    const [traffic, usage] = await Promise.all([source.traffic().catch(unknown), source.usage().catch(unknown)]);
    const added = figures.add(Math.round(Date.now() / 1000), traffic, usage);
    const { samples: _all, ...problems } = figures.figures;
    stream.send("figures", { samples: Object.fromEntries(Object.entries(added).map(([name, one]) => [name, [one]])), ...problems });
  };
  return () => {
    if (isReading) return;
    isReading = true;
    void read().finally(() => (isReading = false));
  };
}
