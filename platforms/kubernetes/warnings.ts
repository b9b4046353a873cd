import type { Configuration } from "../../config/settings.ts";
import { settingProblem } from "../setting-problem.ts";
import type { SeenCluster } from "./look.ts";
import { enforcesNetworkPolicies } from "./network-policies.ts";

/** API group of the metrics that autoscaling needs, https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/. */
const metricsGroup = "metrics.k8s.io";

/** What the cluster lacks for a stack, although it can be deployed. What the deployer may not read is not looked at. */
export function warningsOf({ services, jobs }: Pick<Configuration, "services" | "jobs">, seen: SeenCluster): string[] {
  const { groups, flavour, daemonSets } = seen;
  const scaled = Object.entries(services).filter(([, { autoscaling }]) => autoscaling !== undefined);
  const noMetrics = groups !== undefined && !groups.includes(metricsGroup);
  const isolated = Object.values({ ...services, ...jobs }).some(({ network }) => network?.isolated !== false);
  return [
    ...(noMetrics ? scaled : []).map(([name]) =>
      settingProblem(
        ["services", name, "autoscaling"],
        `has no effect, because the cluster has no metrics (API group ${metricsGroup}). Let an administrator install metrics-server, or set replicas`,
      ),
    ),
    ...(isolated && enforcesNetworkPolicies(flavour, daemonSets) === false
      ? [
          "the cluster's network plugin does not enforce network policies: pods of other namespaces can reach these services, and these services everything. Let an administrator install one that does, such as Calico or Cilium.",
        ]
      : []),
  ];
}
