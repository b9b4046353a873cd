import { LoadBalancerScheme } from "../components/eks-load-balancer-args.ts";

// What services need behind a load balancer of AWS, on every platform.

/** An AWS load balancer needs some seconds to stop sending requests to a terminating pod. */
export const loadBalancerShutdown = { sleepSeconds: 20 };

/** A node takes about a minute to start, and a load balancer up to 45 s to send requests to a pod. */
export const awaitAtLeastSeconds = 600;

/** Label of namespaces whose pods become ready once the load balancer sends requests to them, and its value. */
export const readinessGate = {
  /** https://docs.aws.amazon.com/eks/latest/userguide/auto-elb-example.html */
  autoMode: { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" },
  /** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/ */
  controller: { "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled" },
};

/** Annotations of a Network Load Balancer, https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html. */
export function nlbAnnotations({
  scheme = LoadBalancerScheme.InternetFacing,
  subnetIds,
  tags,
}: {
  scheme?: LoadBalancerScheme | undefined;
  subnetIds?: string[] | undefined;
  tags: Record<string, string>;
}): Record<string, string> {
  const prefix = "service.beta.kubernetes.io/aws-load-balancer";
  return {
    [`${prefix}-scheme`]: scheme,
    ...(subnetIds && { [`${prefix}-subnets`]: subnetIds.join(",") }),
    [`${prefix}-additional-resource-tags`]: Object.entries(tags)
      // A comma separates tags.
      .filter(([, value]) => !value.includes(","))
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
  };
}
