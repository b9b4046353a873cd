/** A line that a service or a job has printed. */
export interface LogLine {
  /** RFC 3339, in UTC, with nanoseconds. */
  time: string;
  service: string;
  /** The pod, container or Swarm task that has printed it. */
  from: string;
  text: string;
}

/** Which lines are wanted. */
export interface LogRequest {
  /** @default - of all services and jobs */
  service: string | undefined;
  /** Only lines after this time. @default - all that are kept */
  since: Date | undefined;
  /** How many of the last lines of each container. @default - all */
  lines: number | undefined;
  /** Whether to go on with new lines and new containers, until `signal` is aborted. */
  follow: boolean;
}

/** The logs of a stack where it runs. */
export interface Logs {
  /** Names of the services and jobs that have run and whose logs are kept. */
  names(): Promise<string[]>;
  /** Calls `emit` for each line, those of one container in order. Returns at the end, or once `signal` is aborted. */
  read(request: LogRequest, emit: (line: LogLine) => void, signal: AbortSignal): Promise<void>;
}

/** Splits a line with the timestamp that Kubernetes and Docker put before it. */
export function timed(line: string): { time: string; text: string } {
  const space = line.indexOf(" ");
  return space < 0 ? { time: line, text: "" } : { time: line.slice(0, space), text: line.slice(space + 1) };
}
