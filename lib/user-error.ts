import { RunError } from "@pulumi/pulumi/errors.js";

/**
 * What went wrong lies with what a person gave or with their machine: the message says what, where and how to mend it,
 * and is shown without a stack trace, by Pulumi (as its RunError) as by Slipway's own commands.
 */
export class UserError extends RunError {}

/** Several problems as one error, so that all can be mended at once. */
export function throwIfAny(problems: string[], headline: string): void {
  if (problems.length > 0) throw new UserError([headline, ...problems.map((p) => "  - " + p.replaceAll("\n", "\n    "))].join("\n"));
}
