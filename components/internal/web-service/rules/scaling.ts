import type { WebServiceArgs } from "../../../web-service-args.ts";
import { parseQuantity } from "../../../../lib/quantity.ts";
import type { WebServiceSpec } from "../spec.ts";
import { problemWithNumber, type Report } from "../../../../lib/problem.ts";

/** Maximum stabilization window in seconds, https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/. */
const maxWindow = 3600;

export function checkScaling(args: WebServiceArgs, spec: WebServiceSpec, report: Report): void {
  const { autoscaling, maxUnavailable } = args;
  report(["replicas"], problemWithNumber(args.replicas, 1));
  report(["maxUnavailable"], problemWithNumber(maxUnavailable, 1));
  const [source, pods] = spec.autoscaling ? ["autoscaling.minReplicas", spec.autoscaling.minReplicas] : ["replicas", spec.replicas];
  report(
    ["maxUnavailable"],
    maxUnavailable !== undefined &&
      typeof pods === "number" &&
      pods > 1 &&
      maxUnavailable >= pods &&
      `must be less than ${source} = ${pods} (got ${maxUnavailable}), or draining nodes may stop every replica`,
  );
  if (!autoscaling || !spec.autoscaling) return;
  report(["replicas"], args.replicas !== undefined && "cannot be combined with autoscaling. Remove one of them");
  const { minReplicas } = spec.autoscaling;
  report(["autoscaling", "minReplicas"], problemWithNumber(minReplicas, 1));
  report(
    ["autoscaling", "maxReplicas"],
    problemWithNumber(autoscaling.maxReplicas, 1) ??
      (autoscaling.maxReplicas < minReplicas && `must be at least minReplicas = ${minReplicas} (got ${autoscaling.maxReplicas})`),
  );
  for (const key of ["scaleDownSeconds", "scaleUpSeconds"] as const)
    report(["autoscaling", key], problemWithNumber(autoscaling[key], 0, maxWindow));
  checkUtilization("cpu", autoscaling.cpu, spec.resources.cpu, spec.resources.cpuLimit, report);
  checkUtilization("memory", autoscaling.memory, spec.resources.memory, spec.resources.memoryLimit, report);
}

/** The target must be a share of the request that pods can reach. */
function checkUtilization(key: string, percent: number | undefined, request: string, limit: string | undefined, report: Report): void {
  if (percent === undefined) return;
  const reachable = limit === undefined ? Infinity : (100 * Number(parseQuantity(limit))) / Number(parseQuantity(request));
  report(
    ["autoscaling", key],
    !(Number.isInteger(percent) && percent >= 1 && percent <= 1000)
      ? `must be between 1 and 1000 percent of the request (got ${percent})`
      : percent >= reachable &&
          `must be less than the limit, which is ${Math.floor(reachable)} percent of the request (got ${percent}), or replicas are never added. Lower it, or raise resources.${key}Limit`,
  );
}
