import type { Span, TraceSummary } from "../page/model.ts";
import { attributesIn, listIn, millisecondsOf, objectOf, textOf, type Json } from "./values.ts";

/** Bounds on memory: traces, spans of one trace, and characters of all. */
const maxTraces = 500;
const maxSpans = 500;
const maxCharacters = 16 * 2 ** 20;

/** The status of a span that failed: https://opentelemetry.io/docs/specs/otel/trace/api/#set-status. */
const errorStatus = 2;

interface Trace {
  spans: Span[];
  characters: number;
}

/** The newest traces. The oldest are dropped first. */
export class TraceStore {
  private readonly traces = new Map<string, Trace>();
  private characters = 0;
  dropped = 0;

  /** Adds the spans of a service. Returns how many are valid. */
  add(service: string, spans: Json[]): number {
    let count = 0;
    for (const given of spans) {
      const traceId = textOf(given["traceId"], 32).toLowerCase();
      const span = spanOf(service, given);
      if (!/^[0-9a-f]{32}$/.test(traceId) || span === undefined) continue;
      count++;
      const trace = this.traces.get(traceId) ?? { spans: [], characters: 0 };
      if (trace.spans.length >= maxSpans) {
        this.dropped++;
        continue;
      }
      trace.spans.push(span);
      const size = sizeOf(span);
      trace.characters += size;
      this.characters += size;
      this.traces.set(traceId, trace);
      this.shrink();
    }
    return count;
  }

  private shrink(): void {
    for (const [id, { spans, characters }] of this.traces) {
      if (this.traces.size <= maxTraces && this.characters <= maxCharacters) return;
      this.traces.delete(id);
      this.characters -= characters;
      this.dropped += spans.length;
    }
  }

  /** The newest first. */
  summaries(max: number): TraceSummary[] {
    return [...this.traces].slice(-max).reverse().map(summaryOf);
  }

  /** The spans of a trace in the order of their start. Undefined if it is not known. */
  spans(id: string): Span[] | undefined {
    return this.traces.get(id)?.spans.toSorted((a, b) => a.start - b.start);
  }
}

function spanOf(service: string, given: Json): Span | undefined {
  const [start, end] = [millisecondsOf(given["startTimeUnixNano"]), millisecondsOf(given["endTimeUnixNano"])];
  const id = textOf(given["spanId"], 16);
  if (start === undefined || end === undefined || id === "") return undefined;
  return {
    id,
    parent: textOf(given["parentSpanId"], 16),
    name: textOf(given["name"], 256),
    service,
    start,
    duration: Math.max(0, end - start),
    failed: Number(objectOf(given["status"])["code"] ?? 0) === errorStatus,
    attributes: attributesIn(given),
  };
}

function sizeOf({ name, attributes }: Span): number {
  return Object.entries(attributes).reduce((sum, [key, value]) => sum + key.length + value.length, name.length + 256);
}

function summaryOf([id, { spans }]: [string, Trace]): TraceSummary {
  const ids = new Set(spans.map((span) => span.id));
  const first = spans.find(({ parent }) => parent === "" || !ids.has(parent)) ?? spans[0]!;
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.start + span.duration));
  return {
    id,
    name: first.name,
    service: first.service,
    start: new Date(start).toISOString(),
    duration: end - start,
    spans: spans.length,
    failed: spans.some(({ failed }) => failed),
  };
}

/** The spans in a request. */
export function spansIn(ofResource: Json): Json[] {
  return listIn(ofResource, "scopeSpans").flatMap((scope) => listIn(scope, "spans"));
}
