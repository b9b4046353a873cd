import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { lastPart } from "../../../lib/aws-arn.ts";
import type { RoleArgs } from "../../role-args.ts";

export interface RoleValues {
  description: pulumi.Input<string>;
  /** The trust policy, in JSON. */
  trust: pulumi.Input<string>;
  /** ARNs of the policies to attach. */
  policyArns: string[];
  /** Path and permissions boundary. */
  roles?: RoleArgs;
  tags?: Record<string, pulumi.Input<string>>;
}

/** Creates an IAM role. Resources that use the role should depend on `rights`, the attached policies. */
export function createRole(name: string, { description, trust, policyArns, roles, tags }: RoleValues, opts: pulumi.CustomResourceOptions) {
  const role = new aws.iam.Role(name, { description, assumeRolePolicy: trust, ...roles, tags }, opts);
  const rights: pulumi.Resource[] = policyArns.map(
    (policyArn) => new aws.iam.RolePolicyAttachment(`${name}-${lastPart(policyArn)}`, { role: role.name, policyArn }, opts),
  );
  return { role, rights };
}
