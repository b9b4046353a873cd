import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { UserError } from "../user-error.ts";

/** Folder of the keys, in the project. */
export const keyFolder = "keys";

/** The list of public keys, written by `slipway keys`. */
export const trustedKeysFile = join(keyFolder, "trusted.yaml");

const trustedKey = z.strictObject({
  /** File with the public key, in the folder of the keys. */
  file: z.string().min(1),
  /** Last day on which signatures with the key count. @default - no end */
  until: z.iso.date().optional(),
});

/** A public key with which signatures count. */
export type TrustedKey = z.infer<typeof trustedKey>;

const trustedKeys = z.strictObject({ keys: z.array(trustedKey) });

/** @throws UserError if the file is not as `slipway keys` writes it. */
export function readTrustedKeys(file = trustedKeysFile): TrustedKey[] {
  if (!existsSync(file)) return [];
  const { data, error } = trustedKeys.safeParse(parse(readFileSync(file, "utf8")));
  if (data) return data.keys;
  const [{ path, message }] = error.issues as [z.core.$ZodIssue];
  throw new UserError(`${file}: ${path.join(".")}: ${message}. Each of keys has file and, if it ends, until.`);
}

export function formatTrustedKeys(keys: TrustedKey[]): string {
  return `# Public keys with which signatures of images count, and until when. Written by slipway keys; commit it.\n${stringify({ keys })}`;
}
