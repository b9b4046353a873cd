import { accountOf, lastPart } from "../../../lib/aws-arn.ts";
import type { Problem } from "../../../lib/problem.ts";
import { redact } from "../../../lib/redact.ts";
import type { EksSettings } from "../../../config/schema/eks.ts";

/** The output of `aws sts get-caller-identity`. */
export interface CallerIdentity {
  Account: string;
  Arn: string;
}

/** Without an access entry, the deployer could create the cluster but nothing in it. */
export function problemsWithDeployerAccess({ access = [] }: EksSettings, { Arn: caller }: CallerIdentity): Problem[] {
  const admins = access.filter(({ policy, namespaces }) => policy === "ClusterAdmin" && namespaces === undefined);
  if (admins.some(({ principalArn }) => isPrincipal(caller, principalArn))) return [];
  const message = `must have a ClusterAdmin entry for the AWS identity that deploys, ${redact(roleOf(caller))}. Add it, or deploy with an identity that has one: without it, nothing can be created in the cluster`;
  return [{ path: ["eks", "access"], message }];
}

/**
 * Whether the caller is a principal or a session of it. The ARN of a session, `arn:aws:sts::<account>:assumed-role/<name>/<session>`, does
 * not contain the path that the role's ARN may have.
 */
function isPrincipal(caller: string, principalArn: string): boolean {
  const [, session] = /:assumed-role\/([^/]+)/.exec(caller) ?? [];
  if (session === undefined) return principalArn === caller;
  return accountOf(principalArn) === accountOf(caller) && /:role\//.test(principalArn) && lastPart(principalArn) === session;
}

function roleOf(caller: string): string {
  return caller.replace(/^(arn:[\w-]+):sts:(.*):assumed-role\/([^/]+)\/.*$/, "$1:iam:$2:role/$3");
}
