import type { Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { positiveInteger } from "../positive-integer.ts";
import { deploymentsOf } from "./deployments.ts";
import { formatDeployment, formatDeployments } from "./format.ts";

export interface ListOptions {
  /** Number of the only deployment to print. Empty for all. */
  id: string;
  /** How many to print. */
  limit: string;
  json: boolean;
}

/**
 * What `slipway history` prints.
 *
 * @throws UserError if a number is invalid, or there is no such deployment.
 */
export async function listHistory(stack: Stack, { id, limit, json }: ListOptions): Promise<string> {
  const [wanted, most] = [id === "" ? undefined : positiveInteger("id", id), positiveInteger("--limit", limit)];
  const deployments = await deploymentsOf(stack);
  const asJson = (value: object) => `${JSON.stringify({ stack: stack.name, ...value }, null, 2)}\n`;
  if (wanted === undefined) {
    const shown = deployments.slice(0, most);
    if (json) return asJson({ deployments: shown });
    return shown.length === 0 ? `Stack "${stack.name}" was never deployed.\n` : formatDeployments(shown);
  }
  const found = deployments.find((one) => one.id === wanted);
  if (found === undefined)
    throw new UserError(
      `id: stack "${stack.name}" has no deployment ${wanted}. ${known(
        deployments.map((one) => one.id),
        stack.name,
      )}`,
    );
  return json ? asJson({ deployment: found }) : formatDeployment(found, stack.name);
}

function known(ids: number[], stack: string): string {
  if (ids.length === 0) return "It was never deployed.";
  return `It has ${ids.at(-1)} to ${ids[0]}: slipway history --stack ${stack}`;
}
