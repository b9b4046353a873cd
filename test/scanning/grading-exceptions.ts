import type { Manifest } from "../../lib/kubernetes-client.ts";

/** A finding of kube-score that is no fault, where its intent is met in another way or somebody asked for what it is about. */
export interface Exception {
  /** The check's id, https://github.com/zegl/kube-score/blob/master/README_CHECKS.md. */
  check: string;
  /** What it says, for a check that looks at several things. @default - anything. */
  summary?: string;
  /** Kind and name of the objects. */
  object: RegExp;
  /** What makes it no fault; an object without it is not excused. */
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
/** More CPU than its request takes nothing from the requests of others, and a pod has a request. */
const mayUseIdleCpu = (object: Manifest) => {
  const { requests, limits } = containerOf(object).resources;
  return requests.cpu !== undefined && requests.cpu !== limits.cpu;
};
const hasOnePod = ({ spec }: Manifest) => spec.replicas === 1;

/** All that is excused; `grading.test.ts` fails where one is needless. Every check of kube-score runs, the optional ones too. */
export const exceptions: Exception[] = [
  {
    check: "container-image-pull-policy",
    object: workload,
    where: (object) => /@sha256:[0-9a-f]{64}$/.test(containerOf(object).image),
    reason: "An image by digest is the same wherever it comes from; with Always no pod would start while the registry is away.",
  },
  {
    check: "container-resources",
    summary: "CPU limit is not set",
    object: workload,
    where: mayUseIdleCpu,
    reason: "CPU is shared by requests when it is scarce; a limit would throttle a pod while CPU is idle. `resources.cpuLimit` sets one.",
  },
  {
    check: "container-cpu-requests-equal-limits",
    object: workload,
    where: mayUseIdleCpu,
    reason: "As before: what is idle may be used.",
  },
  {
    check: "container-resource-requests-equal-limits",
    summary: "CPU requests does not match limits",
    object: workload,
    where: mayUseIdleCpu,
    reason: "As before; that memory has a limit as high as its request holds.",
  },
  ...["deployment", "statefulset"].map((kind) => ({
    check: `${kind}-has-host-podantiaffinity`,
    object: workload,
    where: spreadsOverHosts,
    reason: "Topology spread constraints put the pods on different hosts, and evenly where there are more pods than hosts.",
  })),
  {
    check: "deployment-replicas",
    object: /^Deployment worker$/,
    where: hasOnePod,
    reason: "Its settings ask for one pod: its volume has one writer.",
  },
  {
    check: "deployment-strategy",
    object: /^Deployment worker$/,
    where: hasOnePod,
    reason: "Two pods cannot both write to a volume for one, so the old one goes first.",
  },
];
