import type { Traffic } from "../live/source.ts";

// https://doc.traefik.io/traefik/reference/install-configuration/observability/metrics/#http-metrics
const requests = "traefik_service_requests_total";
const duration = "traefik_service_request_duration_seconds";

const sample = /^(\w+)\{([^}]*)\} (\S+)/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * The requests by service in the metrics of Traefik, in Prometheus' text format.
 *
 * @param texts of all of its replicas.
 * @param serviceOf The service of the stack with the name of a service of Traefik; undefined for one of others.
 */
export function parseTraffic(texts: string[], serviceOf: (traefikName: string) => string | undefined): Record<string, Traffic> {
  const found: Record<string, Traffic & { counts: Map<number, number> }> = {};
  for (const line of texts.join("\n").split("\n")) {
    if (!line.startsWith(requests) && !line.startsWith(duration)) continue;
    const [, name, list = "", text] = sample.exec(line) ?? [];
    const labels = Object.fromEntries([...list.matchAll(label)].map(([, key, value]) => [key, value] as const)) as Record<string, string>;
    const service = serviceOf(labels["service"] ?? "");
    const value = Number(text);
    if (service === undefined || Number.isNaN(value)) continue;
    const traffic = (found[service] ??= { requests: 0, errors: 0, seconds: 0, buckets: [], counts: new Map() });
    if (name === requests) {
      traffic.requests += value;
      if (labels["code"]?.startsWith("5")) traffic.errors += value;
    } else if (name === `${duration}_sum`) traffic.seconds += value;
    else if (name === `${duration}_bucket`) {
      const bound = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]);
      traffic.counts.set(bound, (traffic.counts.get(bound) ?? 0) + value);
    }
  }
  return Object.fromEntries(
    Object.entries(found).map(([service, { counts, ...traffic }]) => [
      service,
      { ...traffic, buckets: [...counts].sort(([a], [b]) => a - b) },
    ]),
  );
}
