import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** Version of the enforced rules. Pinned, so that a newer cluster does not reject pods that run today. */
const podSecurityVersion = "v1.36";

/**
 * Creates a namespace that enforces the restricted Pod Security Standard,
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted.
 *
 * @param more further labels of the namespace
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
