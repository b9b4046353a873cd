import type { Report } from "../../lib/problem.ts";
import type { RoleArgs } from "../role-args.ts";

/** What is wrong with the arguments. `report` gets paths below them. */
export function checkRoleArgs({ path, permissionsBoundary }: RoleArgs, report: Report): void {
  report(
    ["path"],
    path !== undefined &&
      (path.length > 512 || !/^\/([\w+=,.@-]+\/)*$/.test(path)) &&
      `must start and end with a slash, such as /slipway/, and have at most 512 characters (got "${path}")`,
  );
  report(
    ["permissionsBoundary"],
    permissionsBoundary !== undefined &&
      !isPolicyArn(permissionsBoundary) &&
      `must be the ARN of an IAM policy, such as arn:aws:iam::<account>:policy/boundary (got "${permissionsBoundary}")`,
  );
}

/** Whether a text is the ARN of an IAM policy, managed by AWS or an account's own. */
export function isPolicyArn(arn: string): boolean {
  return /^arn:aws(-[a-z]+)*:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/.test(arn);
}
