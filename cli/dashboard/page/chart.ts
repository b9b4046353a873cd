import { useEffect, useRef } from "preact/hooks";
import { html } from "htm/preact";
import uPlot from "uplot";
import { onThemeChange } from "./theme.ts";

/** A line of a chart. */
export interface Line {
  label: string;
  /** A class of the style sheet whose colour it has. */
  colour: "line-1" | "line-2" | "bound";
  /** One value for each time; undefined where it is not known. */
  values: (number | undefined)[];
}

export interface ChartProps {
  title: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  /** Whether the values are bytes, whose round numbers are powers of two. */
  areBytes?: boolean;
}

const powersOfTwo = Array.from({ length: 44 }, (_, i) => 2 ** i);

const height = 130;

/** A chart over time, with the newest values as text. */
export function Chart({ title, times, lines, format, areBytes = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = [times, ...lines.map(({ values }) => values.map((value) => value ?? null))] as uPlot.AlignedData;
  const shape = lines.map(({ label }) => label).join();
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(place.current!, lines, format, areBytes), data, place.current!);
    };
    draw();
    const observer = new ResizeObserver(([entry]) => plot.current?.setSize({ width: Math.max(entry!.contentRect.width, 100), height }));
    observer.observe(place.current!);
    const stop = onThemeChange(draw);
    return () => {
      stop();
      observer.disconnect();
      plot.current!.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data));
  const newest = lines.map(({ label, values }) => ({ label, value: values.findLast((value) => value !== undefined) }));
  const text = newest.map(({ label, value }) => `${label} ${value === undefined ? "–" : format(value)}`).join(", ");
  return html`<figure class="chart">
    <figcaption>
      <b>${title}</b>
      ${lines.map(({ label, colour }, i) => html`<span class="key"><span class=${`swatch ${colour}`}></span>${label} ${newest[i]!.value === undefined ? "–" : format(newest[i]!.value)}</span>`)}
    </figcaption>
    <div ref=${place} role="img" aria-label=${`${title}: ${text}`}></div>
  </figure>`;
}

function optionsOf(place: HTMLElement, lines: Line[], format: (value: number) => string, areBytes: boolean): uPlot.Options {
  const soft = colourOf(place, "soft");
  const grid = { stroke: colourOf(place, "grid"), width: 1 };
  const font = "11px system-ui, sans-serif";
  return {
    width: Math.max(place.clientWidth, 100),
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        stroke: soft,
        grid: { show: false },
        ticks: { show: false },
        font,
        size: 24,
        space: 70,
        values: (_plot, times) => times.map(clock),
      },
      {
        stroke: soft,
        grid,
        ticks: { show: false },
        font,
        size: 62,
        space: 28,
        values: (_plot, values) => values.map(format),
        ...(areBytes && { incrs: powersOfTwo }),
      },
    ],
    series: [
      {},
      ...lines.map(({ label, colour }): uPlot.Series => {
        const stroke = colourOf(place, colour);
        return {
          label,
          stroke,
          width: colour === "bound" ? 1 : 2,
          points: { show: false },
          spanGaps: true,
          ...(colour === "bound" && { dash: [5, 4] }),
        };
      }),
    ],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}

/** The colour of a class: canvases do not know the style sheet. */
function colourOf(place: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.className = name;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
