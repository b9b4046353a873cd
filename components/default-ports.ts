/** Default ports of a local cluster and of the proxy and the registry on a Docker host. */
export const defaultPorts = { api: 6550, http: 8080, https: 8443, registry: 5001 } as const;
