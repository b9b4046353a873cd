import { lastPart } from "../../lib/aws-arn.ts";
import { problemWithName, problemWithObjectName } from "../../lib/kubernetes-names.ts";
import { ifKnown, type Problem, type Report } from "../../lib/problem.ts";
import { redact } from "../../lib/redact.ts";
import { problemWithPolicyDocument } from "../internal/eks/iam.ts";
import type { PodRightsArgs } from "../pod-rights-args.ts";
import { checkRoleArgs, isPolicyArn } from "./role.ts";

/** Names of IAM roles have at most 64 characters, and Pulumi appends 8. */
const longestName = 56;

/** What is wrong with the arguments, if their values are known. Messages contain no account ids. */
export function problemsWithPodRights(name: string, args: PodRightsArgs): Problem[] {
  const { namespace, serviceAccount, policyArns = [], policyDocument, roles = {} } = args;
  const problems: Problem[] = [];
  const report: Report = (path, message) => {
    if (message) problems.push({ path, message: redact(message) });
  };
  report(
    [],
    (name.length > longestName || !/^[\w-]+$/.test(name)) &&
      `the name must be 1 to ${longestName} letters, digits, "-" and "_" (got "${name}"). The IAM role has the same name`,
  );
  report(["namespace"], ifKnown(namespace, problemWithName));
  report(["serviceAccount"], ifKnown(serviceAccount, problemWithObjectName));
  report([], policyArns.length === 0 && policyDocument === undefined && "must have policyArns or a policyDocument");
  for (const [i, arn] of policyArns.entries()) {
    report(
      ["policyArns", i],
      !isPolicyArn(arn) && `must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess (got "${arn}")`,
    );
    const policy = lastPart(arn);
    report(["policyArns", i], policyArns.findIndex((other) => lastPart(other) === policy) < i && `must not repeat the policy ${policy}`);
  }
  report(["policyDocument"], ifKnown(policyDocument, problemWithPolicyDocument));
  checkRoleArgs(roles, (path, message) => report(["roles", ...path], message));
  return problems;
}
