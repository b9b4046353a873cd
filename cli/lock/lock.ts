import { settingsNamespace } from "../../config/config-value.ts";
import { isDeepStrictEqual } from "node:util";
import { platformOf, settingsIn, type Stack } from "../../config/stack-file.ts";
import { readLockFile, writeLockFile, type LockedImage, type LockFile, type NamedUser } from "../../config/lock-file.ts";
import { isLocked, lockableImages, lockedReference, onlyInDocker, push, type Lockable } from "../../config/locked-images.ts";
import { dockerClient, registryOf } from "../../lib/docker-client.ts";
import { formatProblem, throwIfAny, type Problem } from "../../lib/problem.ts";
import { UserError } from "../../lib/user-error.ts";
import type { RegistryAccess } from "../../lib/registry-access.ts";
import { lookUp, type Answer } from "../../lib/registry-client.ts";
import { registriesOf } from "../registries.ts";
import { unlockedAddons, type LockableAddons } from "../../config/locked-addons.ts";
import { addonsIn, lockAddons, type AddonChange } from "./addons.ts";

/** What changed in a lock file for a service. */
export interface LockChange {
  service: string;
  image: string;
  /** What the tag was, and is now: a digest, or the ID of an image that only the Docker Engine has. Missing if there was or is no entry. */
  before?: string;
  after?: string;
  /** The user of the service, if it has one by name. */
  user?: NamedUser;
}

/** What is looked up, and where the stack file has it. */
interface Wanted extends Lockable {
  root: "services" | "jobs";
}

/** The settings that decide where images come from. */
interface Source {
  stack: string;
  project: string;
  platform: string;
  /** What is looked up, by service or job. */
  images: Record<string, Wanted>;
  access: Record<string, RegistryAccess>;
  /** Endpoint of the Docker host. @default - this machine's */
  dockerHost?: string;
}

function sourceOf(stack: Stack): Source {
  const { project, name } = stack;
  const platform = platformOf(stack);
  const images = { ...wantedIn("services", stack), ...wantedIn("jobs", stack) };
  const { host } = settingsIn(stack, platform) as { host?: string };
  return { stack: name, project, platform, images, access: registriesOf(stack), dockerHost: host };
}

function wantedIn(root: Wanted["root"], stack: Stack): Record<string, Wanted> {
  const images = Object.entries(lockableImages(settingsIn(stack, root)));
  return Object.fromEntries(images.map(([name, lockable]) => [name, { ...lockable, root }]));
}

/** The services whose tag or user, and the add-ons whose version, has no entry in the lock file, or one for another. */
export function unlocked(stack: Stack): string[] {
  const addons = addonsIn(stack);
  return [...unlockedServices(stack), ...(addons ? unlockedAddons(addons, readLockFile(stack.name)) : [])];
}

function unlockedServices(stack: Stack): string[] {
  const { images } = readLockFile(stack.name);
  return Object.entries(sourceOf(stack).images).flatMap(([service, lockable]) => (isLocked(lockable, images[service]) ? [] : service));
}

/** The services with an image by tag, or a user by name, and the EKS add-ons without a version. */
export function lockables(stack: Stack): string[] {
  return [...Object.keys(sourceOf(stack).images), ...(addonsIn(stack)?.names ?? [])];
}

/** What a lock did. */
export interface LockResult {
  file: string;
  changes: LockChange[];
  addons: AddonChange[];
  /** What could not be looked up. */
  note?: string;
}

/**
 * Adds the digests of tags and the versions of add-ons to the lock file of a stack, and removes entries that nothing uses.
 *
 * @param update services and add-ons that are looked up again, even if they have an entry
 * @throws UserError with every image that cannot be locked. Then the file is unchanged.
 */
export async function lock(stack: Stack, update: string[] = []): Promise<LockResult> {
  const source = sourceOf(stack);
  const tagged = Object.keys(source.images);
  const known = lockables(stack);
  const unknown = update.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UserError(
      `There is no service "${unknown[0]}" with an image by tag or a user by name, and no add-on of that name. To update: ${known.join(", ") || "none"}.`,
    );
  const before = readLockFile(stack.name);
  const asked = [...new Set([...unlockedServices(stack), ...update.filter((name) => tagged.includes(name))])].sort();
  const found = await resolve(source, asked);
  const images = { ...before.images, ...found };
  for (const service of Object.keys(images)) if (!tagged.includes(service)) delete images[service];
  const changes = changesBetween(before, images);
  const { addons, changes: addonChanges, note } = await lockAddons(stack, before, update);
  const { file } = before;
  if (changes.length + addonChanges.length > 0) writeLockFile(stack.name, { ...before, images, addons });
  return { file, changes, addons: addonChanges, ...(note !== undefined && { note }) };
}

function changesBetween({ images: before }: Pick<LockFile, "images">, after: LockFile["images"]): LockChange[] {
  const contentOf = (locked: LockedImage | undefined) => locked && ("id" in locked ? locked.id : locked.digest);
  const userIn = (locked: LockedImage | undefined) => (locked && "user" in locked ? locked.user : undefined);
  return Object.keys({ ...before, ...after })
    .sort()
    .flatMap((service): LockChange[] => {
      const [old, now] = [before[service], after[service]];
      if (isDeepStrictEqual(old, now)) return [];
      return [{ service, image: (now ?? old)!.image, before: contentOf(old), after: contentOf(now), user: userIn(now) }];
    });
}

async function resolve(source: Source, services: string[]): Promise<Record<string, LockedImage>> {
  const images = services.map((service) => source.images[service]!);
  const answers = await lookUp(
    images.map(({ image, user }) => ({ image, user })),
    source.access,
  );
  const found: Record<string, LockedImage> = {};
  const problems: Problem[] = [];
  for (const [i, service] of services.entries()) {
    const { image, user, root, at } = images[i]!;
    const answer = answers[i]!;
    const id = answer.digest === undefined && answer.problem !== "noUser" ? await idInDocker(source, image) : undefined;
    if (answer.digest !== undefined)
      found[service] = { image, digest: answer.digest, ...(user !== undefined && { user: { name: user, ...answer.user! } }) };
    else if (id !== undefined && source.platform === "docker" && at[0] === "image") found[service] = { image, id };
    else {
      const message =
        id === undefined
          ? problemWith({ image, user, at }, answer)
          : `${onlyInDocker(image, at[0] === "image" ? source.platform : undefined)}. ${push(service, source.stack)}`;
      problems.push({ path: [root, service, ...(answer.problem === "noUser" ? ["user"] : at)], message });
    }
  }
  throwIfAny(
    problems.map((problem) => `${settingsNamespace}:${formatProblem(problem)}`),
    `The images of stack "${source.stack}" cannot be locked:`,
  );
  return found;
}

function problemWith({ image, user }: Lockable, { problem, message }: Answer & { digest?: undefined }): string {
  const registry = registryOf(image);
  switch (problem) {
    case "missing":
      return `"${image}" is not in the registry ${registry}. Correct its name or tag`;
    case "unauthorized":
      return `the registry ${registry} does not show "${image}" to this login, or does not have it. Correct its name, or run slipway login ${registry}`;
    case "unreachable":
    case "unknownHost":
    case "untrusted":
    case "plainHttp":
      return `the registry ${registry} cannot be asked for "${image}" (${message}). Make sure that this machine reaches it`;
    case "noUser":
      return `"${image}" has no user "${user}". Correct the name, or set a user ID`;
    case "invalid":
      return `must be an image such as "postgres:16" (got "${image}"). Correct it`;
  }
}

/** The ID of an image in the Docker Engine. Undefined if it does not have the image, or there is no engine. */
async function idInDocker({ dockerHost }: Source, image: string): Promise<string | undefined> {
  return dockerClient(dockerHost)
    .getImage(image)
    .inspect()
    .then(
      ({ Id }) => Id,
      () => undefined,
    );
}

/** What the registries say of the locked images today. */
export interface LockReport {
  /** Tags that have another content since they were locked. */
  moved: (LockChange & Pick<Wanted, "root" | "at">)[];
  /** Locked digests that their registry has no longer. */
  deleted: (Pick<Wanted, "root" | "at"> & { service: string; image: string; digest: string })[];
  /** EKS add-ons without a version, and the Kubernetes version that they are for. */
  openAddons?: LockableAddons;
}

/** Asks the registries for the locked images of a stack. Those that do not answer are left out. */
export async function checkLock(stack: Stack): Promise<LockReport> {
  // One after the other, because the first one may build the program that asks.
  const report: LockReport = { moved: await movedTags(stack), deleted: await deletedImages(stack) };
  const addons = addonsIn(stack);
  const names = addons ? unlockedAddons(addons, readLockFile(stack.name)) : [];
  return names.length > 0 ? { ...report, openAddons: { ...addons!, names } } : report;
}

async function movedTags(stack: Stack): Promise<LockReport["moved"]> {
  const { used, access } = lockedInRegistries(stack);
  const answers = await lookUp(
    used.map(({ image }) => ({ image })),
    access,
  );
  return used.flatMap(({ service, root, at, image, digest }, i) => {
    const now = answers[i]!.digest;
    return now === undefined || now === digest ? [] : [{ service, root, at, image, before: digest, after: now }];
  });
}

/** The locked images that their registry has no longer. */
export async function deletedImages(stack: Stack): Promise<LockReport["deleted"]> {
  const { used, access } = lockedInRegistries(stack);
  const answers = await lookUp(
    used.map((entry) => ({ image: lockedReference(entry) })),
    access,
  );
  return used.filter((_, i) => answers[i]!.problem === "missing");
}

function lockedInRegistries(stack: Stack) {
  const { images, access } = sourceOf(stack);
  const used = Object.entries(readLockFile(stack.name).images).flatMap(([service, entry]) => {
    const wanted = images[service];
    return "digest" in entry && wanted?.image === entry.image ? [{ service, root: wanted.root, at: wanted.at, ...entry }] : [];
  });
  return { used, access };
}
