/** Images that Slipway runs by default. `slipway setup` builds a replacement for one that cannot be pulled. */
export const defaultImages = {
  /** Kubernetes node of a LocalCluster. */
  node: "rancher/k3s:v1.36.3-k3s1",
  /** Container registry: CNCF Distribution. */
  registry: "registry:3",
  /** Proxy of a ContainerHost or SwarmHost: the latest Traefik that was built and tested, https://github.com/traefik/traefik/releases. */
  proxy: "traefik:v3.6.12",
} as const;
