/** Ports of the helper on the loopback address of a container whose program `slipway dev` replaces. */
export const developmentPorts = {
  /** What `slipway dev` connects to. */
  control: 41954,
  /** What receives OTLP over HTTP: the usual port, https://opentelemetry.io/docs/specs/otlp/#otlphttp-default-port */
  telemetry: 4318,
  /** Where the debugger listens, see components/helper/develop/process.go. */
  debugger: 2345,
};
