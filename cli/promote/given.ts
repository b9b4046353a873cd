import { readLockFile } from "../../config/lock-file.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { UserError } from "../../lib/user-error.ts";
import { formatVerdict } from "../../review/gate.ts";
import type { Review } from "../../review/review.ts";
import { deployChanged } from "../deploy-changed.ts";
import { ExitCode } from "../exit-code.ts";
import { deploymentsOf } from "../history/deployments.ts";
import { previewedReview } from "../review.ts";
import { formatPromotion, imagesAsJson } from "./format.ts";
import { givenImages, planGiven } from "./plan-given.ts";
import type { Plan } from "./plan.ts";
import { copy } from "./promote.ts";

export interface GivenOptions {
  from: string;
  to: string;
  /** The images that run in the stack `from`, in JSON, as `slipway outputs --images` prints them. */
  images: string;
  /** Names of services and jobs. @default - all */
  services: string[];
  json: boolean;
}

/**
 * Promotes images that a pipeline hands over, and deploys the stack at once: what it gets is what an earlier job of the same run has deployed,
 * and the other stack is not asked for anything. The lock file stays as it is, because nobody would commit it.
 *
 * @throws UserError if an image cannot be promoted. Then nothing has changed in the stack.
 */
export async function promoteGiven({ from, to, images, services, json }: GivenOptions): Promise<ExitCode> {
  if (from === to) throw new UserError(`--to: must be another stack than --from (got "${to}").`);
  const given = givenImages(images, from);
  const target = readStack(to);
  const deployments = await deploymentsOf(target);
  const [source, compared] = [from, to].map((name) => readStack(name, { withoutSecrets: true })) as [Stack, Stack];
  const plan = planGiven(source, { stack: compared, deployments }, readLockFile(to), given, services);
  const { verdict } = await preparedReview(plan, withSecrets(source), target);
  const say = (text: string) => (json ? process.stderr : process.stdout).write(text);
  say(`${formatPromotion(plan, from, to)}${formatVerdict(verdict, to)}\n`);
  const code = verdict.open ? deployChanged(to, json, []) : ExitCode.GateClosed;
  if (json) {
    const gate = verdict.open ? "open" : "closed";
    const printed = { from, to, images: imagesAsJson(plan.promotions), notes: plan.notes, gate, deployed: code === ExitCode.Success };
    process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
  }
  return code;
}

/** The password of its registry may be among the secrets. Whoever does not know them may have it from elsewhere. */
function withSecrets(stack: Stack): Stack {
  try {
    return readStack(stack.name);
  } catch {
    return stack;
  }
}

/** Copies the images, and reviews what they change. The program deploys them from now on, in this process and in those that it starts. */
async function preparedReview({ promotions }: Plan, from: Stack, to: Stack): Promise<Review> {
  await copy(promotions, from, to);
  if (promotions.length > 0)
    process.env["SLIPWAY_IMAGES"] = JSON.stringify(Object.fromEntries(promotions.map(({ name, entry }) => [name, entry.image])));
  return previewedReview(to, undefined);
}
