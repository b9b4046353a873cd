import { z } from "zod";
import { TopologySpread, WorkloadKind } from "../../../components/web-service-enums.ts";
import { serviceDefaults as defaults } from "../../../components/web-service-defaults.ts";
import { always, required, setting, unsupported } from "../setting.ts";
import { seconds, oneHost } from "./common.ts";

/** Replicas, and how a new version replaces them. */
export const scaling = {
  kind: setting(z.enum(WorkloadKind), {
    meaning: "stateless: replicas are interchangeable (a Deployment); stateful: each replica has its own name and volumes (a StatefulSet)",
    default: defaults.kind,
    example: "stateful",
    type: "WorkloadKind",
    on: { swarm: { how: "stateful: a volume and a host name for each slot" } },
  }),
  replicas: setting(z.int(), {
    meaning: "Number of replicas. Cannot be combined with `autoscaling`",
    default: defaults.replicas,
    example: 3,
    input: true,
  }),
  autoscaling: setting(
    z.strictObject({
      minReplicas: setting(z.int(), { meaning: "Minimum number of replicas", default: defaults.autoscaling.minReplicas, example: 3 }),
      maxReplicas: required(z.int(), { meaning: "Maximum number of replicas", example: 5 }),
      cpu: setting(z.int(), {
        meaning: "Target average CPU utilization, in percent of the CPU request",
        without: `${defaults.autoscaling.cpu}, unless \`memory\` is set`,
        example: 50,
      }),
      memory: setting(z.int(), {
        meaning: "Target average memory utilization, in percent of the memory request",
        without: "memory is not considered",
        example: 60,
      }),
      scaleDownSeconds: setting(seconds, {
        meaning: "Scale-down stabilization window in seconds",
        default: defaults.autoscaling.scaleDownSeconds,
        example: 60,
      }),
      scaleUpSeconds: setting(seconds, {
        meaning: "Scale-up stabilization window in seconds. Replicas then at most double every 15 s",
        default: defaults.autoscaling.scaleUpSeconds,
        example: 30,
      }),
    }),
    {
      meaning: "Horizontal pod autoscaling, instead of `replicas`",
      without: "a fixed number of replicas",
      example: { maxReplicas: 5 },
      type: "AutoscalingArgs",
      on: {
        docker: unsupported("Docker has no autoscaling. Set replicas"),
        swarm: unsupported("Swarm has no autoscaling. Set replicas"),
      },
    },
  ),
  maxUnavailable: setting(z.int(), {
    meaning: "Maximum number of unavailable replicas while nodes are drained (PodDisruptionBudget), if there are several",
    default: defaults.maxUnavailable,
    example: 2,
    on: { docker: oneHost, swarm: unsupported("Swarm moves all tasks off a drained node. Remove it") },
  }),
  topologySpread: setting(z.enum(TopologySpread), {
    meaning: "How replicas spread over zones and nodes: preferred (as evenly as possible), required (evenly, or they stay pending) or none",
    default: defaults.topologySpread,
    example: "required",
    type: "TopologySpread",
    on: {
      docker: always(["preferred", "none"], "preferred and none: there is one machine", "there is one machine. Set preferred"),
      swarm: always(
        ["preferred"],
        "preferred: over nodes, and over what swarm.spread names",
        "Swarm spreads tasks as evenly as possible. Set preferred",
      ),
    },
  }),
  rollout: setting(
    z.strictObject({
      maxSurge: setting(
        z.union([z.string(), z.int().transform(String)], { error: 'must be a number of replicas or a percentage such as "25%"' }),
        {
          meaning: "Additional replicas during a rollout, as a number or a percentage. Only for kind stateless",
          default: defaults.rollout.maxSurge,
          example: "1",
          type: "string",
          input: true,
          on: { docker: { how: "new replicas that start at a time" }, swarm: { how: "tasks that are replaced at a time" } },
        },
      ),
      minReadySeconds: setting(seconds, {
        meaning: "Seconds that a new replica must be ready before it counts as available",
        default: defaults.rollout.minReadySeconds,
        example: 7,
      }),
      progressDeadlineSeconds: setting(seconds, {
        meaning: "Seconds without progress after which a rollout has failed. Pulumi waits a little longer",
        default: defaults.rollout.progressDeadlineSeconds,
        example: 300,
      }),
    }),
    { meaning: "How a new version replaces the previous one. At no time do fewer than `replicas` serve", type: "RolloutArgs" },
  ),
};
