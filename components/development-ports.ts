/** Ports of the helper in a container whose program `slipway dev` replaces. */
export const developmentPorts = {
  /** What `slipway dev` connects to, on the loopback address. */
  control: 41954,
  /** What receives OTLP over HTTP, on the loopback address: the usual port, https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port */
  telemetry: 4318,
  /** Where the debugger listens, see components/helper/develop/process.go. */
  debugger: 2345,
  /** The first of those that lead to published ports of the program, on all addresses of the container. */
  held: 41960,
};
