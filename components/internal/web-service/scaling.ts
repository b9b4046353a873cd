import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../labels.ts";
import type { WebServiceSpec } from "./spec.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;

/** Creates the autoscaler and the disruption budget. */
export function createScaling(spec: WebServiceSpec, metadata: Meta, opts: pulumi.CustomResourceOptions): void {
  if (spec.autoscaling) createAutoscaler(spec, spec.autoscaling, metadata, opts);
  // A budget for a single pod would prevent its node from being drained.
  if (!spec.several) return;
  new k8s.policy.v1.PodDisruptionBudget(
    spec.name,
    {
      metadata,
      spec: {
        maxUnavailable: spec.maxUnavailable,
        // Unhealthy pods must not prevent a node from being drained.
        unhealthyPodEvictionPolicy: "AlwaysAllow",
        selector: { matchLabels: selectorLabels(spec.name) },
      },
    },
    opts,
  );
}

function createAutoscaler(
  { name, kind }: WebServiceSpec,
  { minReplicas, maxReplicas, cpu, memory, scaleUpSeconds, scaleDownSeconds }: NonNullable<WebServiceSpec["autoscaling"]>,
  metadata: Meta,
  opts: pulumi.CustomResourceOptions,
): void {
  const percent = (resource: string, averageUtilization: number | undefined) =>
    averageUtilization === undefined
      ? []
      : [{ type: "Resource", resource: { name: resource, target: { type: "Utilization", averageUtilization } } }];
  new k8s.autoscaling.v2.HorizontalPodAutoscaler(
    name,
    {
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: kind === "stateful" ? "StatefulSet" : "Deployment", name },
        minReplicas,
        maxReplicas,
        metrics: [...percent("cpu", cpu), ...percent("memory", memory)],
        behavior: {
          scaleUp: { stabilizationWindowSeconds: scaleUpSeconds, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
          scaleDown: { stabilizationWindowSeconds: scaleDownSeconds, policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] },
        },
      },
    },
    opts,
  );
}
