import { UserError } from "../lib/user-error.ts";

/** The value of an option or argument. @throws UserError if it is no positive integer. */
export function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UserError(`${name}: must be a positive integer (got "${text}").`);
  return value;
}
