import { z } from "zod";
import { TolerationEffect, TolerationOperator } from "../../../components/web-service-enums.ts";
import { goMemoryShare, serviceDefaults as defaults, writableRootSize } from "../../../components/web-service-defaults.ts";
import { onDockerAndSwarm, setting, unsupported } from "../setting.ts";
import { text, quantity, labels, manifest, oneHost } from "./common.ts";

const diskLimit = unsupported("the root file system is read-only, logs are rotated, and emptyDir volumes have a size. Remove it");

/** What the service may use, and where it runs. */
export const resources = {
  resources: setting(
    z.strictObject({
      cpu: setting(quantity, {
        meaning: "CPU request",
        default: defaults.resources.cpu,
        example: "100m",
        on: { docker: { how: "CPU shares" }, swarm: { how: "a reservation" } },
      }),
      cpuLimit: setting(quantity, { meaning: "CPU limit", without: "none: idle CPU can be used, and nothing is throttled", example: "2" }),
      memory: setting(quantity, {
        meaning: "Memory request",
        default: defaults.resources.memory,
        example: "48Mi",
        on: { docker: { how: "a soft limit" }, swarm: { how: "a reservation" } },
      }),
      memoryLimit: setting(quantity, {
        meaning: `Memory limit. Go's garbage collector gets ${goMemoryShare * 100} % of it as GOMEMLIMIT`,
        without: "the memory request",
        example: "256Mi",
      }),
      ephemeralStorage: setting(quantity, {
        meaning: "Request of ephemeral storage, for logs and emptyDir volumes",
        without: `${defaults.resources.ephemeralStorage}, with a writable root file system ${writableRootSize}, plus the sizes of emptyDir volumes`,
        example: "128Mi",
        on: onDockerAndSwarm(diskLimit),
      }),
      ephemeralStorageLimit: setting(quantity, {
        meaning: "Limit of ephemeral storage. A pod that exceeds it is evicted",
        without: "the request",
        example: "1Gi",
        on: onDockerAndSwarm(diskLimit),
      }),
    }),
    { meaning: "Resource requests and limits, as Kubernetes quantities", type: "ResourcesArgs" },
  ),
  priorityClassName: setting(text, {
    meaning: "PriorityClass of the pods",
    without: "none",
    example: "critical",
    input: true,
    on: onDockerAndSwarm(unsupported("there are no priorities. Remove it")),
  }),
  nodeSelector: setting(labels, {
    meaning: "Labels that nodes must have",
    without: "any node",
    example: { disk: "ssd" },
    input: true,
    on: { docker: oneHost, swarm: { how: "constraints on node labels" } },
  }),
  tolerations: setting(
    z.array(
      z.strictObject({
        key: setting(text, { meaning: "Key of the taint", without: "any" }),
        operator: setting(z.enum(TolerationOperator), {
          meaning: "How `value` is compared",
          without: "Exists if there is no value, otherwise Equal",
          type: "TolerationOperator",
        }),
        value: setting(text, { meaning: "Value of the taint", without: "any" }),
        effect: setting(z.enum(TolerationEffect), { meaning: "Effect of the taint", without: "all", type: "TolerationEffect" }),
      }),
    ),
    {
      meaning: "Node taints that the pods tolerate",
      without: "none",
      example: [{ key: "dedicated", value: "web", effect: "NoSchedule" }],
      type: "TolerationArgs[]",
      on: { docker: oneHost, swarm: unsupported("nodes have no taints. Use labels in nodeSelector") },
    },
  ),
  affinity: setting(
    z.strictObject({ nodeAffinity: manifest.optional(), podAffinity: manifest.optional(), podAntiAffinity: manifest.optional() }),
    {
      meaning: "Affinity, as in the Kubernetes API. See also `topologySpread`",
      without: "none",
      example: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      type: "k8s.types.input.core.v1.Affinity",
      input: true,
      on: { docker: oneHost, swarm: unsupported("there are only constraints. Use labels in nodeSelector") },
    },
  ),
};
