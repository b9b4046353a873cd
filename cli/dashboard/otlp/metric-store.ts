import type { MetricSeries } from "../page/model.ts";
import { attributesIn, listIn, millisecondsOf, numberOf, objectOf, textOf, type Json } from "./values.ts";

/** Bounds on memory: series, and points of each. */
const maxSeries = 1000;
const maxPoints = 360;

/** https://opentelemetry.io/docs/specs/otel/metrics/data-model/#temporality */
const delta = 1;

interface Series extends MetricSeries {
  /** The counter, or the count and sum of the histogram, at the last point. */
  last?: { time: number; value: number; count: number };
}

/** The series of all services. New ones are dropped once there are too many. */
export class MetricStore {
  private readonly all = new Map<string, Series>();
  dropped = 0;

  /** Adds the points of a service. Returns how many are valid. */
  add(service: string, metrics: Json[]): number {
    return metrics.reduce((count, metric) => count + this.addMetric(service, metric), 0);
  }

  private addMetric(service: string, metric: Json): number {
    const header = {
      service,
      name: textOf(metric["name"], 128),
      unit: textOf(metric["unit"], 32),
      description: textOf(metric["description"], 256),
    };
    const { gauge, sum, histogram = metric["exponentialHistogram"] } = metric as Record<string, unknown>;
    const [data, kind] =
      gauge !== undefined
        ? ([gauge, "gauge"] as const)
        : sum !== undefined
          ? ([sum, objectOf(sum)["isMonotonic"] === true ? "rate" : "gauge"] as const)
          : ([histogram, "mean"] as const);
    const isDelta = Number(objectOf(data)["aggregationTemporality"]) === delta;
    let count = 0;
    for (const point of listIn(data, "dataPoints")) {
      const time = millisecondsOf(point["timeUnixNano"]);
      const value = numberOf(kind === "mean" ? point["sum"] : (point["asDouble"] ?? point["asInt"]));
      if (time === undefined || value === undefined) continue;
      count++;
      const series = this.seriesOf({ ...header, attributes: attributesText(point), kind, points: [] });
      if (series) addPoint(series, time / 1000, value, numberOf(point["count"]) ?? 0, isDelta, millisecondsOf(point["startTimeUnixNano"]));
    }
    return count;
  }

  private seriesOf(fresh: Series): Series | undefined {
    const key = [fresh.service, fresh.name, fresh.kind, fresh.attributes].join("\0");
    const known = this.all.get(key);
    if (known) return known;
    if (this.all.size >= maxSeries) {
      this.dropped++;
      return undefined;
    }
    this.all.set(key, fresh);
    return fresh;
  }

  series(max: number): MetricSeries[] {
    return [...this.all.values()].slice(0, max).map(({ last: _last, ...series }) => series);
  }
}

function attributesText(point: Json): string {
  return Object.entries(attributesIn(point))
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

function addPoint(series: Series, time: number, value: number, count: number, isDelta: boolean, startMs: number | undefined): void {
  const { last, kind, points } = series;
  series.last = { time, value, count };
  const push = (shown: number) => {
    points.push([time, shown]);
    if (points.length > maxPoints) points.shift();
  };
  if (kind === "gauge") return push(value);
  // A counter that is smaller than before has started again at 0.
  const isContinued = !isDelta && last !== undefined && value >= last.value && count >= last.count;
  const [change, more] = isContinued ? [value - last.value, count - last.count] : [value, count];
  if (kind === "mean") return void (more > 0 && push(change / more));
  const from = last !== undefined ? last.time : (startMs ?? 0) / 1000;
  if (time > from && from > 0) push(change / (time - from));
}

/** The metrics in a request. */
export function metricsIn(ofResource: Json): Json[] {
  return listIn(ofResource, "scopeMetrics").flatMap((scope) => listIn(scope, "metrics"));
}
