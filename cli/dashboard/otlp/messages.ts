import type { Message } from "./protobuf.ts";

// The fields of OTLP that the dashboard shows, with the numbers of the protocol, which are stable: https://github.com/open-telemetry/opentelemetry-proto
// (trace.proto, metrics.proto, logs.proto, common.proto). The names are those of its JSON form, so both forms are read alike.

const anyValue: Message = {
  1: ["stringValue", "string"],
  2: ["boolValue", "bool"],
  3: ["intValue", "sint64"],
  4: ["doubleValue", "double"],
  5: ["arrayValue", () => ({ 1: ["values", () => anyValue, true] })],
  6: ["kvlistValue", () => ({ 1: ["values", () => keyValue, true] })],
  7: ["bytesValue", "bytes"],
};
const keyValue: Message = { 1: ["key", "string"], 2: ["value", () => anyValue] };
const resource: Message = { 1: ["attributes", () => keyValue, true] };

const span: Message = {
  1: ["traceId", "bytes"],
  2: ["spanId", "bytes"],
  4: ["parentSpanId", "bytes"],
  5: ["name", "string"],
  6: ["kind", "int"],
  7: ["startTimeUnixNano", "fixed64"],
  8: ["endTimeUnixNano", "fixed64"],
  9: ["attributes", () => keyValue, true],
  15: [
    "status",
    () => ({
      2: ["message", "string"],
      3: ["code", "int"],
    }),
  ],
};

const numberPoint: Message = {
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["asDouble", "double"],
  6: ["asInt", "sfixed64"],
  7: ["attributes", () => keyValue, true],
};
const histogramPoint: Message = {
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["count", "fixed64"],
  5: ["sum", "double"],
  9: ["attributes", () => keyValue, true],
};
const exponentialPoint: Message = {
  1: ["attributes", () => keyValue, true],
  2: ["startTimeUnixNano", "fixed64"],
  3: ["timeUnixNano", "fixed64"],
  4: ["count", "fixed64"],
  5: ["sum", "double"],
};
const metric: Message = {
  1: ["name", "string"],
  2: ["description", "string"],
  3: ["unit", "string"],
  5: ["gauge", () => ({ 1: ["dataPoints", () => numberPoint, true] })],
  7: [
    "sum",
    () => ({
      1: ["dataPoints", () => numberPoint, true],
      2: ["aggregationTemporality", "int"],
      3: ["isMonotonic", "bool"],
    }),
  ],
  9: [
    "histogram",
    () => ({
      1: ["dataPoints", () => histogramPoint, true],
      2: ["aggregationTemporality", "int"],
    }),
  ],
  10: [
    "exponentialHistogram",
    () => ({
      1: ["dataPoints", () => exponentialPoint, true],
      2: ["aggregationTemporality", "int"],
    }),
  ],
};

const logRecord: Message = {
  1: ["timeUnixNano", "fixed64"],
  3: ["severityText", "string"],
  5: ["body", () => anyValue],
  11: ["observedTimeUnixNano", "fixed64"],
};

/** A request of an exporter: items by scope by resource. */
function request(resourceItems: string, scopeItems: string, items: string, item: Message): Message {
  const scope: Message = { 2: [items, () => item, true] };
  const ofResource: Message = { 1: ["resource", () => resource], 2: [scopeItems, () => scope, true] };
  return { 1: [resourceItems, () => ofResource, true] };
}

/** The requests by signal. */
export const requests = {
  traces: request("resourceSpans", "scopeSpans", "spans", span),
  metrics: request("resourceMetrics", "scopeMetrics", "metrics", metric),
  logs: request("resourceLogs", "scopeLogs", "logRecords", logRecord),
} as const;

export type Signal = keyof typeof requests;
