/** Ports that Slipway publishes on the Docker host by default. */
export const defaultPorts = {
  /** Kubernetes API of a LocalCluster. */
  api: 6550,
  /** HTTP of all services with a host. */
  http: 8080,
  /** HTTPS of all services with a host. */
  https: 8443,
  /** Container registry. */
  registry: 5001,
} as const;

/** Loopback address, where Slipway publishes ports by default: only this machine reaches them. */
export const loopback = "127.0.0.1";

/** The ports that URLs leave out. */
export const standardPorts = { http: 80, https: 443 } as const;

/** Port on the loopback address of the proxy's container on Docker, for its health and its metrics, which services must not read. */
export const proxyMetricsPort = 8082;
