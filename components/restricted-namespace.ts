import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** The version whose rules are enforced, so that a newer cluster refuses no pod that this one runs. */
const podSecurityVersion = "v1.36";

/**
 * A namespace whose pods must keep to the strictest of Kubernetes' Pod Security Standards,
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted.
 */
export function restrictedNamespace(
  resourceName: string,
  name: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
  more: Record<string, string> = {},
): k8s.core.v1.Namespace {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": podSecurityVersion,
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/warn-version": podSecurityVersion,
    ...more,
  };
  return new k8s.core.v1.Namespace(resourceName, { metadata: { name, labels } }, opts);
}
