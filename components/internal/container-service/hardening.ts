import type { ProbeArgs } from "../../web-service-args.ts";
import type { WebServiceSpec } from "../web-service/spec.ts";
import { goDuration } from "../../../lib/go-duration.ts";
import { parseQuantity } from "../../../lib/quantity.ts";

/** User and group that services run as, as on Kubernetes. */
export const nonRoot = "65532:65532";

/** Where the helper is mounted in every container. */
export const helperFolder = "/.slipway";

/** Go's collector is told nine tenths of the memory, as on Kubernetes. */
export function goMemoryLimit({ resources, env = {}, secretEnv = {} }: WebServiceSpec): string[] {
  if ("GOMEMLIMIT" in env || "GOMEMLIMIT" in secretEnv) return [];
  return [`GOMEMLIMIT=${Math.floor((parseQuantity(resources.memoryLimit)! * 0.9) / 2 ** 10)}KiB`];
}

/** Bytes that the files of all emptyDir volumes may take, which are in memory. */
export function emptyDirBytes({ volumes = {} }: WebServiceSpec): number {
  return Object.values(volumes).reduce((sum, { kind, size }) => sum + (kind === "emptyDir" ? (parseQuantity(size) ?? 0) : 0), 0);
}

/** The most memory in bytes: what the program gets, and its emptyDir volumes. */
export function memoryBytes(spec: WebServiceSpec): { limit: number; reservation: number } {
  const [limit = 0, reservation = 0] = [spec.resources.memoryLimit, spec.resources.memory].map((q) => parseQuantity(q) ?? 0);
  return { limit: limit + emptyDirBytes(spec), reservation };
}

/** The number of a port by its name. */
export function portOf({ port, ports }: WebServiceSpec, name: string): number {
  return name === "http" ? Number(port) : Number(ports[name]);
}

/** What the helper asks, as components/helper/check.go reads it. */
function askOf(spec: WebServiceSpec, { path, port }: Required<ProbeArgs>): string {
  const { kind, command } = spec.probes;
  if (kind === "exec") return `exec:${Buffer.from(JSON.stringify(command)).toString("base64url")}`;
  return kind === "tcp" ? `tcp:${portOf(spec, port)}` : `http:${portOf(spec, port)}${path as string}`;
}

/** The health check that asks in the way of Kubernetes. `unhealthyEnds`: the engine ends by itself what is not healthy. */
export function healthcheckOf(spec: WebServiceSpec, unhealthyEnds: boolean) {
  const { startup, readiness, liveness } = spec.probes;
  const at = (probe: Required<ProbeArgs>) => `${askOf(spec, probe)},${probe.timeoutSeconds}s`;
  const watched = (probe: Required<ProbeArgs>) => `${at(probe)},${probe.periodSeconds}s,${probe.failureThreshold}`;
  const window = Math.max(10, liveness.periodSeconds * liveness.failureThreshold);
  const slack = liveness.failureThreshold * liveness.timeoutSeconds + 10;
  return {
    tests: [
      "CMD",
      `${helperFolder}/helper`,
      "check",
      `-startup=${at(startup)}`,
      `-readiness=${watched(readiness)}`,
      `-liveness=${watched(liveness)}`,
      ...(spec.rollout.minReadySeconds > 0 ? [`-settled=${spec.rollout.minReadySeconds}s`] : []),
      unhealthyEnds ? "-live" : "-end",
    ],
    // A check goes on for a while, and once the service has been ready for as long as the window; this is only the pause between two.
    interval: "100ms",
    timeout: goDuration(Math.max(window * 2, spec.rollout.minReadySeconds) + slack),
    startPeriod: goDuration(startup.periodSeconds * startup.failureThreshold),
    retries: 1,
  };
}
