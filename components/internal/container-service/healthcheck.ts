import type { ProbeArgs } from "../../web-service-args.ts";
import { mainPort, type WebServiceSpec } from "../web-service/spec.ts";
import { goDuration } from "../../../lib/go-duration.ts";

/** Mount path of the helper in every container. */
export const helperFolder = "/.slipway";

/** Number of a named port. */
export function portNumber({ port, ports, publish }: WebServiceSpec, name: string): number {
  return Number(name === mainPort ? port : (ports[name] ?? publish[name]?.targetPort));
}

/** A probe as components/helper/check.go parses it. */
function probeOf(spec: WebServiceSpec, { path, port }: Required<ProbeArgs>): string {
  const { kind, command } = spec.probes;
  if (kind === "none") return "none:";
  if (kind === "exec") return `exec:${Buffer.from(JSON.stringify(command)).toString("base64url")}`;
  return kind === "tcp" ? `tcp:${portNumber(spec, port)}` : `http:${portNumber(spec, port)}${path as string}`;
}

/**
 * A Docker health check that runs the probes as the kubelet does.
 *
 * @param unhealthyEnds whether Docker itself ends an unhealthy container, as Swarm does
 */
export function healthcheckOf(spec: WebServiceSpec, unhealthyEnds: boolean) {
  const { startup, readiness, liveness } = spec.probes;
  const once = (probe: Required<ProbeArgs>) => `${probeOf(spec, probe)},${probe.timeoutSeconds}s`;
  const repeated = (probe: Required<ProbeArgs>) => `${once(probe)},${probe.periodSeconds}s,${probe.failureThreshold}`;
  const window = Math.max(10, liveness.periodSeconds * liveness.failureThreshold);
  const slack = liveness.failureThreshold * liveness.timeoutSeconds + 10;
  return {
    tests: [
      "CMD",
      `${helperFolder}/helper`,
      "check",
      `-startup=${once(startup)}`,
      `-readiness=${repeated(readiness)}`,
      `-liveness=${repeated(liveness)}`,
      ...(spec.rollout.minReadySeconds > 0 ? [`-settled=${spec.rollout.minReadySeconds}s`] : []),
      unhealthyEnds ? "-live" : "-end",
    ],
    // One check probes for as long as the window once the service has been ready; the interval is only the pause between two checks.
    interval: "100ms",
    timeout: goDuration(Math.max(window * 2, spec.rollout.minReadySeconds) + slack),
    startPeriod: goDuration(startup.periodSeconds * startup.failureThreshold),
    retries: 1,
  };
}
