import type * as pulumi from "@pulumi/pulumi";
import { reasonAnnotation } from "../../../lib/security-level.ts";
import { workerAnnotation } from "../../../lib/worker.ts";
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
