import type { Held, LockedImage, LockFile } from "../../config/lock-file.ts";
import type { Deployment } from "../../lib/deployment-record.ts";
import { releasesOf } from "../history/deployments.ts";
import { digestOf } from "../../lib/image-reference.ts";
import type { Release } from "./release.ts";

export interface LockedRollback {
  stack: string;
  release: Release;
  deployments: Deployment[];
  /** Services and jobs with a source that are rolled back. */
  built: string[];
  /** Who rolls back, when and why, for what is held. */
  note: Pick<Held, "by" | "since" | "reason">;
}

/**
 * A lock file with the images of a release instead of builds, and the images that ran since then held.
 *
 * @param before the lock file of today
 */
export function lockedRollback(before: LockFile, { stack, release, deployments, built, note }: LockedRollback): LockFile {
  const promoted = { ...before.promoted };
  const held = { ...before.held };
  for (const name of built) {
    const image = release.images[name]!;
    const { id, commit } = release.deployment;
    held[name] = heldImages(name, image, { before, stack, release, deployments, note });
    promoted[name] = { image, from: stack, deployment: id, ...(commit && { commit: commit.sha }) };
  }
  return { ...before, promoted, held: withoutEmpty(held) };
}

function heldImages(
  name: string,
  target: string,
  { before, stack, release, deployments, note }: Omit<LockedRollback, "built"> & { before: LockFile },
): Held[] {
  const pinned = before.promoted?.[name];
  const promotedFrom = (image: string) =>
    pinned !== undefined && isSame(pinned.image, image) && pinned.from !== stack ? pinned.from : undefined;
  const since = deployments.filter(({ id }) => id >= release.deployment.id);
  const ran = releasesOf(since, name).map(({ image, deployment: { id } }) => ({ image, deployment: id }));
  // A deployment that failed has not recorded its images.
  const failed = pinned !== undefined && promotedFrom(pinned.image) !== undefined ? [{ image: pinned.image }] : [];
  const replaced = [...failed, ...ran].map(({ image, ...rest }): Held => {
    const from = promotedFrom(image);
    return { image, ...rest, ...(from !== undefined && { from }), ...note };
  });
  const all = [...ranFirst(replaced), ...(before.held?.[name] ?? [])].filter(({ image }) => !isSame(image, target));
  return all.filter(({ image }, i) => all.findIndex((one) => isSame(one.image, image)) === i);
}

/** Of two entries for an image, the one that names a deployment comes first. */
function ranFirst(held: Held[]): Held[] {
  return held.filter(
    ({ image, deployment }) => deployment !== undefined || !held.some((one) => one.deployment !== undefined && isSame(one.image, image)),
  );
}

/**
 * A lock file in which the images of a service or job may be promoted again. If the stack built it from its source before the rollback, it does so
 * again. Undefined if nothing is held.
 */
export function releasedLock(before: LockFile, stack: string, name: string): LockFile | undefined {
  const held = before.held?.[name];
  if (held === undefined) return undefined;
  const pinned = before.promoted?.[name];
  const wasBuilt = pinned?.from === stack && held.every(({ from }) => from === undefined);
  const promoted = without(before.promoted ?? {}, wasBuilt ? name : undefined);
  return { ...before, promoted, held: without(before.held ?? {}, name) };
}

/**
 * The digests of images by tag in a release, for services that are not built.
 *
 * @param then lock file of the release
 */
export function lockedImages(then: Record<string, LockedImage>, { images }: Release): Record<string, LockedImage> {
  const entries = Object.entries(then).map(([name, entry]): [string, LockedImage] => {
    const ran = images[name];
    if (!("digest" in entry) || ran === undefined || digestOf(ran) === entry.digest) return [name, entry];
    // The lock file of the commit was not that of the deployment.
    return [name, { image: entry.image, digest: digestOf(ran) }];
  });
  return Object.fromEntries(entries);
}

function isSame(a: string, b: string): boolean {
  return digestOf(a) === digestOf(b);
}

function without<T>(entries: Record<string, T>, name: string | undefined): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([one]) => one !== name));
}

function withoutEmpty(held: Record<string, Held[]>): Record<string, Held[]> {
  return Object.fromEntries(Object.entries(held).filter(([, entries]) => entries.length > 0));
}
