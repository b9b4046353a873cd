import type { Manifest } from "../../lib/kubernetes-client.ts";

/** The class of Network Load Balancers in EKS Auto Mode. The open-source controller takes any name, as a flag. */
export const nlbClass = "eks.amazonaws.com/nlb";

/**
 * An object for EKS Auto Mode in the form of the open-source AWS Load Balancer Controller. Of the differences that AWS lists, only names
 * concern our objects: https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-alb.html#_considerations.
 *
 * @throws Error if the object does not have the name of Auto Mode, because AWS would ignore it.
 */
export function forOpenSourceController(manifest: Manifest): Manifest {
  switch (manifest.kind) {
    case "Namespace": {
      const { "eks.amazonaws.com/pod-readiness-gate-inject": gates, ...labels } = manifest.metadata!.labels!;
      if (gates === undefined) throw new Error("the namespace does not ask for readiness gates");
      const metadata: object = manifest.metadata!;
      return { ...manifest, metadata: { ...metadata, labels: { ...labels, "elbv2.k8s.aws/pod-readiness-gate-inject": gates } } };
    }
    case "IngressClass": {
      const { controller, parameters } = manifest["spec"];
      const spec = {
        controller: instead(controller, "eks.amazonaws.com/alb", "ingress.k8s.aws/alb"),
        parameters: { ...parameters, apiGroup: instead(parameters.apiGroup, "eks.amazonaws.com", "elbv2.k8s.aws") },
      };
      return { ...manifest, spec };
    }
    case "IngressClassParams": {
      const { certificateARNs: certificateArn, ...spec } = manifest["spec"];
      const apiVersion = instead(manifest.apiVersion, "eks.amazonaws.com/v1", "elbv2.k8s.aws/v1beta1");
      return { ...manifest, apiVersion, spec: { ...spec, certificateArn } };
    }
    default:
      return manifest;
  }
}

function instead(name: unknown, autoMode: string, openSource: string): string {
  if (name !== autoMode) throw new Error(`must be ${autoMode} (got ${JSON.stringify(name)})`);
  return openSource;
}
