import { Health } from "./status.ts";
import type { StackStatus } from "./read.ts";

/** Whether nothing fails, and all URLs answer. A status that is no server error is an answer: the root of an API may be 404. */
export function isWell({ workloads }: StackStatus): boolean {
  return workloads.every(
    ({ health, answer }) => health !== Health.Failing && (answer === undefined || (typeof answer === "number" && answer < 500)),
  );
}
