import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { policyName } from "./iam.ts";

export interface RoleValues {
  description: pulumi.Input<string>;
  /** Who may act as it: a document. */
  trust: pulumi.Input<string>;
  /** ARNs of policies. */
  policyArns: string[];
  tags?: Record<string, pulumi.Input<string>>;
}

/** An IAM role, and its rights for what needs it to wait for. */
export function createRole(name: string, { description, trust, policyArns, tags }: RoleValues, opts: pulumi.CustomResourceOptions) {
  const role = new aws.iam.Role(name, { description, assumeRolePolicy: trust, tags }, opts);
  const rights: pulumi.Resource[] = policyArns.map(
    (policyArn) => new aws.iam.RolePolicyAttachment(`${name}-${policyName(policyArn)}`, { role: role.name, policyArn }, opts),
  );
  return { role, rights };
}
