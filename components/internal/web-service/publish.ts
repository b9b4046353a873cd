import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../labels.ts";
import { controllerNlbClass, nlbClass } from "../../web-service-args.ts";
import { PublishingType } from "../../web-service-enums.ts";
import { publishedName } from "./published-name.ts";
import { readinessPort } from "./controllers.ts";
import type { WebServiceSpec } from "./spec.ts";

/** A cloud creates a load balancer first. */
const customTimeouts = { create: "10m", update: "10m" };

/** The Service that clients outside the cluster reach; undefined if nothing is published. */
export function createPublished(
  spec: WebServiceSpec,
  metadata: k8s.types.input.meta.v1.ObjectMeta,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Service | undefined {
  const { name, publish, publishing = {} } = spec;
  const ports = Object.entries(publish);
  if (ports.length === 0) return undefined;
  const { type = PublishingType.LoadBalancer, nodePorts = {}, loadBalancerClass } = publishing;
  const annotations = { ...(isNlb(spec) && nlbAnnotations(spec)), ...publishing.annotations };
  return new k8s.core.v1.Service(
    publishedName(name),
    {
      metadata: { ...metadata, name: publishedName(name), annotations },
      spec: {
        type,
        loadBalancerClass,
        loadBalancerSourceRanges: ports[0]![1].sourceRanges,
        selector: selectorLabels(name),
        ports: ports.map(([name, { port, targetPort, protocol }]) => ({ name, port, targetPort, protocol, nodePort: nodePorts[name] })),
      },
    },
    { ...opts, customTimeouts },
  );
}

/** https://docs.aws.amazon.com/eks/latest/userguide/auto-configure-nlb.html */
function nlbAnnotations(spec: WebServiceSpec): Record<string, pulumi.Input<string>> {
  const prefix = "service.beta.kubernetes.io/aws-load-balancer";
  const { kind, readiness } = spec.probes;
  const common = {
    // Directly to the pods.
    [`${prefix}-nlb-target-type`]: "ip",
    // The default is 300 s, longer than a rollout: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html.
    [`${prefix}-target-group-attributes`]: "deregistration_delay.timeout_seconds=30",
  };
  // Without them, every port is checked over TCP, which one for UDP never answers.
  if (!isCheckedByNlb(spec)) return common;
  return {
    ...common,
    [`${prefix}-healthcheck-protocol`]: kind,
    [`${prefix}-healthcheck-port`]: readinessPort(spec),
    ...(kind === "http" && { [`${prefix}-healthcheck-path`]: readiness.path }),
  };
}

function isNlb({ publishing }: WebServiceSpec): boolean {
  return publishing?.loadBalancerClass === nlbClass || publishing?.loadBalancerClass === controllerNlbClass;
}

/** Whether a Network Load Balancer checks the port of the readiness probe, instead of each published port. */
export function isCheckedByNlb(spec: WebServiceSpec): boolean {
  return isNlb(spec) && (spec.probes.kind === "http" || spec.probes.kind === "tcp");
}
