import type { Place } from "../../workloads/place.ts";
import type { StatusEvent } from "../../status/status.ts";
import type { Service } from "../page/model.ts";

/** What a source knows of a service: all but its URL and actions. */
export type Running = Omit<Service, "url" | "answer" | "actions">;

/** CPU cores and bytes of memory that a service uses. */
export interface Usage {
  cpu: number;
  memory: number;
}

/** Requests to a service since the proxy has started. */
export interface Traffic {
  requests: number;
  /** Those that were answered with 5xx. */
  errors: number;
  /** Seconds of all requests together. */
  seconds: number;
  /** How many requests took at most so many seconds, in ascending order. */
  buckets: [seconds: number, count: number][];
}

/** Why something is not known, as a sentence with a remedy. */
export class Unknown {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The live state of a stack where it runs. */
export interface Source {
  /**
   * Watches until the signal is aborted. `changed` is called after each change, `failed` with what is wrong, or `undefined` once the watch works
   * (again).
   */
  watch(changed: () => void, failed: (problem: string | undefined) => void, signal: AbortSignal): Promise<void>;
  read(): Promise<{ services: Running[]; events: StatusEvent[] }>;
  /** By service. */
  usage(): Promise<Record<string, Usage> | Unknown>;
  /** By service. */
  traffic(): Promise<Record<string, Traffic> | Unknown>;
}

/** How many events are sent. */
export const shownEvents = 100;

export async function sourceOf(place: Place): Promise<Source> {
  if (place.kind === "kubernetes") {
    const { KubernetesSource } = await import("./kubernetes.ts");
    return new KubernetesSource(place.cluster, place.namespace, place.labels);
  }
  const { DockerSource } = await import("./docker.ts");
  return new DockerSource(place.docker, place.label, place.kind);
}
