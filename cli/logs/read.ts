import type { Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engines.ts";
import { placeOf } from "../workloads/place.ts";
import type { LogLine, LogRequest, Logs } from "./log.ts";
import type { LogPrinter } from "./print.ts";

/** The logs of a stack. Undefined if it is not up here. */
export async function logsOf(stack: Stack, engine: Engine): Promise<Logs | undefined> {
  const place = await placeOf(stack, engine);
  if (place === undefined) return undefined;
  if (place.kind === "kubernetes") {
    const { kubernetesLogs } = await import("./kubernetes.ts");
    return kubernetesLogs(place.cluster, place.namespace, place.labels);
  }
  const { containerLogs, swarmLogs } = await import("./docker.ts");
  const { kind, docker, label } = place;
  return kind === "docker" ? containerLogs(docker, label, `${stack.project}-${stack.name}`) : swarmLogs(docker, label);
}

/**
 * Prints the logs of a stack: those until now in the order of their times; then, if asked to, further lines as they come.
 *
 * @throws UserError if the stack is not up, or has no such service or job.
 */
export async function printLogs(
  stack: Stack,
  engine: Engine,
  request: LogRequest,
  printer: LogPrinter,
  signal: AbortSignal,
): Promise<void> {
  const logs = await logsOf(stack, engine);
  const names = (await logs?.names()) ?? [];
  if (logs === undefined || names.length === 0)
    throw new UserError(`Stack "${stack.name}" runs nothing here, so there are no logs. Run slipway up --stack ${stack.name} first.`);
  const { service, follow } = request;
  if (service !== undefined && !names.includes(service))
    throw new UserError(`Stack "${stack.name}" has no logs of a service or job "${service}". It has those of ${names.join(", ")}.`);
  const lines: LogLine[] = [];
  let isFollowing = false;
  const began = new Date().toISOString();
  const flush = () => {
    isFollowing = true;
    for (const line of lines.splice(0).sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))) printer.print(line);
  };
  const emit = (line: LogLine) => {
    // A line that was printed after the start is new: all earlier ones have been sorted or come late.
    if (!isFollowing && follow && line.time > began) flush();
    if (isFollowing) printer.print(line);
    else lines.push(line);
  };
  const timer = follow ? setTimeout(flush, sortMs) : undefined;
  try {
    await logs.read(request, emit, signal);
  } finally {
    clearTimeout(timer);
    flush();
  }
}

/** Milliseconds in which the earlier lines of all containers have come, and are sorted, before new ones are printed as they come. */
const sortMs = 500;
