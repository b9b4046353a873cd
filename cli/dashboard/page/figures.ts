import { html } from "htm/preact";
import { Chart, type Line } from "./chart.ts";
import { bytes, cores, duration, number } from "./format.ts";
import type { Sample, Service, State } from "./model.ts";
import { useStore } from "./store.ts";

export function FiguresView({ state }: { state: State }) {
  const { figures } = useStore();
  const services = state.services.filter(({ kind }) => kind === "service");
  return html`
    ${[figures.trafficProblem, figures.usageProblem].map((problem) => problem !== undefined && html`<p class="card">${problem}</p>`)}
    ${services.map((service) => html`<${ServiceFigures} key=${service.name} service=${service} samples=${figures.samples[service.name] ?? []} />`)}
  `;
}

function ServiceFigures({ service, samples }: { service: Service; samples: Sample[] }) {
  const times = samples.map(({ time }) => time);
  const line = (label: string, colour: Line["colour"], key: keyof Sample): Line => ({
    label,
    colour,
    values: samples.map((sample) => sample[key]),
  });
  const bound = (label: string, value: number | undefined): Line[] =>
    value === undefined ? [] : [{ label, colour: "bound", values: samples.map(() => value) }];
  const hasTraffic = samples.some(({ requests }) => requests !== undefined);
  const hasUsage = samples.some(({ memory }) => memory !== undefined);
  const id = `figures-${service.name}`;
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>${service.name}</h2>
    ${!hasTraffic && !hasUsage && html`<p class="soft">No figures yet. They are read every 5 s; those of the metrics server are up to 15 s old.</p>`}
    <div class="charts">
      ${hasTraffic && html`<${Chart} title="Requests per second" times=${times} lines=${[line("all", "line-1", "requests"), line("5xx", "line-2", "errors")]} format=${number} />`}
      ${hasTraffic && html`<${Chart} title="Latency" times=${times} lines=${[line("mean", "line-1", "mean"), line("95 %", "line-2", "p95")]} format=${duration} />`}
      ${hasUsage && html`<${Chart} title="CPU" times=${times} lines=${[line("used", "line-1", "cpu"), ...bound("request", service.cpu.request), ...bound("limit", service.cpu.limit)]} format=${cores} />`}
      ${hasUsage && html`<${Chart} title="Memory" times=${times} lines=${[line("used", "line-1", "memory"), ...bound("request", service.memory.request), ...bound("limit", service.memory.limit)]} format=${bytes} areBytes />`}
    </div>
  </section>`;
}
