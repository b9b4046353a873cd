import type * as pulumi from "@pulumi/pulumi";
import { reasonAnnotation } from "../../../lib/security-level.ts";
import type { WebServiceSpec } from "./spec.ts";

/** The metadata of a workload. */
export interface WorkloadMetadata {
  name: string;
  namespace: pulumi.Output<string>;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
}

/** The reason for the level `baseline` is on the workload, where policy rules and people who look at it find it. */
export function withReason(metadata: WorkloadMetadata, { access: { reason } }: WebServiceSpec): WorkloadMetadata {
  return reason === undefined ? metadata : { ...metadata, annotations: { ...metadata.annotations, [reasonAnnotation]: reason } };
}
