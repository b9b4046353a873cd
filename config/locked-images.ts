import { isByDigest, isByTag } from "../lib/image-reference.ts";
import { nonRootUid } from "../lib/non-root.ts";
import type { Problem } from "../lib/problem.ts";
import { isMap } from "../lib/property-path.ts";
import type { LockedImage, LockFile } from "./lock-file.ts";

/** What of a service is looked up in registries: an image or base image by tag, or a user in the image by name. */
export interface Lockable {
  image: string;
  user?: string;
  /** Where the service has the image. */
  at: ["image"] | ["build", "base"];
}

/** What is looked up, by service or job. */
export function lockableImages(services: unknown): Record<string, Lockable> {
  if (!isMap(services)) return {};
  const found: [string, Lockable][] = [];
  for (const [name, service] of Object.entries(services)) {
    if (!isMap(service)) continue;
    const { image, build } = service;
    if (typeof image !== "string") {
      const base = isMap(build) ? build["base"] : undefined;
      if (typeof base === "string" && isByTag(base)) found.push([name, { image: base, at: ["build", "base"] }]);
      continue;
    }
    const user = isUserName(service["user"]) ? service["user"] : undefined;
    if (isByTag(image) || (user !== undefined && isByDigest(image)))
      found.push([name, { image, ...(user !== undefined && { user }), at: ["image"] }]);
  }
  return Object.fromEntries(found);
}

/** As `useradd` allows them, https://man7.org/linux/man-pages/man8/useradd.8.html. */
function isUserName(user: unknown): user is string {
  return typeof user === "string" && /^[a-z_][a-z0-9_-]*\$?$/i.test(user);
}

/** Whether the lock file has what a service needs. */
export function isLocked({ image, user }: Lockable, locked: LockedImage | undefined): boolean {
  return locked?.image === image && ("id" in locked || locked.user?.name === user);
}

/** How a locked image is deployed. */
export function lockedReference(locked: LockedImage): string {
  if ("id" in locked) return locked.id;
  return isByDigest(locked.image) ? locked.image : `${locked.image}@${locked.digest}`;
}

/** A digest of no image: so that the rules for images do not report a tag a second time. */
const exampleDigest = `sha256:${"0".repeat(64)}`;

/** Services whose tags have an example digest, and whose users have the default ID: to see what else is wrong with them. */
export function withExampleDigests<T extends object>(services: Record<string, T>): Record<string, T> {
  const locked = Object.entries(lockableImages(services)).map(([name, lockable]) => {
    const { image, user } = lockable;
    const service = withReference(services[name]!, lockable, isByDigest(image) ? image : `${image}@${exampleDigest}`);
    return [name, { ...service, ...(user !== undefined && { user: nonRootUid }) }];
  });
  return { ...services, ...(Object.fromEntries(locked) as Record<string, T>) };
}

function withReference<T extends object>(service: T, { at }: Lockable, reference: string): T {
  if (at[0] === "image") return { ...service, image: reference };
  return { ...service, build: { ...(service as { build?: object }).build, base: reference } };
}

/**
 * Replaces each image by tag with its digest in the lock file, and each user by name with its ID.
 *
 * @param given names whose images come from SLIPWAY_IMAGES
 * @returns what the lock file does not have, or `platform` cannot pull.
 */
export function useLockedImages(
  root: "services" | "jobs",
  services: unknown,
  { file, images }: LockFile,
  { stack, platform, given = [] }: { stack: string; platform: string; given?: string[] },
): Problem[] {
  return Object.entries(lockableImages(services)).flatMap(([name, lockable]) => {
    const { image, user, at } = lockable;
    const all = services as Record<string, object>;
    const problem = (key: "image" | "user", message: string): Problem[] => {
      Object.assign(all, withExampleDigests({ [name]: all[name]! }));
      return [{ path: [root, name, ...(key === "image" ? at : [key])], message }];
    };
    const entry = Object.hasOwn(images, name) ? images[name] : undefined;
    // A rollback gives the digest of an earlier image. The user of the locked one is the best guess.
    const locked = entry && given.includes(name) ? { ...entry, image } : entry;
    const lock = `Run slipway lock --stack ${stack}`;
    if (!locked && isByTag(image)) return problem("image", `"${image}" is a tag, and ${file} has no digest for it. ${lock}`);
    if (locked && locked.image !== image) return problem("image", `is "${image}", but ${file} has a digest for "${locked.image}". ${lock}`);
    if (!isLocked(lockable, locked)) return problem("user", `"${user}" is a name, and ${file} has no ID for it. ${lock}`);
    if ("id" in locked! && at[0] === "build") return problem("image", `${onlyInDocker(image)}. ${push(name, stack)}`);
    if ("id" in locked! && platform !== "docker") return problem("image", `${onlyInDocker(image, platform)}. ${push(name, stack)}`);
    if ("id" in locked! && user !== undefined)
      return problem("user", `"${user}" is a name, and "${image}" is only in this machine's Docker Engine. Set the user's ID`);
    const ids = "id" in locked! ? undefined : locked!.user;
    const service = withReference(all[name] as { group?: number }, lockable, lockedReference(locked!));
    all[name] = { ...service, ...(ids && { user: ids.uid, group: service.group ?? ids.gid }) };
    return [];
  });
}

/** @param platform What pulls it. @default - builds, which pull base images */
export function onlyInDocker(image: string, platform?: string): string {
  const puller = platform === undefined ? "base images are pulled" : `${platform} pulls images`;
  return `"${image}" is only in this machine's Docker Engine, and ${puller} from registries`;
}

export function push(service: string, stack: string): string {
  return `Tag it for a registry, push it (docker push), set that image, and run slipway lock --update ${service} --stack ${stack}`;
}
