import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { WebServiceSpec } from "./spec.ts";

type Meta = k8s.types.input.meta.v1.ObjectMeta;

/** Creates the service's own ServiceAccount: without permissions and without a token, unless RBAC rules are given. */
export function createAccount(spec: WebServiceSpec, metadata: Meta, opts: pulumi.CustomResourceOptions): k8s.core.v1.ServiceAccount {
  const { annotations, rules = [] } = spec.serviceAccount ?? {};
  const account = new k8s.core.v1.ServiceAccount(
    spec.name,
    {
      metadata: { ...metadata, annotations },
      automountServiceAccountToken: false,
      ...(spec.pullSecret !== undefined && { imagePullSecrets: [{ name: spec.pullSecret }] }),
    },
    opts,
  );
  if (rules.length > 0) {
    const role = new k8s.rbac.v1.Role(spec.name, { metadata, rules }, opts);
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name };
    const subjects = [{ kind: "ServiceAccount", name: account.metadata.name, namespace: account.metadata.namespace }];
    new k8s.rbac.v1.RoleBinding(spec.name, { metadata, roleRef, subjects }, opts);
  }
  return account;
}
