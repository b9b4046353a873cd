import { Unknown, type Traffic, type Usage } from "../live/source.ts";
import type { Figures, Sample } from "../page/model.ts";

/** Samples of each service that are kept: half an hour at one in 5 s. */
const maxSamples = 360;

/** Services whose samples are kept. */
const maxServices = 200;

/** What the services do over time: rates from counters, and what they use. */
export class FigureHistory {
  private readonly samples = new Map<string, Sample[]>();
  private before: { time: number; traffic: Record<string, Traffic> } | undefined;
  private problems: Pick<Figures, "trafficProblem" | "usageProblem"> = {};

  /** Adds what was read at a time, in seconds. Returns the new samples by service. */
  add(time: number, traffic: Record<string, Traffic> | Unknown, usage: Record<string, Usage> | Unknown): Record<string, Sample> {
    this.problems = {
      ...(traffic instanceof Unknown && { trafficProblem: traffic.reason }),
      ...(usage instanceof Unknown && { usageProblem: usage.reason }),
    };
    const [counted, used] = [traffic instanceof Unknown ? {} : traffic, usage instanceof Unknown ? {} : usage];
    const { before } = this;
    const added: Record<string, Sample> = {};
    for (const service of new Set([...Object.keys(counted), ...Object.keys(used), ...this.samples.keys()])) {
      const sample: Sample = {
        time,
        ...used[service],
        ...(before && ratesOf(counted[service], before.traffic[service], time - before.time)),
      };
      const kept = this.samples.get(service) ?? [];
      if (kept.length === 0 && this.samples.size >= maxServices) continue;
      kept.push(sample);
      if (kept.length > maxSamples) kept.shift();
      this.samples.set(service, kept);
      added[service] = sample;
    }
    this.before = { time, traffic: counted };
    return added;
  }

  get figures(): Figures {
    return { samples: Object.fromEntries(this.samples), ...this.problems };
  }
}

const none: Traffic = { requests: 0, errors: 0, seconds: 0, buckets: [] };

/** The rates between two reads. Undefined if the proxy has started again: its counters are smaller then. */
export function ratesOf(now: Traffic | undefined, before: Traffic = none, seconds: number): Partial<Sample> | undefined {
  if (now === undefined || seconds <= 0 || now.requests < before.requests) return undefined;
  const count = now.requests - before.requests;
  const earlier = new Map(before.buckets);
  const buckets = now.buckets.map(([bound, all]): [number, number] => [bound, all - (earlier.get(bound) ?? 0)]);
  const p95 = quantile(0.95, buckets);
  return {
    requests: count / seconds,
    errors: Math.max(0, now.errors - before.errors) / seconds,
    ...(count > 0 && { mean: Math.max(0, now.seconds - before.seconds) / count }),
    ...(p95 !== undefined && { p95 }),
  };
}

/** As Prometheus' histogram_quantile: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile. */
export function quantile(q: number, buckets: [bound: number, count: number][]): number | undefined {
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total <= 0) return undefined;
  const rank = q * total;
  const i = buckets.findIndex(([, count]) => count >= rank);
  const [bound, count] = buckets[i]!;
  const [lower, below] = buckets[i - 1] ?? [0, 0];
  if (bound === Infinity) return lower;
  return lower + (bound - lower) * ((rank - below) / (count - below));
}
