import type { Settings } from "./convert.ts";
import type { Ports } from "./ports.ts";
import { defined, seconds, type Unit } from "./unit.ts";

/** A request to the container itself, such as `curl -f http://localhost:8080/health`. */
const request = /\b(?:curl|wget)\b.*?\b(?:https?:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s"'|&;]*)?/;

/** Seconds that a program has to start, if the file says nothing. Databases take longer than Go services. */
const startSeconds = 60;

/** The probes of a service: its health check, or a connection to its port. */
export function convertHealth({ compose, credentials, note, assume }: Unit, { settings, port, named }: Ports): Settings {
  const {
    test = [],
    disable,
    interval,
    timeout,
    retries,
    start_period: startPeriod,
    start_interval: startInterval,
  } = compose.healthcheck ?? {};
  const [kind, ...rest] = test;
  if (startInterval !== undefined) note("healthcheck.start_interval", "is left out, because the startup probe runs every second");
  if (disable || kind === "NONE" || test.length === 0) {
    if (port === undefined) return { probes: { kind: "none" } };
    if (disable || kind === "NONE") note("healthcheck", "is switched off; the probes open a TCP connection, so that no request is lost");
    else
      assume(
        ["probes"],
        "The file has no health check, so the probes open a TCP connection. Remove this if the service has /healthz and /readyz.",
      );
    return { probes: { kind: "tcp" } };
  }
  const numbers = defined({ periodSeconds: seconds(interval), timeoutSeconds: seconds(timeout), failureThreshold: retries });
  const startup = { failureThreshold: Math.max(startSeconds, seconds(startPeriod) ?? 0) };
  const start = startPeriod === undefined ? {} : { startup };
  const text = rest.join(" ");
  const [found, at, path = "/"] = request.exec(text) ?? [];
  if (found !== undefined && port !== undefined) {
    const usual = named[/https:/.test(found) ? 443 : 80];
    // Without a port in the URL and in the ports, the main port is the best guess.
    const name =
      at === undefined ? (usual ?? "http") : Number(at) === port ? "http" : (named[Number(at)] ?? addPort(settings, named, Number(at)));
    const probe = { path, ...(name !== "http" && { port: name }), ...numbers };
    const ofStart = { path, ...(name !== "http" && { port: name }), ...start.startup };
    return { probes: { startup: ofStart, readiness: probe, liveness: probe } };
  }
  const command = kind === "CMD-SHELL" ? ["sh", "-c", text] : rest;
  const same = Object.keys(numbers).length > 0 ? { readiness: numbers, liveness: numbers } : {};
  return { probes: { kind: "exec", command: credentials.markArguments(command), ...start, ...same } };
}

/** Declares a port that only the health check names. */
function addPort(settings: Settings, named: Record<number, string>, number: number): string {
  const name = "health";
  named[number] = name;
  settings["ports"] = { ...(settings["ports"] as object | undefined), [name]: number };
  return name;
}
