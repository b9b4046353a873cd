import { existsSync, readFileSync } from "node:fs";
import { formatLockFile, parseLockFile, readLockFile, type LockFile } from "../../config/lock-file.ts";
import { environmentOf } from "../../config/project.ts";
import { readStack, readWritten, settingsIn, type Stack } from "../../config/stack-file.ts";
import { throwIfAny } from "../../lib/problem.ts";
import { lookUp } from "../../lib/registry-client.ts";
import { UserError } from "../../lib/user-error.ts";
import packageDescription from "../../package.json" with { type: "json" };
import type { Review } from "../../review/review.ts";
import type { ChangedFile } from "../forge/forge.ts";
import { deploymentsOf } from "../history/deployments.ts";
import { originOf } from "../history/origin.ts";
import { builtIn } from "../promote/plan.ts";
import { registriesOf } from "../registries.ts";
import { previewedReview } from "../review.ts";
import { reviewedChange } from "../reviewed-change.ts";
import { today } from "../today.ts";
import { filesAt, isUncommitted } from "./git.ts";
import { lockedImages, lockedRollback, releasedLock } from "./lock.ts";
import { releaseAt, type Release } from "./release.ts";
import { restoredService, restoredSettings } from "./settings.ts";

export interface RollbackOptions {
  /** Number of the deployment. */
  to: string;
  /** The only service or job to roll back. @default - all, and all other settings of the stack */
  service: string | undefined;
  /** Whether the settings stay as they are. */
  imagesOnly: boolean;
  /** Why the images that are replaced may not be promoted again. */
  reason: string | undefined;
}

/** What a rollback to a release changes. */
export interface Rollback {
  release: Release;
  /** Images by digest of the services and jobs that are no longer built. */
  images: Record<string, string>;
  /** Images that may not be promoted to the stack from now on, by service or job. */
  held: Record<string, string[]>;
  notes: string[];
  /** The files that differ, relative to the project's root. None if the stack has this release already. */
  files: ChangedFile[];
  review: Review;
}

/**
 * Gives a stack the images and settings of a release, in its files, and reviews what that changes. If the gate is closed, the files are as they
 * were.
 *
 * @throws UserError if the stack cannot be rolled back to it. Then the files are as they were, too.
 */
export async function rollBackTo(name: string, { to, service, imagesOnly, reason }: RollbackOptions): Promise<Rollback> {
  if (environmentOf(name) !== undefined)
    throw new UserError(`--to: the review environment "${name}" has no files of its own. Check out the commit, and run slipway review up.`);
  const [{ file }, before] = [readWritten(name), readLockFile(name)];
  const deployments = await deploymentsOf(readStack(name));
  const release = releaseAt(deployments, to, file, imagesOnly, name);
  const [settings, lock] = release.commit ? await filesAt(release.commit.sha, [file, before.file]) : [];
  const settingsChange = await changeOfSettings(file, release, settings, service);
  const then = lock === undefined ? { images: {} } : parseLockFile(lock, name, before.file);
  const { actor } = await originOf();
  const note = { by: actor, since: today(), ...(reason !== undefined && { reason }) };
  let done: Omit<Rollback, "review"> | undefined;
  const review = await reviewedChange(settingsChange, async () => {
    // With the settings of the release: it may have had other services.
    const stack = readStack(name);
    const built = await existing(stack, release, service);
    const images = release.commit ? imagesByTag(before, lockedImages(then.images, release), service) : before.images;
    const after = lockedRollback({ ...before, images }, { stack: name, release, deployments, built, note });
    const lockChange = changeOf(before.file, formatLockFile(name, after));
    done = {
      release,
      images: Object.fromEntries(built.map((one) => [one, release.images[one]!])),
      held: Object.fromEntries(built.map((one) => [one, (after.held?.[one] ?? []).map(({ image }) => image)])),
      notes: notesOn(stack, release, service, built),
      files: [...settingsChange, ...lockChange],
    };
    return reviewedChange(lockChange, () => previewedReview(stack, undefined));
  });
  return { ...done!, review };
}

async function changeOfSettings(
  file: string,
  { commit }: Release,
  then: string | undefined,
  service: string | undefined,
): Promise<ChangedFile[]> {
  if (commit === undefined) return [];
  if (then === undefined)
    throw new UserError(`--to: commit ${commit.sha} has no ${file} of this project. Roll back the images alone: --images-only.`);
  const now = readFileSync(file, "utf8");
  const change = changeOf(file, service === undefined ? restoredSettings(now, then) : restoredService(now, then, service, file));
  if (change.length > 0 && (await isUncommitted(file)))
    throw new UserError(`${file}: has changes that are not committed, and the rollback would overwrite them. Commit or stash them.`);
  return change;
}

function changeOf(file: string, after: string | undefined): ChangedFile[] {
  const before = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  return before === after ? [] : [{ file, before, after }];
}

/** The services and jobs to roll back that are built from a source. Their images are known, and the registry still has them. */
async function existing(stack: Stack, { deployment: { id, commit }, images }: Release, service: string | undefined): Promise<string[]> {
  if (service !== undefined && !["services", "jobs"].some((root) => service in settingsIn(stack, root)))
    throw new UserError(`--service: stack "${stack.name}" has no service or job "${service}".`);
  const names = builtIn(stack).filter((name) => service === undefined || name === service);
  const unknown = names.filter((name) => images[name] === undefined);
  const known = names.filter((name) => images[name] !== undefined);
  const answers = await lookUp(
    known.map((name) => ({ image: images[name]! })),
    registriesOf(stack),
  );
  const rebuild = commit === undefined ? "" : ` Build its commit again: git checkout ${commit.sha.slice(0, 7)}, then slipway up`;
  const problems = answers.flatMap((answer, i) => {
    if (answer.problem === undefined) return [];
    const image = images[known[i]!]!;
    if (answer.problem === "missing") return [`${image}: the registry no longer has it.${rebuild}`];
    return [`${image}: cannot be read (${answer.problem}: ${answer.message})`];
  });
  throwIfAny(
    [...unknown.map((name) => `${name}: is built from a source, but its image in deployment ${id} is not known by digest`), ...problems],
    `Stack "${stack.name}" cannot be rolled back to deployment ${id}. Its files were not changed:`,
  );
  return known;
}

/** The digests of images by tag: those of the release, of all services or of one. */
function imagesByTag({ images }: LockFile, then: LockFile["images"], service: string | undefined): LockFile["images"] {
  if (service === undefined) return then;
  const entry = then[service];
  return entry === undefined ? images : { ...images, [service]: entry };
}

function notesOn(stack: Stack, { deployment, commit, images }: Release, service: string | undefined, built: string[]): string[] {
  const { slipway } = deployment;
  const given = Object.keys(images).filter((name) => !built.includes(name) && (service === undefined || name === service));
  return [
    ...(commit === undefined && given.length > 0 ? [`${given.join(", ")}: the image is in the settings, so it stays as it is`] : []),
    ...("slipway:extends" in (stack.written ?? {}) ? ["the defaults that the stack extends are those of this checkout"] : []),
    ...(slipway !== undefined && slipway !== packageDescription.version
      ? [`deployment ${deployment.id} was made with Slipway ${slipway}; this is ${packageDescription.version}`]
      : []),
  ];
}

/**
 * Lets the images of a service or job that a rollback has replaced be promoted again.
 *
 * @returns the changed lock file, and whether the stack builds the service from its source again
 * @throws UserError if nothing is held.
 */
export function unhold(name: string, service: string): { change: ChangedFile; isBuilt: boolean } {
  const before = readLockFile(name);
  const after = releasedLock(before, name, service);
  if (after === undefined) {
    const held = Object.keys(before.held ?? {});
    const known = held.length === 0 ? "It holds no images." : `It holds images of ${held.join(", ")}.`;
    throw new UserError(`--unhold: stack "${name}" holds no images of "${service}". ${known}`);
  }
  const [change] = changeOf(before.file, formatLockFile(name, after));
  return { change: change!, isBuilt: before.promoted?.[service] !== undefined && after.promoted?.[service] === undefined };
}
