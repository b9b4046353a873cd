import { settingsIn, type Stack } from "../../config/stack-file.ts";
import { isMap } from "../../lib/property-path.ts";
import type { KnownClusterFacts } from "../../platforms/eks/target-cluster.ts";

/** Platforms of the nodes of EKS Auto Mode, unless a stack says otherwise. */
const usual = ["linux/amd64"];

/**
 * The output `platform` of the stack that `eks.stack` names. The real one is in Pulumi's backend; this one fits what the stack asks for, so that
 * only the deployment finds that the cluster has another region, domain or platform.
 */
export function exampleCluster(stack: Pick<Stack, "config">): KnownClusterFacts {
  const { region } = settingsIn(stack, "eks");
  const all = Object.values({ ...settingsIn(stack, "services"), ...settingsIn(stack, "jobs") }).filter(isMap);
  const hosts = all.flatMap(({ host, routes }) => [
    host,
    ...(Array.isArray(routes) ? routes.map((route) => isMap(route) && route.host) : []),
  ]);
  // All hosts are directly below the domain.
  const [, domain] = /^[^.]+\.(.+)$/.exec(String(hosts.find((host) => typeof host === "string"))) ?? [];
  const built = all
    .filter(({ source }) => source !== undefined)
    .map(({ platforms }) => new Set<unknown>(Array.isArray(platforms) ? platforms : usual));
  const common = [...(built[0] ?? [])].map(String).filter((platform) => built.every((one) => one.has(platform)));
  return {
    clusterArn: `arn:aws:eks:${String(region)}:111122223333:cluster/shared`,
    endpoint: "https://api.example",
    certificateAuthority: "Q0E=",
    autoMode: true,
    loadBalancerCidrs: ["10.0.0.0/16"],
    nodePlatforms: common.length > 0 ? common : usual,
    domain: domain === undefined ? undefined : { name: domain, zoneId: "Z0123456789EXAMPLE" },
  };
}
