import type { Properties } from "../../../lib/values.ts";
import { Severity, type PolicyRule, type Resource } from "../rule.ts";

export const workloads = ["kubernetes:apps/*:Deployment", "kubernetes:apps/*:StatefulSet", "kubernetes:apps/*:DaemonSet"];
const jobs = ["kubernetes:batch/*:Job", "kubernetes:batch/*:CronJob"];
const pods = [...workloads, ...jobs, "kubernetes:core/*:Pod"];
const served = workloads.slice(0, 2);
const restricted = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted";
const probes = "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/";

/** The pod that a workload makes. */
export function podOf({ type, inputs: { spec } }: Resource): Properties {
  if (type.endsWith(":Pod")) return spec ?? {};
  const template = type.endsWith(":CronJob") ? spec?.jobTemplate?.spec?.template : spec?.template;
  return template?.spec ?? {};
}

/** The labels of the pods that a workload makes. */
export function podLabelsOf({ inputs }: Resource): Properties {
  return inputs.spec?.template?.metadata?.labels ?? {};
}

function containersOf(resource: Resource): Properties[] {
  const { containers = [], initContainers = [] } = podOf(resource);
  return [...containers, ...initContainers];
}

/** Names those containers for which something does not hold. */
function unless(holds: (container: Properties, pod: Properties) => boolean, what: string, of = containersOf) {
  return (resource: Resource) => {
    const wrong = of(resource).filter((container) => !holds(container, podOf(resource)));
    return wrong.length > 0 && `${wrong.map(({ name }) => String(name)).join(", ")} ${what}`;
  };
}

const mainContainers = (resource: Resource): Properties[] => podOf(resource).containers ?? [];

/** What pods keep to. */
export const podRules: PolicyRule[] = [
  {
    id: "image-by-digest",
    severity: Severity.Error,
    types: pods,
    check: unless(({ image }) => /@sha256:[0-9a-f]{64}$/.test(String(image)), "has an image by tag, which may be another one tomorrow"),
    remedy: "Name the image by digest: repository@sha256:…",
    reference: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
  },
  {
    id: "run-as-non-root",
    severity: Severity.Error,
    types: pods,
    check: unless(
      (container, pod) => (container.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true,
      "may run as root",
    ),
    remedy: "Set securityContext.runAsNonRoot: true.",
    reference: restricted,
  },
  {
    id: "no-privilege-escalation",
    severity: Severity.Error,
    types: pods,
    check: unless(
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false,
      "may gain more rights than it was started with",
    ),
    remedy: "Set securityContext.allowPrivilegeEscalation: false.",
    reference: restricted,
  },
  {
    id: "no-capabilities",
    severity: Severity.Error,
    types: pods,
    check: unless(({ securityContext }) => (securityContext?.capabilities?.drop ?? []).includes("ALL"), "keeps capabilities of the kernel"),
    remedy: 'Set securityContext.capabilities.drop: ["ALL"].',
    reference: restricted,
  },
  {
    id: "seccomp-profile",
    severity: Severity.Error,
    types: pods,
    check: unless(
      (container, pod) =>
        ["RuntimeDefault", "Localhost"].includes((container.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type),
      "may call every function of the kernel",
    ),
    remedy: "Set securityContext.seccompProfile.type: RuntimeDefault.",
    reference: restricted,
  },
  {
    id: "no-privileged-container",
    severity: Severity.Error,
    types: pods,
    check: unless(({ securityContext }) => securityContext?.privileged !== true, "is privileged: it is root on the node"),
    remedy: "Leave out securityContext.privileged.",
    reference: restricted,
  },
  {
    id: "no-host-namespaces",
    severity: Severity.Error,
    types: pods,
    check: (resource) => {
      const { hostNetwork, hostPID, hostIPC } = podOf(resource);
      return [hostNetwork, hostPID, hostIPC].includes(true) && "shares the network or the processes of its node";
    },
    remedy: "Leave out hostNetwork, hostPID and hostIPC.",
    reference: restricted,
  },
  {
    id: "no-host-path",
    severity: Severity.Error,
    types: pods,
    check: (resource) => (podOf(resource).volumes ?? []).some(({ hostPath }: Properties) => hostPath) && "mounts a folder of its node",
    remedy: "Take a PersistentVolumeClaim or an emptyDir.",
    reference: restricted,
  },
  {
    id: "read-only-root",
    severity: Severity.Error,
    types: pods,
    check: unless(({ securityContext }) => securityContext?.readOnlyRootFilesystem === true, "may change its own program"),
    remedy: "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where it writes.",
    reference: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
  },
  {
    id: "readiness-probe",
    severity: Severity.Error,
    types: served,
    check: (resource) =>
      !mainContainers(resource).some(({ readinessProbe }) => readinessProbe) && "gets requests before it can answer them",
    remedy: "Give a container a readinessProbe.",
    reference: probes,
  },
  {
    id: "liveness-probe",
    severity: Severity.Warning,
    types: served,
    check: (resource) => !mainContainers(resource).some(({ livenessProbe }) => livenessProbe) && "is not started anew when it hangs",
    remedy: "Give a container a livenessProbe.",
    reference: probes,
  },
  {
    id: "memory-limit",
    severity: Severity.Error,
    types: pods,
    check: unless(({ resources }) => resources?.limits?.memory !== undefined, "may take all memory of its node"),
    remedy: "Set resources.limits.memory.",
    reference: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  },
  {
    id: "resource-requests",
    severity: Severity.Error,
    types: pods,
    check: unless(
      ({ resources }) => resources?.requests?.cpu !== undefined && resources.requests.memory !== undefined,
      "says not how much CPU and memory it needs",
    ),
    remedy: "Set resources.requests.cpu and .memory.",
    reference: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  },
  {
    id: "no-account-token",
    severity: Severity.Warning,
    types: pods,
    inStack: true,
    check: (resource, others) => {
      const { automountServiceAccountToken, serviceAccountName = "default" } = podOf(resource);
      if (automountServiceAccountToken === false) return undefined; // else the name would be asked for, which a preview may not know
      const bindings = others
        .filter(({ type }) => /RoleBinding$/.test(type))
        .flatMap(({ inputs }) => (inputs.subjects ?? []) as Properties[]);
      const hasRights = bindings.some(({ kind, name }) => kind === "ServiceAccount" && name === serviceAccountName);
      return !hasRights && "has a token of the Kubernetes API, and no use for it";
    },
    remedy: "Set automountServiceAccountToken: false.",
    reference: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
  },
  {
    id: "graceful-shutdown",
    severity: Severity.Warning,
    types: served,
    check: (resource) => podOf(resource).terminationGracePeriodSeconds === 0 && "is killed without notice",
    remedy: "Leave terminationGracePeriodSeconds above what a request takes.",
    reference: "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
  },
];
