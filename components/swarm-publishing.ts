/** How the ports of the proxy are published, https://docs.docker.com/engine/swarm/ingress/. */
export const Publishing = {
  /** A proxy on every node, on the ports of that node. */
  Host: "host",
  /** Swarm's routing mesh: every node forwards to one of the proxies. The kernel of the nodes must have IPVS. */
  Mesh: "mesh",
} as const;
export type Publishing = (typeof Publishing)[keyof typeof Publishing];

/** Number of proxies behind the routing mesh. */
export const defaultProxies = 2;
