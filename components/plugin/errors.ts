import { ResourceError } from "@pulumi/pulumi/errors.js";
import { UserError } from "../../lib/user-error.ts";

/** An error without its stack if it is the user's to correct. The SDK prints stacks of all errors in a plugin. */
export function withoutStack(error: unknown): unknown {
  if (error instanceof UserError || (error instanceof ResourceError && error.hideStack)) error.stack = error.message;
  return error;
}
