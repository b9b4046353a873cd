/** Ends of the names of what all services share: ContainerHost, SwarmHost and createNetworks create these objects. */
const taken = ["proxy", "registry", "helper", "certificates", "way-out"];

/** Name of a Docker object of a service or job that has no further suffix. */
export function objectName(stack: string, unit: string, kind: "service" | "job" | "network"): string {
  return `${stack}-${unit}${taken.includes(unit) ? `-${kind}` : ""}`;
}
