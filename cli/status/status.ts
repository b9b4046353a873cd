/** Whether a service does what it should. */
export const Health = {
  /** All replicas are ready. */
  Healthy: "healthy",
  /** Replicas start or stop. */
  Updating: "updating",
  /** Replicas do not become ready. */
  Failing: "failing",
  /** It has no replicas. */
  Stopped: "stopped",
  /** A job that runs. */
  Running: "running",
  /** A job that succeeded. */
  Succeeded: "succeeded",
  /** A job that runs on a schedule. */
  Scheduled: "scheduled",
} as const;
export type Health = (typeof Health)[keyof typeof Health];

/** A service or job of a stack as it runs now. */
export interface WorkloadStatus {
  name: string;
  health: Health;
  /** Why it fails, in the words of Kubernetes or Docker. @default - it does not fail */
  reason?: string;
  /** Replicas that are ready. @default - it is a job */
  ready?: number;
  /** Replicas that it should have. @default - it is a job */
  replicas?: number;
  /** How often its containers have been started again. @default - not known */
  restarts?: number;
  image: string;
  /** Since when its oldest current replica runs, or its last run. RFC 3339. @default - not known */
  since?: string;
}

/** Something that went wrong lately. */
export interface StatusEvent {
  /** RFC 3339. */
  time: string;
  /** The object, such as `pod web-1`. */
  object: string;
  reason: string;
  message: string;
  /** How often it happened. */
  count: number;
}

/** What runs of a stack, and what went wrong lately, the newest first. */
export interface PlaceStatus {
  workloads: WorkloadStatus[];
  events: StatusEvent[];
}

/** How long ago an event may be to be listed, in seconds. */
export const eventSeconds = 3600;

/** How many events are listed. */
export const maxEvents = 5;

/** The newest events of the last hour. */
export function recent(events: StatusEvent[], now = Date.now(), max = maxEvents): StatusEvent[] {
  return events
    .filter(({ time }) => now - Date.parse(time) < eventSeconds * 1000)
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time))
    .slice(0, max);
}

/** The health of a service by its replicas. */
export function healthOf(ready: number, replicas: number, isCurrent: boolean, reason: string | undefined): Health {
  if (reason !== undefined) return Health.Failing;
  if (replicas === 0) return Health.Stopped;
  return ready >= replicas && isCurrent ? Health.Healthy : Health.Updating;
}
