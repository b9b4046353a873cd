import { loopbackAnnotation } from "../../../lib/loopback.ts";
import { SecurityLevel } from "../../../lib/security-level.ts";
import type { Properties } from "../../../lib/values.ts";
import { hidden, isSecretName } from "../../preview/secrets.ts";
import { baselineWorkloads } from "../baseline.ts";
import { listOf, Severity, type PolicyRule, type Resource } from "../rule.ts";
import { podOf, workloads } from "./pods.ts";

const isLocalhost = (host: string) => host === "localhost" || host.endsWith(".localhost");

/** Names of variables and ConfigMap keys with a secret in plain text. */
function plainSecrets(resource: Resource): string[] {
  const { containers = [], initContainers = [] } = podOf(resource);
  const variables = [...containers, ...initContainers].flatMap(({ env }: Properties) => listOf(env as Properties[]));
  const values = [
    ...variables.map(({ name, value }) => [String(name), value] as const),
    ...Object.entries((resource.type.endsWith(":ConfigMap") && resource.inputs.data) || {}),
  ];
  return values
    .filter(([name, value]) => value === hidden || (isSecretName(name) && typeof value === "string" && value !== ""))
    .map(([name]) => name);
}

/** Rules for namespaces, Services, Ingresses, RBAC and storage classes. */
export const clusterRules: PolicyRule[] = [
  {
    id: "no-plain-secret",
    severity: Severity.Error,
    types: [...workloads, "kubernetes:batch/*:*", "kubernetes:core/*:ConfigMap"],
    check: (resource) => {
      const names = plainSecrets(resource);
      return names.length > 0 && `has ${names.join(", ")} in plain text`;
    },
    remedy: "Move it to a Secret, and reference it by secretKeyRef (secretEnv in a stack file).",
    reference: "https://kubernetes.io/docs/concepts/configuration/secret/",
  },
  {
    id: "restricted-namespace",
    severity: Severity.Error,
    types: ["kubernetes:core/*:Namespace"],
    check: ({ inputs }) =>
      inputs.metadata?.labels?.["pod-security.kubernetes.io/enforce"] !== "restricted" &&
      'does not enforce the Pod Security Standard "restricted"',
    inStack: true,
    accepted: ({ inputs }, others) =>
      inputs.metadata?.labels?.["pod-security.kubernetes.io/enforce"] === SecurityLevel.Baseline ? baselineWorkloads(others) : undefined,
    remedy: "Set the label pod-security.kubernetes.io/enforce: restricted.",
    reference: "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
  },
  {
    id: "no-open-service",
    severity: Severity.Warning,
    types: ["kubernetes:core/*:Service"],
    check: ({ inputs }) => {
      const { type, loadBalancerSourceRanges } = inputs.spec ?? {};
      const ranges = listOf<string>(loadBalancerSourceRanges);
      const isLimited = ranges.length > 0 && !ranges.some((range) => range === "0.0.0.0/0" || range === "::/0");
      if (type === "LoadBalancer") return !isLimited && "is open to every address (type LoadBalancer without source ranges)";
      return (
        type === "NodePort" &&
        inputs.metadata?.annotations?.[loopbackAnnotation] === undefined &&
        "is exposed without the ingress controller (type NodePort)"
      );
    },
    remedy: "For HTTP, use the type ClusterIP and an Ingress. Otherwise set loadBalancerSourceRanges to the addresses of the clients.",
    reference: "https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
  },
  {
    id: "ingress-by-host",
    severity: Severity.Error,
    types: ["kubernetes:networking.k8s.io/*:Ingress"],
    check: ({ inputs }) => {
      const rules = (inputs.spec?.rules ?? []) as Properties[];
      return (inputs.spec?.defaultBackend || rules.some(({ host }) => !host)) && "accepts requests for any host";
    },
    remedy: "Set a host in every rule, and no defaultBackend.",
    reference: "https://kubernetes.io/docs/concepts/services-networking/ingress/",
  },
  {
    id: "ingress-tls",
    severity: Severity.Warning,
    types: ["kubernetes:networking.k8s.io/*:Ingress"],
    check: ({ inputs }) => {
      const { rules = [], tls = [], ingressClassName } = (inputs.spec ?? {}) as Properties;
      // A load balancer of AWS selects its certificate by host.
      const byAnnotation = String(inputs.metadata?.annotations?.["alb.ingress.kubernetes.io/listen-ports"]).includes("HTTPS");
      const plain = rules.filter(({ host }: Properties) => !isLocalhost(String(host)));
      return plain.length > 0 && tls.length === 0 && !(ingressClassName === "alb" && byAnnotation) && "has no TLS";
    },
    remedy: "Set tls.",
    reference: "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
  },
  {
    id: "no-wildcard-rights",
    severity: Severity.Error,
    types: ["kubernetes:rbac.authorization.k8s.io/*:Role", "kubernetes:rbac.authorization.k8s.io/*:ClusterRole"],
    check: ({ inputs }) =>
      ((inputs.rules ?? []) as Properties[]).some(({ verbs, resources }) => [...listOf(verbs), ...listOf(resources)].includes("*")) &&
      "allows all verbs or all resources (*)",
    remedy: "List the verbs and resources.",
    reference: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
  },
  {
    id: "no-cluster-admin",
    severity: Severity.Error,
    types: ["kubernetes:rbac.authorization.k8s.io/*:RoleBinding", "kubernetes:rbac.authorization.k8s.io/*:ClusterRoleBinding"],
    check: ({ inputs }) => inputs.roleRef?.name === "cluster-admin" && "grants all permissions in the cluster",
    remedy: "Bind a role with only the permissions that are needed.",
    reference: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
  },
  {
    id: "encrypted-volumes",
    severity: Severity.Error,
    types: ["kubernetes:storage.k8s.io/*:StorageClass"],
    check: ({ inputs }) =>
      /ebs\.csi/.test(String(inputs.provisioner)) && String(inputs.parameters?.encrypted) !== "true" && "creates unencrypted volumes",
    remedy: 'Set parameters.encrypted: "true".',
    reference: "https://docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html",
  },
];
