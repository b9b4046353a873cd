import type { LogLine } from "../../logs/log.ts";
import type { StatusEvent, WorkloadStatus } from "../../status/status.ts";
import type { FailureCard } from "../../workloads/failure-card.ts";

// What the server sends to the page. The page imports only types from here.

/** A running pod, container or Swarm task. */
export interface Replica {
  name: string;
  /** Such as `Running`, or why it does not run. */
  state: string;
  ready: boolean;
  restarts: number;
  /** RFC 3339. @default - not known */
  since?: string;
}

/** What a service may use: its request and limit, of all its replicas together. @default - none is set */
export interface Allowance {
  request?: number;
  limit?: number;
}

/** A service or job as it runs now. */
export interface Service extends WorkloadStatus {
  kind: "service" | "job";
  /** Replicas of the newest version, of a rollout in progress. @default - not known */
  updated?: number;
  replicasNow: Replica[];
  /** CPU cores. */
  cpu: Allowance;
  /** Bytes. */
  memory: Allowance;
  url?: string;
  /** HTTP status of the URL, or why there is none. */
  answer?: number | string;
  /** The actions that make sense for it. */
  actions: ActionKind[];
}

export const ActionKind = { Rollback: "rollback", Restart: "restart", Scale: "scale" } as const;
export type ActionKind = (typeof ActionKind)[keyof typeof ActionKind];

/** A command that the page asks for. */
export interface Action {
  kind: ActionKind;
  service: string;
  /** For `scale`. */
  replicas?: number;
}

/** The last command that the page has started. */
export interface ActionRun {
  id: number;
  action: Action;
  /** As a user would type it. */
  command: string;
  /** What it has printed, without its beginning if that is long. */
  output: string;
  /** @default - it runs */
  exitCode?: number;
}

/** A box of the diagram, with its centre in pixels. */
export interface Box {
  id: string;
  kind: string;
  name: string;
  x: number;
  y: number;
}

/** The diagram with its places. */
export interface Layout {
  width: number;
  height: number;
  boxes: Box[];
  /** The points of each arrow, as SVG takes them. */
  arrows: string[];
}

/** All but logs, figures and telemetry: sent as a whole when it changes. */
export interface State {
  project: string;
  stack: string;
  platform: string;
  readOnly: boolean;
  /** Why the state may be old: what the cluster or Docker answers. @default - it is live */
  problem?: string;
  /** From left to right, and from top to bottom. */
  diagram: { wide: Layout; narrow: Layout };
  services: Service[];
  events: StatusEvent[];
  failures: FailureCard[];
  action?: ActionRun;
}

/** A log line with its number, which grows by one. */
export type NumberedLine = LogLine & { number: number };

/** Figures of a service at a time. Those that are not known are missing. */
export interface Sample {
  /** Seconds since 1970. */
  time: number;
  /** Requests per second. */
  requests?: number;
  /** Requests per second that were answered with 5xx. */
  errors?: number;
  /** Seconds: mean, and 95th percentile as far as the histogram tells. */
  mean?: number;
  p95?: number;
  /** CPU cores. */
  cpu?: number;
  /** Bytes. */
  memory?: number;
}

export interface Figures {
  /** By service, in the order of time. */
  samples: Record<string, Sample[]>;
  /** Why there is no traffic. @default - there is */
  trafficProblem?: string;
  /** Why CPU and memory are not known. @default - they are */
  usageProblem?: string;
}

/** A trace as the list shows it. */
export interface TraceSummary {
  id: string;
  /** Of the root span, or the first that came. */
  name: string;
  service: string;
  /** RFC 3339. */
  start: string;
  /** Milliseconds. */
  duration: number;
  spans: number;
  failed: boolean;
}

export interface Span {
  id: string;
  /** Empty for a root. */
  parent: string;
  name: string;
  service: string;
  /** Milliseconds since 1970, with fractions. */
  start: number;
  /** Milliseconds. */
  duration: number;
  failed: boolean;
  /** Attributes as text. */
  attributes: Record<string, string>;
}

export interface MetricSeries {
  service: string;
  name: string;
  unit: string;
  description: string;
  /** Attributes as text, such as `http.route=/`. */
  attributes: string;
  /** Seconds since 1970, and the value: of a counter its rate per second, of a histogram its mean in the interval. */
  points: [number, number][];
  kind: "gauge" | "rate" | "mean";
}

/** What came over OTLP, and what was dropped. */
export interface Telemetry {
  traces: TraceSummary[];
  metrics: MetricSeries[];
  received: { traces: number; metrics: number; logs: number };
  /** Spans, series and lines that were dropped to stay within the memory limit. */
  dropped: number;
}
