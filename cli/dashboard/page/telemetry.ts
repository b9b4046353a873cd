import { useState } from "preact/hooks";
import { html } from "htm/preact";
import { Chart } from "./chart.ts";
import { duration, number } from "./format.ts";
import type { MetricSeries, Span, TraceSummary } from "./model.ts";
import { store, useStore } from "./store.ts";

/** Charts of metrics that are drawn at once. */
const shownCharts = 24;

export function TelemetryView() {
  const { telemetry } = useStore();
  const { traces, metrics, received, dropped } = telemetry;
  const nothing = received.traces + received.metrics + received.logs === 0;
  return html`
    <p class="soft" role="status">
      Received: ${received.traces} spans, ${received.metrics} points, ${received.logs} log
      records${dropped > 0 ? `; dropped to stay within the memory limit: ${dropped}` : ""}.
    </p>
    ${nothing && html`<p class="card">No telemetry yet. Programs on this machine send it here with <code>OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin}</code> and <code>OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf</code>.</p>`}
    <${Traces} traces=${traces} />
    <${Metrics} metrics=${metrics} />
  `;
}

function Traces({ traces }: { traces: TraceSummary[] }) {
  const [shown, setShown] = useState<{ id: string; spans: Span[] } | undefined>();
  const open = (id: string) =>
    store.connection.spans(id).then(
      (spans) => setShown({ id, spans }),
      () => setShown(undefined),
    );
  return html`<section aria-labelledby="traces">
    <h2 id="traces">Traces</h2>
    ${traces.length === 0 && html`<p class="soft">None.</p>`}
    ${
      traces.length > 0 &&
      html`<div class="table traces" tabindex="0" role="group" aria-label="Table of traces">
        <table>
          <thead>
            <tr>
              ${["Time", "Service", "Name", "Duration", "Spans", "Result"].map((title) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${traces.map(
              (trace) =>
                html`<tr key=${trace.id} class=${shown?.id === trace.id ? "chosen" : ""}>
                  <td>${trace.start.slice(11, 23)}</td>
                  <td>${trace.service}</td>
                  <td><button type="button" class="link" onClick=${() => void open(trace.id)}>${trace.name}</button></td>
                  <td>${duration(trace.duration / 1000)}</td>
                  <td>${trace.spans}</td>
                  <td><span class=${`badge ${trace.failed ? "bad" : "good"}`}>${trace.failed ? "error" : "ok"}</span></td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`
    }
    ${shown !== undefined && html`<${Waterfall} spans=${shown.spans} close=${() => setShown(undefined)} />`}
  </section>`;
}

/** The spans of a trace over time. */
function Waterfall({ spans, close }: { spans: Span[]; close: () => void }) {
  const start = Math.min(...spans.map((span) => span.start));
  const whole = Math.max(...spans.map((span) => span.start + span.duration)) - start || 1;
  const byId = new Map(spans.map((span) => [span.id, span]));
  const depthOf = (span: Span): number => {
    let depth = 0;
    for (let above = byId.get(span.parent); above !== undefined && depth < 20; above = byId.get(above.parent)) depth++;
    return depth;
  };
  return html`<section class="card" aria-label="Spans of the trace">
    <div class="row">
      <h3>${spans.length === 1 ? "1 span" : `${spans.length} spans`}, ${duration(whole / 1000)}</h3>
      <button type="button" onClick=${close}>Close</button>
    </div>
    <ul class="waterfall">
      ${spans.map(
        (span) =>
          html`<li key=${span.id}>
            <details>
              <summary>
                <span class="span-name" style=${{ paddingLeft: `${depthOf(span) * 0.75}rem` }}
                  >${span.name} <small>${span.service}</small></span
                >
                <span class="track"
                  ><span
                    class=${`bar ${span.failed ? "bad" : ""}`}
                    style=${{ left: `${((span.start - start) / whole) * 100}%`, width: `${Math.max(0.5, (span.duration / whole) * 100)}%` }}
                  ></span
                ></span>
                <span class="span-time">${duration(span.duration / 1000)}</span>
              </summary>
              <dl>
                ${Object.entries(span.attributes).map(
                  ([key, value]) =>
                    html`<dt>${key}</dt>
                      <dd>${value}</dd>`,
                )}
              </dl>
            </details>
          </li>`,
      )}
    </ul>
  </section>`;
}

function Metrics({ metrics }: { metrics: MetricSeries[] }) {
  const [text, setText] = useState("");
  const matching = metrics.filter(({ service, name, attributes }) =>
    `${service} ${name} ${attributes}`.toLowerCase().includes(text.toLowerCase()),
  );
  const format = (unit: string) =>
    unit === "s" ? duration : (value: number) => `${number(value)}${unit === "" || unit.startsWith("{") ? "" : ` ${unit}`}`;
  return html`<section aria-labelledby="metrics">
    <h2 id="metrics">Metrics</h2>
    ${metrics.length === 0 && html`<p class="soft">None.</p>`}
    ${
      metrics.length > 0 &&
      html`<div class="filters">
        <label
          >Search <input type="search" value=${text} onInput=${(event: InputEvent) => setText((event.target as HTMLInputElement).value)}
        /></label>
        <span class="soft" role="status"
          >${matching.length} series${matching.length > shownCharts ? `, the first ${shownCharts} are shown` : ""}</span
        >
      </div>`
    }
    <div class="charts">
      ${matching.slice(0, shownCharts).map((series) => {
        const { service, name, attributes, kind, unit, points } = series;
        const label = kind === "rate" ? "per second" : kind === "mean" ? "mean" : "value";
        return html`<div class="metric" key=${`${service} ${name} ${attributes}`}>
          <${Chart}
            title=${name}
            times=${points.map(([time]) => time)}
            lines=${[{ label, colour: "line-1", values: points.map(([, value]) => value) }]}
            format=${format(unit)}
          />
          <p class="soft">${service}${attributes === "" ? "" : `: ${attributes}`}</p>
        </div>`;
      })}
    </div>
  </section>`;
}
