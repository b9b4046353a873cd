import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, stringify, YAMLParseError } from "yaml";
import { z } from "zod";
import writeFileAtomic from "write-file-atomic";
import { isByDigest } from "../lib/image-reference.ts";
import { formatProblem } from "../lib/problem.ts";
import type { Path } from "../lib/property-path.ts";
import { UserError } from "../lib/user-error.ts";
import { configFolder, stackWithFiles } from "./project.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be a digest, sha256: and 64 hexadecimal digits");

/** A user that a service has by name, and its IDs in the image. */
const namedUser = z.strictObject({ name: z.string(), uid: z.int(), gid: z.int() });
export type NamedUser = z.infer<typeof namedUser>;

/** The content that a tag had when it was locked: an image in a registry, or one that only the Docker Engine has. */
const lockedImage = z.union([
  z.strictObject({ image: z.string(), digest, user: namedUser.optional() }),
  z.strictObject({ image: z.string(), id: digest }),
]);
export type LockedImage = z.infer<typeof lockedImage>;

/** The version of an EKS add-on, and the Kubernetes version that it was looked up for, such as `1.36`. */
const lockedAddon = z.strictObject({ version: z.string(), kubernetes: z.string() });
export type LockedAddon = z.infer<typeof lockedAddon>;

/** An image that was promoted from another stack. */
const promotedImage = z.strictObject({
  image: z.string().refine(isByDigest, "must be an image by digest"),
  from: z.string(),
  deployment: z.int().optional(),
  commit: z.string().optional(),
});
export type Promoted = z.infer<typeof promotedImage>;

/** An image that a rollback has replaced. It is not promoted to the stack again until somebody allows it. */
const heldImage = z.strictObject({
  image: z.string().refine(isByDigest, "must be an image by digest"),
  /** The last deployment of the stack that ran it. @default - none did so successfully */
  deployment: z.int().optional(),
  /** The stack that it was promoted from. @default - it was built for this stack */
  from: z.string().optional(),
  reason: z.string().optional(),
  by: z.string(),
  /** Day of the rollback, in UTC. */
  since: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day such as 2026-11-28"),
});
export type Held = z.infer<typeof heldImage>;

const content = z.strictObject({
  images: z.record(z.string(), lockedImage).default({}),
  addons: z.record(z.string(), lockedAddon).default({}),
  promoted: z.record(z.string(), promotedImage).optional(),
  held: z.record(z.string(), z.array(heldImage)).optional(),
});

/**
 * The lock file of a stack, next to its stack file: the digests of the images that services have by tag, their users, versions, images that were
 * promoted or rolled back to, and those that may not be promoted.
 */
export interface LockFile {
  /** Relative to the project's root. */
  file: string;
  /** By service. */
  images: Record<string, LockedImage>;
  /** By the name of the EKS add-on. */
  addons: Record<string, LockedAddon>;
  /** By service or job with a source: nothing is built for these. @default - none */
  promoted?: Record<string, Promoted>;
  /** By service or job: images that a rollback has replaced, the newest first. @default - none */
  held?: Record<string, Held[]>;
}

/**
 * Reads the lock file of a stack, which may be missing: then it is empty.
 *
 * @throws UserError with every problem of the file.
 */
export function readLockFile(stack: string): LockFile {
  const file = join(configFolder(), `slipway-lock.${stackWithFiles(stack)}.yaml`);
  return existsSync(file) ? parseLockFile(readFileSync(file, "utf8"), stack, file) : { file, images: {}, addons: {} };
}

/**
 * Parses the text of a lock file.
 *
 * @param file its path, for messages
 * @throws UserError with every problem of the file.
 */
export function parseLockFile(text: string, stack: string, file: string): LockFile {
  const remedy = `Restore it from version control, or delete it and run slipway lock --stack ${stack}.`;
  try {
    const { data, error } = content.safeParse(parse(text) ?? {});
    if (data) {
      const { images, addons, promoted, held } = data;
      return { file, images, addons, ...(promoted && { promoted }), ...(held && { held }) };
    }
    const lines = error.issues.map(({ path, message }) => `  - ${formatProblem({ path: path as Path, message })}`);
    throw new UserError([`${file}: is not a valid lock file. ${remedy}`, ...lines].join("\n"));
  } catch (error) {
    throw error instanceof YAMLParseError ? new UserError(`${file}: ${error.message.split("\n")[0]} ${remedy}`) : error;
  }
}

/** Writes a lock file. An empty one is deleted. */
export function writeLockFile(stack: string, lock: LockFile): void {
  const text = formatLockFile(stack, lock);
  if (text === undefined) return rmSync(lock.file, { force: true });
  writeFileAtomic.sync(lock.file, text);
}

/** The text of a lock file, in alphabetical order. Undefined if it is empty. */
export function formatLockFile(stack: string, { file, images, addons, promoted = {}, held = {} }: LockFile): string | undefined {
  const parts = Object.entries({ images, addons, promoted, held }).filter(([, entries]) => Object.keys(entries).length > 0);
  if (parts.length === 0) return undefined;
  const sorted = parts.map(([part, entries]) => [part, Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  const head = `# What Pulumi.${stack}.yaml leaves open: digests of images by tag, versions of add-ons, promoted images. Written by slipway lock, promote and rollback. Commit ${basename(file)}.\n`;
  return head + stringify(Object.fromEntries(sorted));
}
