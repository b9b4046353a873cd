import { workerAnnotation } from "../../../lib/worker.ts";
import { baselineCapabilities, restrictedCapability } from "../../../lib/security-level.ts";
import type { Properties } from "../../../lib/values.ts";
import { baselineReason } from "../baseline.ts";
import { Severity, type PolicyRule, type Resource } from "../rule.ts";

export const workloads = ["kubernetes:apps/*:Deployment", "kubernetes:apps/*:StatefulSet", "kubernetes:apps/*:DaemonSet"];
const jobs = ["kubernetes:batch/*:Job", "kubernetes:batch/*:CronJob"];
const pods = [...workloads, ...jobs, "kubernetes:core/*:Pod"];
const served = workloads.slice(0, 2);
const restricted = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted";
const probes = "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/";

/** The pod spec of a workload. */
export function podOf({ type, inputs: { spec } }: Resource): Properties {
  if (type.endsWith(":Pod")) return spec ?? {};
  const template = type.endsWith(":CronJob") ? spec?.jobTemplate?.spec?.template : spec?.template;
  return template?.spec ?? {};
}

/** The labels of a workload's pods. */
export function podLabelsOf({ inputs }: Resource): Properties {
  return inputs.spec?.template?.metadata?.labels ?? {};
}

const namespaceOf = ({ inputs }: Resource) => inputs.metadata?.namespace ?? "default";

function containersOf(resource: Resource): Properties[] {
  const { containers = [], initContainers = [] } = podOf(resource);
  return [...containers, ...initContainers];
}

/** A check of every container. The message ends with the containers that fail: `has no memory limit (container app)`. */
function everyContainer(passes: (container: Properties, pod: Properties) => boolean, message: string) {
  return (resource: Resource) => {
    const failed = containersOf(resource).filter((container) => !passes(container, podOf(resource)));
    const names = failed.map(({ name }) => String(name)).join(", ");
    return failed.length > 0 && `${message} (${failed.length === 1 ? "container" : "containers"} ${names})`;
  };
}

const dropsAll = ({ securityContext }: Properties) => (securityContext?.capabilities?.drop ?? []).includes("ALL");
const addsOnly = (allowed: string[], { securityContext }: Properties) =>
  ((securityContext?.capabilities?.add ?? []) as string[]).every((capability) => allowed.includes(capability));

/** Whether requests may reach pods without the probe. Nobody calls a worker. */
const lacksProbe = (resource: Resource, probe: "readinessProbe" | "livenessProbe") =>
  resource.inputs.metadata?.annotations?.[workerAnnotation] === undefined &&
  !((podOf(resource).containers ?? []) as Properties[]).some((container) => container[probe]);

/** Rules for pods and their containers. */
export const podRules: PolicyRule[] = [
  {
    id: "image-by-digest",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(({ image }) => /@sha256:[0-9a-f]{64}$/.test(String(image)), "uses an image by tag, which can be overwritten"),
    remedy: "Use the image by digest: repository@sha256:…",
    reference: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
  },
  {
    id: "run-as-non-root",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(
      (container, pod) => (container.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true,
      "may run as root",
    ),
    accepted: baselineReason,
    remedy: "Set securityContext.runAsNonRoot: true.",
    reference: restricted,
  },
  {
    id: "no-privilege-escalation",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(({ securityContext }) => securityContext?.allowPrivilegeEscalation === false, "allows privilege escalation"),
    remedy: "Set securityContext.allowPrivilegeEscalation: false.",
    reference: restricted,
  },
  {
    id: "no-capabilities",
    severity: Severity.Error,
    types: pods,
    check: (resource) =>
      everyContainer(dropsAll, "keeps Linux capabilities")(resource) ||
      everyContainer((container) => addsOnly([restrictedCapability], container), "adds Linux capabilities")(resource),
    accepted: (resource) =>
      containersOf(resource).every((container) => dropsAll(container) && addsOnly(baselineCapabilities, container))
        ? baselineReason(resource)
        : undefined,
    remedy: 'Set securityContext.capabilities.drop: ["ALL"], and add none but NET_BIND_SERVICE.',
    reference: restricted,
  },
  {
    id: "seccomp-profile",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(
      (container, pod) =>
        ["RuntimeDefault", "Localhost"].includes((container.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type),
      "runs without a seccomp profile",
    ),
    remedy: "Set securityContext.seccompProfile.type: RuntimeDefault.",
    reference: restricted,
  },
  {
    id: "no-privileged-container",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(
      ({ securityContext }) => securityContext?.privileged !== true,
      "runs privileged, which is root access to the node",
    ),
    remedy: "Remove securityContext.privileged.",
    reference: restricted,
  },
  {
    id: "no-host-namespaces",
    severity: Severity.Error,
    types: pods,
    check: (resource) => {
      const { hostNetwork, hostPID, hostIPC } = podOf(resource);
      return [hostNetwork, hostPID, hostIPC].includes(true) && "shares the network, process or IPC namespace of its node";
    },
    remedy: "Remove hostNetwork, hostPID and hostIPC.",
    reference: restricted,
  },
  {
    id: "no-host-path",
    severity: Severity.Error,
    types: pods,
    check: (resource) =>
      (podOf(resource).volumes ?? []).some(({ hostPath }: Properties) => hostPath) && "mounts a directory of its node (hostPath)",
    remedy: "Use a PersistentVolumeClaim or an emptyDir.",
    reference: restricted,
  },
  {
    id: "read-only-root",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(({ securityContext }) => securityContext?.readOnlyRootFilesystem === true, "has a writable root filesystem"),
    accepted: baselineReason,
    remedy: "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir for each directory that it writes to.",
    reference: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
  },
  {
    id: "readiness-probe",
    severity: Severity.Error,
    types: served,
    check: (resource) => lacksProbe(resource, "readinessProbe") && "has no readiness probe, so it gets requests before it is ready",
    remedy: "Set readinessProbe in a container.",
    reference: probes,
  },
  {
    id: "liveness-probe",
    severity: Severity.Warning,
    types: served,
    check: (resource) => lacksProbe(resource, "livenessProbe") && "has no liveness probe, so it is not restarted when it hangs",
    remedy: "Set livenessProbe in a container.",
    reference: probes,
  },
  {
    id: "memory-limit",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(({ resources }) => resources?.limits?.memory !== undefined, "has no memory limit"),
    remedy: "Set resources.limits.memory.",
    reference: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  },
  {
    id: "resource-requests",
    severity: Severity.Error,
    types: pods,
    check: everyContainer(
      ({ resources }) => resources?.requests?.cpu !== undefined && resources.requests.memory !== undefined,
      "has no CPU request or no memory request",
    ),
    remedy: "Set resources.requests.cpu and resources.requests.memory.",
    reference: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  },
  {
    id: "no-account-token",
    severity: Severity.Warning,
    types: pods,
    inStack: true,
    check: (resource, others) => {
      const { automountServiceAccountToken, serviceAccountName = "default" } = podOf(resource);
      if (automountServiceAccountToken === false) return undefined; // before the name is read, which a preview may not know
      const isAccount = ({ kind, name, namespace }: Properties, binding: Resource) =>
        kind === "ServiceAccount" && name === serviceAccountName && (namespace ?? namespaceOf(binding)) === namespaceOf(resource);
      const bindings = others.filter(({ type }) => /RoleBinding$/.test(type));
      const hasPermissions = bindings.some((binding) =>
        ((binding.inputs.subjects ?? []) as Properties[]).some((subject) => isAccount(subject, binding)),
      );
      return !hasPermissions && "mounts a token for the Kubernetes API, but its service account has no permissions";
    },
    remedy: "Set automountServiceAccountToken: false.",
    reference: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
  },
  {
    id: "graceful-shutdown",
    severity: Severity.Warning,
    types: served,
    check: (resource) =>
      podOf(resource).terminationGracePeriodSeconds === 0 && "has a grace period of 0 s, so its pods are killed during requests",
    remedy: "Set terminationGracePeriodSeconds to more than the longest request takes.",
    reference: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
  },
];
