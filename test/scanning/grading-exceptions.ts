import type { Manifest } from "../../lib/kubernetes-client.ts";

/** A finding of kube-score that is accepted, because its intent is met in another way, or because the settings request it. */
export interface Exception {
  /** The check's id, https://github.com/zegl/kube-score/blob/master/README_CHECKS.md. */
  check: string;
  /** The summary of the finding, if the check has several. @default - any. */
  summary?: string;
  /** Matches the kind and name of objects. */
  object: RegExp;
  /** The condition under which the finding is accepted. */
  where: (object: Manifest) => boolean;
  reason: string;
}

const workload = /^(Deployment|StatefulSet) /;
const containerOf = ({ spec }: Manifest) => spec.template.spec.containers[0];
const spreadsOverHosts = ({ spec }: Manifest) =>
  spec.template.spec.topologySpreadConstraints.some(
    ({ topologyKey, labelSelector }: { topologyKey: string; labelSelector: object }) =>
      topologyKey === "kubernetes.io/hostname" && JSON.stringify(labelSelector) === JSON.stringify(spec.selector),
  );
/** A pod with a CPU request can use idle CPU without taking from the requests of other pods. */
const mayUseIdleCpu = (object: Manifest) => {
  const { requests, limits } = containerOf(object).resources;
  return requests.cpu !== undefined && requests.cpu !== limits.cpu;
};
const hasOnePod = ({ spec }: Manifest) => spec.replicas === 1;

/** All exceptions. `grading.test.ts` fails if one is unused. All checks of kube-score run, including the optional ones. */
export const exceptions: Exception[] = [
  {
    check: "container-image-pull-policy",
    object: workload,
    where: (object) => /@sha256:[0-9a-f]{64}$/.test(containerOf(object).image),
    reason: "An image by digest is always the same. With Always, no pod would start while the registry is unavailable.",
  },
  {
    check: "container-resources",
    summary: "CPU limit is not set",
    object: workload,
    where: mayUseIdleCpu,
    reason: "Requests share scarce CPU. A limit would throttle a pod while CPU is idle. `resources.cpuLimit` sets one.",
  },
  {
    check: "container-cpu-requests-equal-limits",
    object: workload,
    where: mayUseIdleCpu,
    reason: "As above: pods may use idle CPU.",
  },
  {
    check: "container-resource-requests-equal-limits",
    summary: "CPU requests does not match limits",
    object: workload,
    where: mayUseIdleCpu,
    reason: "As above. The memory limit equals the memory request.",
  },
  ...["deployment", "statefulset"].map((kind) => ({
    check: `${kind}-has-host-podantiaffinity`,
    object: workload,
    where: spreadsOverHosts,
    reason: "Topology spread constraints spread the pods evenly over the hosts.",
  })),
  {
    check: "deployment-replicas",
    object: /^Deployment worker$/,
    where: hasOnePod,
    reason: "Its settings request one replica, because its volume has one writer.",
  },
  {
    check: "deployment-strategy",
    object: /^Deployment worker$/,
    where: hasOnePod,
    reason: "Two pods cannot write to a volume with one writer, so the old pod stops first.",
  },
];
