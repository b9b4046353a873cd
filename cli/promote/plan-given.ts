import type { LockFile } from "../../config/lock-file.ts";
import type { Stack } from "../../config/stack-file.ts";
import { DeploymentResult } from "../../lib/deployment-record.ts";
import { isByDigest } from "../../lib/image-reference.ts";
import { isMap } from "../../lib/property-path.ts";
import { UserError } from "../../lib/user-error.ts";
import { builtIn, planPromotion, type Plan, type Side } from "./plan.ts";
import { differencesInBuild } from "./same-build.ts";

/**
 * Decides which of the images that a pipeline hands over are promoted. What the lock file of the target names stays, such as after a rollback, and
 * what the target builds in another way is built.
 *
 * @param images by service and job, as they run in the stack `from`
 * @param wanted names of services and jobs. @default - all
 * @throws UserError that lists everything that keeps an image from being promoted.
 */
export function planGiven(from: Stack, to: Side, lock: LockFile, images: Record<string, string>, wanted: string[]): Plan {
  const notes: string[] = [];
  const built = builtIn(to.stack);
  const names = (wanted.length > 0 ? wanted : Object.keys(images).filter((name) => built.includes(name))).filter((name) => {
    if (!built.includes(name) || images[name] === undefined) return true; // reported below
    const differences = differencesInBuild(from, to.stack, name);
    const pinned = lock.promoted?.[name]?.image;
    if (pinned !== undefined)
      notes.push(`${name} is not promoted, because ${lock.file} names its image, ${pinned}. ${howToRelease(name, to.stack.name, lock)}`);
    else if (differences.length > 0)
      notes.push(
        `${name} is built, because "${from.name}" and "${to.stack.name}" have different settings for that (${differences.join(", ")})`,
      );
    return pinned === undefined && differences.length === 0;
  });
  if (names.length === 0) return { promotions: [], notes };
  const ran = { id: 0, command: "up", started: "", result: DeploymentResult.Succeeded, images };
  const plan = planPromotion({ stack: from, deployments: [ran] }, { ...to, held: lock.held }, names);
  const promotions = plan.promotions.map(({ entry: { deployment: _unknown, ...entry }, ...one }) => ({ ...one, entry }));
  return { promotions, notes: [...plan.notes, ...notes] };
}

function howToRelease(name: string, stack: string, { held }: LockFile): string {
  if (held?.[name] !== undefined) return `It was rolled back; to end that: slipway rollback --stack ${stack} --unhold ${name}`;
  return "To promote it, delete it there, below promoted";
}

/** @throws UserError if the value of `--images` is no map of images by digest. */
export function givenImages(text: string, from: string): Record<string, string> {
  const remedy = `as slipway outputs --stack ${from} --images prints it`;
  if (text === "")
    throw new UserError(
      `--images: must be a JSON map of images by digest, ${remedy}, and is empty: the job that deployed "${from}" has handed over nothing. GitHub drops an output that contains the value of a secret, with a warning in that job. Make such a value a variable.`,
    );
  const images = parsed(text);
  if (!isMap(images) || !Object.values(images).every((image) => typeof image === "string" && isByDigest(image)))
    throw new UserError(`--images: must be a JSON map of images by digest, ${remedy} (got ${text}).`);
  return images as Record<string, string>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
