import { z } from "zod";
import { ProbeKind } from "../../../components/web-service-enums.ts";
import { graceMarginSeconds, serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { onDockerAndSwarm, setting, unsupported } from "../setting.ts";
import { text, seconds } from "./common.ts";

const probe = (which: keyof typeof defaults.probes, meaning: string) => {
  const fallback = defaults.probes[which];
  const count = z.int().min(1);
  return setting(
    z.strictObject({
      path: setting(z.string().startsWith("/", 'must begin with "/"'), {
        meaning: "Path of the request. Only for kind http",
        default: fallback.path,
        example: "/health",
        input: true,
      }),
      port: setting(text, {
        meaning: "Name of the port: http, or one of `ports` and `publish`. Not for kind exec",
        default: fallback.port,
        example: "http",
      }),
      periodSeconds: setting(count, { meaning: "Seconds between two probes", default: fallback.periodSeconds, example: 4 }),
      timeoutSeconds: setting(count, { meaning: "Seconds until a probe times out", default: fallback.timeoutSeconds, example: 3 }),
      failureThreshold: setting(count, {
        meaning: "Consecutive failures after which the probe has failed",
        default: fallback.failureThreshold,
        example: 5,
      }),
    }),
    { meaning, type: "ProbeArgs" },
  );
};

/** Probes, start and stop. */
export const lifecycle = {
  probes: setting(
    z.strictObject({
      kind: setting(z.enum(ProbeKind), {
        meaning:
          "Kind of all probes: http (a request, answered with 200 to 399), tcp (a connection), exec (a command that exits with 0) or none (for a program that nobody calls)",
        default: defaults.probeKind,
        example: "tcp",
        type: "ProbeKind",
      }),
      command: setting(z.array(z.string()), {
        meaning: "Command and its arguments, for kind exec",
        without: "none",
        example: ["/app", "check"],
      }),
      startup: probe(
        "startup",
        "Startup probe. The other probes wait until it succeeds; a replica that does not start in time is restarted",
      ),
      readiness: probe("readiness", "Readiness probe: succeeds while the replica can take requests"),
      liveness: probe("liveness", "Liveness probe: succeeds unless the replica must be restarted. It must not check dependencies"),
    }),
    {
      meaning: "Health probes",
      type: "ProbesArgs",
      on: onDockerAndSwarm({ how: "the health check, run by Slipway's helper" }),
    },
  ),
  shutdown: setting(
    z.strictObject({
      sleepSeconds: setting(seconds, {
        meaning: "Seconds between removal from the Service and SIGTERM, in which proxies notice the removal",
        default: defaults.shutdown.sleepSeconds,
        example: 3,
        on: { swarm: unsupported("Swarm itself waits about 2 s before SIGTERM. Remove it") },
      }),
      drainSeconds: setting(seconds, {
        meaning: "Seconds that the program has from SIGTERM to its exit",
        default: defaults.shutdown.drainSeconds,
        example: 40,
      }),
      gracePeriodSeconds: setting(seconds, {
        meaning: "Seconds until the replica is killed",
        without: `sleepSeconds + drainSeconds + ${graceMarginSeconds}`,
        example: 90,
      }),
    }),
    { meaning: "How a replica stops: it leaves the Service, sleeps, gets SIGTERM, and exits", type: "ShutdownArgs" },
  ),
};
