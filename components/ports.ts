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
