import { existsSync, readFileSync } from "node:fs";
import { formatLockFile, readLockFile, type LockFile } from "../../config/lock-file.ts";
import type { Stack } from "../../config/stack-file.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { step } from "../../lib/progress.ts";
import { copyImages, type Answer } from "../../lib/registry-client.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Review } from "../../review/review.ts";
import { deploymentsOf } from "../history/deployments.ts";
import { registriesToCopy } from "../registries.ts";
import { previewedReview } from "../review.ts";
import { reviewedChange } from "../reviewed-change.ts";
import { planPromotion, type Plan, type Promotion } from "./plan.ts";

/** What a promotion did. */
export interface PromotionResult extends Plan {
  /** The lock file of the target, which has the promoted images now, unless the gate is closed. */
  file: string;
  /** The content of the lock file before. @default - it did not exist */
  before: string | undefined;
  /** Its content with these images. */
  after: string;
  /** Whether the lock file has had these images before. */
  isUnchanged: boolean;
  review: Review;
}

/**
 * Copies the images that ran successfully in one stack to the registry of another one, records them in its lock file, and reviews what that
 * changes. If the gate of the target is closed, the lock file stays as it was.
 *
 * @throws UserError if nothing can be promoted. Then the lock file is as it was.
 */
export async function promote(from: Stack, to: Stack, services: string[]): Promise<PromotionResult> {
  if (from.name === to.name) throw new UserError(`--to: must be another stack than --from (got "${to.name}").`);
  const [source, target] = await Promise.all([deploymentsOf(from), deploymentsOf(to)]);
  const before = readLockFile(to.name);
  const plan = planPromotion({ stack: from, deployments: source }, { stack: to, deployments: target, held: before.held }, services);
  await copy(plan.promotions, from, to);
  const entries = Object.fromEntries(plan.promotions.map(({ name, entry }) => [name, entry]));
  const lock: LockFile = { ...before, promoted: { ...before.promoted, ...entries } };
  const isUnchanged = plan.promotions.every(({ name, entry }) => before.promoted?.[name]?.image === entry.image);
  const { file } = before;
  const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const after = formatLockFile(to.name, lock)!;
  const changes = isUnchanged ? [] : [{ file, before: text, after }];
  const review = await reviewedChange(changes, () => previewedReview(to, undefined));
  return { ...plan, file, before: text, after, isUnchanged, review };
}

/** @throws UserError with every image that cannot be copied. */
export async function copy(promotions: Promotion[], from: Stack, to: Stack): Promise<void> {
  const copies = promotions
    .filter(({ image, entry }) => image !== entry.image)
    .map(({ image, digest, repository }) => ({ image, repository, tag: `${from.name}-${digest.slice("sha256:".length).slice(0, 12)}` }));
  if (copies.length === 0) return;
  const title = `copy ${copies.length} ${copies.length === 1 ? "image" : "images"} to the registry of "${to.name}"`;
  const answers = await step(title, () => copyImages(copies, registriesToCopy(from, to)));
  const problems = copies.flatMap((one, i) => problemWith(one, answers[i]!));
  throwIfAny(problems, `The images cannot be promoted to "${to.name}". Its lock file was not changed:`);
}

function problemWith({ image, repository }: { image: string; repository: string }, answer: Answer): string[] {
  if (answer.problem === undefined) return [];
  if (answer.problem === "missing")
    return [`${image}: the registry no longer has it. Deploy the source stack again, so that it is built and pushed: slipway up`];
  return [`${image}: cannot be copied to ${repository} (${answer.problem}: ${answer.message})`];
}
