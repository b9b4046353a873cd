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
