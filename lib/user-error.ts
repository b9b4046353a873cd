import { RunError } from "@pulumi/pulumi/errors.js";

/**
 * An error in the user's input or machine. The message says what is wrong, where, and what to do. Pulumi, for which it is a RunError, and
 * Slipway's commands print it without a stack trace.
 */
export class UserError extends RunError {}
