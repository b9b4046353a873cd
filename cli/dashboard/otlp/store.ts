import type { LogLine } from "../../logs/log.ts";
import type { Span, Telemetry } from "../page/model.ts";
import { requests, type Signal } from "./messages.ts";
import { MetricStore, metricsIn } from "./metric-store.ts";
import { decode } from "./protobuf.ts";
import { spansIn, TraceStore } from "./trace-store.ts";
import { attributesIn, listIn, millisecondsOf, objectOf, textOf, valueText, type Json } from "./values.ts";

/** Bytes of one request, after unpacking. */
export const maxRequest = 4 * 2 ** 20;

/** How many traces and series are sent to the page. */
const shownTraces = 200;
const shownSeries = 200;

/** A request that the receiver rejects, with the status for the exporter: https://opentelemetry.io/docs/specs/otlp/#failures. */
export class OtlpError extends Error {
  readonly status: 400 | 413 | 415;
  constructor(status: 400 | 413 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

const resourceItems = { traces: "resourceSpans", metrics: "resourceMetrics", logs: "resourceLogs" } as const satisfies Record<
  Signal,
  string
>;

/** Traces and metrics in memory, as they come over OTLP. All of it is bounded: a flood drops the oldest traces and new series. */
export class TelemetryStore {
  private readonly traces = new TraceStore();
  private readonly metrics = new MetricStore();
  private readonly received = { traces: 0, metrics: 0, logs: 0 };
  private readonly changed: () => void;
  private readonly log: (line: LogLine) => void;

  /**
   * @param changed is called when something was added.
   * @param log takes log records, which join the logs of the services.
   */
  constructor(changed: () => void, log: (line: LogLine) => void) {
    this.changed = changed;
    this.log = log;
  }

  /**
   * Adds what an exporter has sent.
   *
   * @param contentType `application/x-protobuf` or `application/json`
   * @param body not compressed
   * @throws OtlpError if it is too large or cannot be read.
   */
  ingest(signal: Signal, contentType: string, body: Uint8Array): void {
    if (body.length > maxRequest) throw new OtlpError(413, `The request has more than ${maxRequest} bytes.`);
    const request = read(signal, contentType.split(";")[0]!.trim().toLowerCase(), body);
    for (const ofResource of listIn(request, resourceItems[signal])) {
      const service = textOf(attributesIn(ofResource["resource"])["service.name"] ?? "", 128) || "unknown";
      if (signal === "traces") this.received.traces += this.traces.add(service, spansIn(ofResource));
      else if (signal === "metrics") this.received.metrics += this.metrics.add(service, metricsIn(ofResource));
      else this.addLogs(service, ofResource);
    }
    this.changed();
  }

  private addLogs(service: string, ofResource: Json): void {
    const records = listIn(ofResource, "scopeLogs").flatMap((scope) => listIn(scope, "logRecords"));
    for (const record of records) {
      const time = millisecondsOf(record["timeUnixNano"]) || millisecondsOf(record["observedTimeUnixNano"]) || Date.now();
      const severity = textOf(record["severityText"], 16);
      const text = [severity, valueText(record["body"], 16_384)].filter(Boolean).join(" ");
      this.log({ time: new Date(time).toISOString(), service, from: `${service} (OTLP)`, text });
      this.received.logs++;
    }
  }

  get telemetry(): Telemetry {
    return {
      traces: this.traces.summaries(shownTraces),
      metrics: this.metrics.series(shownSeries),
      received: { ...this.received },
      dropped: this.traces.dropped + this.metrics.dropped,
    };
  }

  spans(traceId: string): Span[] | undefined {
    return this.traces.spans(traceId);
  }
}

function read(signal: Signal, contentType: string, body: Uint8Array): Json {
  try {
    if (contentType === "application/x-protobuf") return decode(body, requests[signal]);
    if (contentType === "application/json") return objectOf(JSON.parse(Buffer.from(body).toString()));
  } catch (error) {
    throw new OtlpError(400, `The request is no ${contentType} of OTLP ${signal}: ${(error as Error).message}.`);
  }
  throw new OtlpError(415, `Content-Type: must be application/x-protobuf or application/json (got "${contentType}").`);
}
