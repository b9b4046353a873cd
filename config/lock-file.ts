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

const content = z.strictObject({
  images: z.record(z.string(), lockedImage).default({}),
  addons: z.record(z.string(), lockedAddon).default({}),
  promoted: z.record(z.string(), promotedImage).optional(),
});

/**
 * The lock file of a stack, next to its stack file: the digests of the images that services have by tag, their users, versions, and images that were
 * promoted.
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
}

/**
 * Reads the lock file of a stack, which may be missing: then it is empty.
 *
 * @throws UserError with every problem of the file.
 */
export function readLockFile(stack: string): LockFile {
  const file = join(configFolder(), `slipway-lock.${stackWithFiles(stack)}.yaml`);
  if (!existsSync(file)) return { file, images: {}, addons: {} };
  const remedy = `Restore it from version control, or delete it and run slipway lock --stack ${stack}.`;
  try {
    const { data, error } = content.safeParse(parse(readFileSync(file, "utf8")) ?? {});
    if (data) return { file, images: data.images, addons: data.addons, ...(data.promoted && { promoted: data.promoted }) };
    const lines = error.issues.map(({ path, message }) => `  - ${formatProblem({ path: path as Path, message })}`);
    throw new UserError([`${file}: is not a valid lock file. ${remedy}`, ...lines].join("\n"));
  } catch (error) {
    throw error instanceof YAMLParseError ? new UserError(`${file}: ${error.message.split("\n")[0]} ${remedy}`) : error;
  }
}

/** Writes a lock file, in alphabetical order. An empty one is deleted. */
export function writeLockFile(stack: string, { file, images, addons, promoted = {} }: LockFile): void {
  const parts = Object.entries({ images, addons, promoted }).filter(([, entries]) => Object.keys(entries).length > 0);
  if (parts.length === 0) return rmSync(file, { force: true });
  const sorted = parts.map(([part, entries]) => [part, Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))]);
  const head = `# What Pulumi.${stack}.yaml leaves open: digests of images by tag, versions of add-ons, promoted images. Written by slipway lock and slipway promote. Commit ${basename(file)}.\n`;
  writeFileAtomic.sync(file, head + stringify(Object.fromEntries(sorted)));
}
