import type * as pulumi from "@pulumi/pulumi";
import { reasonAnnotation } from "../../../lib/security-level.ts";
import { workerAnnotation } from "../../../lib/worker.ts";
import { knownIngressClass } from "./ingress-classes.ts";
import type { WebServiceSpec } from "./spec.ts";

/** The metadata of a workload. */
export interface WorkloadMetadata {
  name: string;
  namespace: pulumi.Output<string>;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

/** What policy rules, and people who look at a workload, must know: the reason for the level `baseline`, and that it needs no probes. */
export function annotated(metadata: WorkloadMetadata, { access: { reason }, probes }: WebServiceSpec): WorkloadMetadata {
  const annotations = {
    ...metadata.annotations,
    ...(reason !== undefined && { [reasonAnnotation]: reason }),
    ...(probes.kind === "none" && { [workerAnnotation]: "true" }),
  };
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

/**
 * Annotations of the Service behind an Ingress. The load balancer of GKE reaches a Service without node ports only directly at its pods:
 * https://cloud.google.com/kubernetes-engine/docs/how-to/container-native-load-balancing.
 */
export function serviceAnnotations({ expose, ingressClassName }: WebServiceSpec): Record<string, string> | undefined {
  const isGce = expose === "ingress" && knownIngressClass(ingressClassName)?.controller === "gce";
  return isGce ? { "cloud.google.com/neg": '{"ingress": true}' } : undefined;
}
