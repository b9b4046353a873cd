import { redact } from "../../../lib/redact.ts";

/** Asks AWS; the answer as JSON. */
export type Ask = <T>(...args: string[]) => Promise<T>;

/** What `aws` said, without accounts and keys. */
export function said(error: Error): string {
  return redact(error.message.split("\n").findLast((line) => line.includes("| ")) ?? error.message).replace(/^\s*\|\s*|\.$/g, "");
}
