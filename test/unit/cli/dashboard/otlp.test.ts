import jspb from "google-protobuf";
import { millisecondsOf } from "../../../../cli/dashboard/otlp/values.ts";
import { OtlpError, TelemetryStore } from "../../../../cli/dashboard/otlp/store.ts";
import type { LogLine } from "../../../../cli/logs/log.ts";

const protobuf = "application/x-protobuf";
const traceId = "5b8efff798038103d269b633813fc60c";
const second = 1_000_000_000n;
const start = 1_795_000_000n * second;

function newStore() {
  const lines: LogLine[] = [];
  let changes = 0;
  const store = new TelemetryStore(
    () => changes++,
    (line) => lines.push(line),
  );
  return { store, lines, changes: () => changes };
}

const attribute = (key: string, value: object) => ({ key, value });
const resource = { attributes: [attribute("service.name", { stringValue: "web" })] };
const span = (id: string, parentSpanId: string, more: object = {}) => ({
  traceId,
  spanId: id,
  parentSpanId,
  name: `span ${id}`,
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(start + second / 4n),
  ...more,
});
const traces = (...spans: object[]) => ({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
const metrics = (...all: object[]) => ({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics: all }] }] });
const bytes = (json: object) => Buffer.from(JSON.stringify(json));

test("a trace in JSON has its spans, with the root's name and what failed", () => {
  const { store, changes } = newStore();
  const child = span("00000000000000b2", "00000000000000a1", {
    status: { code: 2 },
    attributes: [attribute("http.route", { stringValue: "/" })],
  });
  store.ingest("traces", "application/json; charset=utf-8", bytes(traces(child, span("00000000000000a1", ""))));
  expect(changes()).toBe(1);
  expect(store.telemetry.traces).toEqual([
    {
      id: traceId,
      name: "span 00000000000000a1",
      service: "web",
      start: "2026-11-18T11:06:40.000Z",
      duration: 250,
      spans: 2,
      failed: true,
    },
  ]);
  expect(store.spans(traceId)![0]).toMatchObject({
    id: "00000000000000b2",
    failed: true,
    attributes: { "http.route": "/" },
    duration: 250,
  });
  expect(store.spans("0".repeat(32))).toBeUndefined();
});

test("a trace in protobuf is read as the one in JSON", () => {
  const { store } = newStore();
  store.ingest("traces", protobuf, protobufTrace());
  expect(store.telemetry).toMatchObject({
    traces: [{ id: traceId, name: "GET /", service: "web", duration: 250, spans: 1, failed: true }],
    received: { traces: 1, metrics: 0, logs: 0 },
  });
  expect(store.spans(traceId)).toEqual([
    {
      ...{ id: "00f067aa0ba902b7", parent: "", name: "GET /", service: "web", start: 1_795_000_000_000, duration: 250, failed: true },
      attributes: { "http.response.status_code": "503", ratio: "0.5" },
    },
  ]);
});

/** Written with the numbers of the protocol, trace.proto. */
function protobufTrace(): Uint8Array {
  const writer = new jspb.BinaryWriter();
  const message = (field: number, write: () => void) => writer.writeMessage(field, {}, write);
  const keyValue = (field: number, key: string, write: () => void) =>
    message(field, () => {
      writer.writeString(1, key);
      message(2, write);
    });
  message(1, () => {
    message(1, () => keyValue(1, "service.name", () => writer.writeString(1, "web")));
    message(2, () =>
      message(2, () => {
        writer.writeBytes(1, Buffer.from(traceId, "hex"));
        writer.writeBytes(2, Buffer.from("00f067aa0ba902b7", "hex"));
        writer.writeString(5, "GET /");
        writer.writeFixed64String(7, String(start));
        writer.writeFixed64String(8, String(start + second / 4n));
        keyValue(9, "http.response.status_code", () => writer.writeInt64(3, 503));
        keyValue(9, "ratio", () => writer.writeDouble(4, 0.5));
        message(15, () => writer.writeInt32(3, 2));
        writer.writeString(99, "a field of a later version");
      }),
    );
  });
  return writer.getResultBuffer();
}

test("counters become rates, histograms means, and gauges stay", () => {
  const { store } = newStore();
  const at = (seconds: number, more: object) => ({
    startTimeUnixNano: String(start),
    timeUnixNano: String(start + BigInt(seconds) * second),
    ...more,
  });
  const request = (seconds: number, count: number) =>
    metrics(
      {
        name: "requests",
        unit: "{request}",
        sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [at(seconds, { asInt: String(count) })] },
      },
      {
        name: "duration",
        unit: "s",
        histogram: { aggregationTemporality: 2, dataPoints: [at(seconds, { count: String(count), sum: count * 0.2 })] },
      },
      { name: "threads", gauge: { dataPoints: [at(seconds, { asDouble: 7.5 })] } },
    );
  for (const [seconds, count] of [[10, 20], [20, 50], [30, 5]] as const) store.ingest("metrics", "application/json", bytes(request(seconds, count))); // prettier-ignore
  const points = Object.fromEntries(
    store.telemetry.metrics.map(({ name, kind, points: all }) => [name, [kind, ...all.map(([, value]) => Number(value.toFixed(3)))]]),
  );
  expect(points).toEqual({ requests: ["rate", 2, 3, 0.5], duration: ["mean", 0.2, 0.2, 0.2], threads: ["gauge", 7.5, 7.5, 7.5] });
});

test("log records join the logs", () => {
  const { store, lines } = newStore();
  const record = { timeUnixNano: String(start), severityText: "WARN", body: { stringValue: "slow" } };
  store.ingest("logs", "application/json", bytes({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }));
  expect(lines).toEqual([{ time: "2026-11-18T11:06:40.000Z", service: "web", from: "web (OTLP)", text: "WARN slow" }]);
});

test("values of attributes whose name says that they are secret are not kept", () => {
  const { store } = newStore();
  const secrets = ["http.request.header.authorization", "db.password", "API_KEY", "session-token", "http.request.header.cookie"];
  const attributes = [...secrets, "http.route"].map((key) => attribute(key, { stringValue: "hunter2" }));
  store.ingest("traces", "application/json", bytes(traces(span("00000000000000a1", "", { attributes }))));
  const [found] = store.spans(traceId)!;
  expect(Object.entries(found!.attributes).filter(([, value]) => value === "hunter2")).toEqual([["http.route", "hunter2"]]);
  expect(Object.keys(found!.attributes)).toHaveLength(6);
});

test("a flood of traces keeps the newest 500, and says how many spans were dropped", () => {
  const { store } = newStore();
  const id = (i: number) => i.toString(16).padStart(32, "0");
  for (let batch = 0; batch < 20; batch++) {
    const spans = Array.from({ length: 100 }, (_, i) => span("00000000000000a1", "", { traceId: id(batch * 100 + i + 1) }));
    store.ingest("traces", "application/json", bytes(traces(...spans)));
  }
  expect(store.telemetry).toMatchObject({ received: { traces: 2000 }, dropped: 1500 });
  expect(store.telemetry.traces).toHaveLength(200);
  expect([store.spans(id(1500)), store.spans(id(1501))?.length, store.spans(id(2000))?.length]).toEqual([undefined, 1, 1]);
});

test("large attributes of many spans stay within 16 MB", () => {
  const { store } = newStore();
  const attributes = Array.from({ length: 40 }, (_, i) => attribute(`key-${i}`, { stringValue: "x".repeat(2000) }));
  for (let i = 1; i <= 40; i++) {
    const spans = Array.from({ length: 40 }, (_, n) =>
      span(`00000000000000${(n + 16).toString(16)}`, "", { attributes, traceId: i.toString(16).padStart(32, "0") }),
    );
    store.ingest("traces", "application/json", bytes(traces(...spans)));
  }
  const kept = Array.from({ length: 40 }, (_, i) => store.spans((i + 1).toString(16).padStart(32, "0")) ?? []).flat();
  const characters = kept.reduce((sum, { attributes: all }) => sum + Object.values(all).join("").length, 0);
  expect(characters).toBeLessThan(16 * 2 ** 20);
  expect(kept.length + store.telemetry.dropped).toBe(1600);
  expect(Object.keys(kept[0]!.attributes)).toHaveLength(32);
});

test("a flood of series keeps the first 1,000, and their newest 360 points", () => {
  const { store } = newStore();
  const point = (i: number, time: number) => ({
    timeUnixNano: String(start + BigInt(time) * second),
    asDouble: 1,
    attributes: [attribute("id", { intValue: String(i) })],
  });
  store.ingest(
    "metrics",
    "application/json",
    bytes(metrics({ name: "many", gauge: { dataPoints: Array.from({ length: 1500 }, (_, i) => point(i, 0)) } })),
  );
  store.ingest(
    "metrics",
    "application/json",
    bytes(metrics({ name: "many", gauge: { dataPoints: Array.from({ length: 500 }, (_, i) => point(0, i)) } })),
  );
  expect(store.telemetry.dropped).toBe(500);
  expect(store.telemetry.metrics[0]!.points).toHaveLength(360);
});

test.each([
  ["a body that is no protobuf", protobuf, Buffer.from("not protobuf"), 400],
  ["a body that is no JSON", "application/json", Buffer.from("{"), 400],
  ["another content type", "text/plain", Buffer.from(""), 415],
  ["more than 4 MiB", protobuf, Buffer.alloc(4 * 2 ** 20 + 1), 413],
])("%s is rejected", (_, type, body, status) => {
  const { store } = newStore();
  const error = (() => {
    try {
      return store.ingest("traces", type, body);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(OtlpError);
  expect((error as OtlpError).status).toBe(status);
});

test.each([{}, [], null, { resourceSpans: 1 }, { resourceSpans: [null, 1, { scopeSpans: [{ spans: [{ traceId: 1, spanId: {} }] }] }] }])(
  "JSON of another form is ignored: %j",
  (json) => {
    const { store } = newStore();
    store.ingest("traces", "application/json", Buffer.from(JSON.stringify(json)));
    expect(store.telemetry.traces).toEqual([]);
  },
);

test("protobuf that is nested without end is rejected", () => {
  const { store } = newStore();
  const within = (inner: Buffer, tag: number) => Buffer.concat([Buffer.from([tag]), varint(inner.length), inner]);
  // A list in a list and so on, as the value of an attribute of the resource.
  const lists = (depth: number) => Array.from({ length: depth }, () => [0x0a, 0x2a]).flat();
  const request = (depth: number) => [...lists(depth), 0x12, 0x0a, 0x0a, 0x0a].reduce(within, Buffer.alloc(0));
  expect(() => store.ingest("traces", protobuf, request(5))).not.toThrow();
  expect(() => store.ingest("traces", protobuf, request(40))).toThrow(/nested more than 32 deep/);
});

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value & 127) | 128, value >> 7]);
}

test("nanoseconds become milliseconds without losing them", () => {
  expect(millisecondsOf("1795000000123456789")).toBeCloseTo(1_795_000_000_123.4568, 3);
  expect([millisecondsOf("0"), millisecondsOf("5"), millisecondsOf(""), millisecondsOf("-1"), millisecondsOf({})]).toEqual([
    0,
    0.000005,
    undefined,
    undefined,
    undefined,
  ]);
});
