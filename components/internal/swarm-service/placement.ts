import type * as docker from "@pulumi/docker";
import type { SwarmServiceArgs } from "../../swarm-service-args.ts";

/** Where tasks may run. */
export type PlacementArgs = Pick<SwarmServiceArgs, "nodeSelector" | "constraints" | "spread" | "maxPerNode">;

export function placementOf({
  nodeSelector = {},
  constraints = [],
  spread = [],
  maxPerNode,
}: PlacementArgs): docker.types.input.ServiceTaskSpecPlacement {
  return {
    constraints: [...Object.entries(nodeSelector).map(([key, value]) => `node.labels.${key}==${value}`), ...constraints],
    prefs: spread.map((by) => `spread=${by}`),
    maxReplicas: maxPerNode,
  };
}
