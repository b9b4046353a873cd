import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { resolveSecurity, type SecuritySettings } from "./security.ts";
import { SecurityLevel } from "../lib/security-level.ts";

/** Version of the enforced rules. Pinned, so that a newer cluster does not reject pods that run today. */
const podSecurityVersion = "v1.36";

export interface ServicesNamespaceArgs {
  name: pulumi.Input<string>;
  /** The services that run there. */
  services: SecuritySettings[];
  /** Further labels. @default - none. */
  labels?: Record<string, string>;
}

/**
 * Labels of a namespace that enforces the Pod Security Standard `restricted`, or `baseline` if a service needs it; then it audits and warns for
 * `restricted`. https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export function podSecurityLabels(services: SecuritySettings[]): Record<string, string> {
  const { Baseline, Restricted } = SecurityLevel;
  const level = services.some((service) => resolveSecurity(service).podSecurity === Baseline) ? Baseline : Restricted;
  const modes = { enforce: level, ...(level === Baseline && { audit: Restricted }), warn: Restricted };
  const labels = Object.entries(modes).flatMap(([mode, value]) => [
    [`pod-security.kubernetes.io/${mode}`, value],
    [`pod-security.kubernetes.io/${mode}-version`, podSecurityVersion],
  ]);
  return Object.fromEntries(labels) as Record<string, string>;
}

/** Creates the namespace of services, with the labels of the Pod Security Standard that they meet. */
export function servicesNamespace(
  resourceName: string,
  { name, services, labels: more }: ServicesNamespaceArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace {
  return new k8s.core.v1.Namespace(resourceName, { metadata: { name, labels: { ...podSecurityLabels(services), ...more } } }, opts);
}
