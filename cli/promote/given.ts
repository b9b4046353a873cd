import { readLockFile } from "../../config/lock-file.ts";
import { readStack, type Stack } from "../../config/stack-file.ts";
import { DeploymentResult } from "../../lib/deployment-record.ts";
import { isByDigest } from "../../lib/image-reference.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { formatVerdict } from "../../review/gate.ts";
import type { Review } from "../../review/review.ts";
import { ExitCode } from "../exit-code.ts";
import { deploymentsOf } from "../history/deployments.ts";
import { previewedReview } from "../review.ts";
import { deployPromoted } from "./deploy.ts";
import { formatPromotion, imagesAsJson } from "./format.ts";
import { planPromotion, type Plan } from "./plan.ts";
import { copy } from "./promote.ts";
import { builtIn, differencesInBuild } from "./same-build.ts";

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
 * and the history of the other stack is not asked for. The lock file stays as it is, because nobody would commit it, and what it pins is not
 * promoted.
 *
 * @throws UserError if an image cannot be promoted. Then nothing has changed in the stack.
 */
export async function promoteGiven({ from, to, images, services, json }: GivenOptions): Promise<ExitCode> {
  if (from === to) throw new UserError(`--to: must be another stack than --from (got "${to}").`);
  // The secrets of the other stack are not needed.
  const [source, target] = [readStack(from, { withoutSecrets: true }), readStack(to)];
  const plan = await planGiven(source, target, imagesIn(images, from), services);
  const review = await preparedReview(plan, source, target);
  const { verdict } = review;
  const say = (text: string) => (json ? process.stderr : process.stdout).write(text);
  say(`${formatPromotion(plan, from, to)}${formatVerdict(verdict, to)}\n`);
  const code = verdict.open ? deployPromoted(to, json) : ExitCode.GateClosed;
  if (json) {
    const gate = verdict.open ? "open" : "closed";
    const printed = { from, to, images: imagesAsJson(plan.promotions), notes: plan.notes, gate, deployed: code === ExitCode.Success };
    process.stdout.write(`${JSON.stringify(printed, null, 2)}\n`);
  }
  return code;
}

/** Copies the images, and reviews what they change. The program deploys them from now on, in this process and those that it starts. */
async function preparedReview({ promotions }: Plan, from: Stack, to: Stack): Promise<Review> {
  await copy(promotions, from, to);
  if (promotions.length > 0)
    process.env["SLIPWAY_IMAGES"] = JSON.stringify(Object.fromEntries(promotions.map(({ name, entry }) => [name, entry.image])));
  return previewedReview(to, undefined);
}

async function planGiven(from: Stack, to: Stack, images: Record<string, string>, services: string[]): Promise<Plan> {
  const [lock, deployments] = [readLockFile(to.name), await deploymentsOf(to)];
  const targetWithoutSecrets = readStack(to.name, { withoutSecrets: true });
  const notes: string[] = [];
  const names = (services.length > 0 ? services : Object.keys(images)).filter((name) => {
    if (builtIn(to)[name] === undefined || images[name] === undefined) return services.length > 0;
    const pinned = lock.promoted?.[name]?.image;
    const differences = differencesInBuild(from, targetWithoutSecrets, name);
    if (pinned !== undefined)
      notes.push(`${name} is not promoted, because ${lock.file} names its image, ${pinned}. To promote it, delete it there below promoted`);
    else if (differences.length > 0)
      notes.push(`${name} is not promoted but built, because "${from.name}" and "${to.name}" have another ${differences.join(", ")}`);
    return pinned === undefined && differences.length === 0;
  });
  if (names.length === 0) return { promotions: [], notes };
  const ran = { id: 0, command: "up", started: "", result: DeploymentResult.Succeeded, images };
  const plan = planPromotion({ stack: from, deployments: [ran] }, { stack: to, deployments }, names);
  const promotions = plan.promotions.map(({ entry: { deployment: _unknown, ...entry }, ...one }) => ({ ...one, entry }));
  return { promotions, notes: [...plan.notes, ...notes] };
}

/** @throws UserError if the option is no map of images by digest. */
function imagesIn(text: string, from: string): Record<string, string> {
  if (text === "")
    throw new UserError(
      `--images: is empty, so the job that deployed "${from}" has handed over nothing. GitHub drops an output that contains the value of a secret, and warns in that job: make such a value a variable.`,
    );
  const images = parsed(text);
  if (!isMap(images) || !Object.values(images).every((image) => typeof image === "string" && isByDigest(image)))
    throw new UserError(
      `--images: must be a JSON map of images by digest, as slipway outputs --stack ${from} --images prints it (got ${text}).`,
    );
  return images as Record<string, string>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
