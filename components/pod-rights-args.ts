import type * as pulumi from "@pulumi/pulumi";
import type { RoleArgs } from "./role-args.ts";

/** The pods of a ServiceAccount, and their AWS permissions. */
export interface PodRightsArgs {
  /** Namespace of the pods. */
  namespace: pulumi.Input<string>;
  /** Name of the ServiceAccount of the pods. A ServiceAccount can have one role. */
  serviceAccount: pulumi.Input<string>;
  /** ARNs of IAM policies, AWS managed or your own. @default - none. */
  policyArns?: string[];
  /** An IAM policy document in JSON, only for these pods. @default - none. */
  policyDocument?: pulumi.Input<string>;
  /** Path and permissions boundary of the role. @default - none. */
  roles?: RoleArgs;
  /** Tags of the AWS resources. @default - none. */
  tags?: Record<string, pulumi.Input<string>>;
}
