import timers from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { developmentPorts } from "../../components/development-ports.ts";
import type { Place } from "../workloads/place.ts";
import { developedContainers, type DevelopedContainer } from "./containers.ts";
import { Helper, type HelperEvent } from "./helper.ts";

/** What a program has sent to its helper by OTLP. */
export interface ReceivedTelemetry {
  signal: "traces" | "metrics" | "logs";
  contentType: string;
  /** Not compressed. */
  body: Uint8Array;
}

/** Milliseconds between two looks for containers that have a helper. */
const lookMs = 3000;

/** Bytes that a compressed body may become. */
const largestBody = 16 << 20;

/** Receives the telemetry of all programs that `slipway dev` runs, also in another process, until the signal is aborted. */
export async function followTelemetry(place: Place, take: (telemetry: ReceivedTelemetry) => void, signal: AbortSignal): Promise<void> {
  const followed = new Set<string>();
  while (!signal.aborted) {
    // A cluster that does not answer now may do so later.
    const containers = await developedContainers(place).catch(() => []);
    for (const container of containers.filter(({ name }) => !followed.has(name))) {
      followed.add(container.name);
      void follow(container, take, signal)
        .catch(() => undefined) // it has ended; a new one has another name, or is found again
        .finally(() => followed.delete(container.name));
    }
    await timers.setTimeout(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

async function follow({ open }: DevelopedContainer, take: (telemetry: ReceivedTelemetry) => void, signal: AbortSignal): Promise<void> {
  const helper = new Helper(() => open(developmentPorts.control));
  const seen = (event: HelperEvent) => {
    if (event.type !== "telemetry") return;
    const { signal: kind, contentType, encoding, body = "" } = event;
    const sent = Buffer.from(body, "base64");
    try {
      take({ signal: kind, contentType, body: encoding === "gzip" ? gunzipSync(sent, { maxOutputLength: largestBody }) : sent });
    } catch {
      // One that cannot be read is lost, like one that its exporter could not send.
    }
  };
  try {
    await helper.events(undefined, async () => {}, seen, signal);
  } finally {
    helper.close();
  }
}
