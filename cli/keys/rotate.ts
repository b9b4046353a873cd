import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { newKeyPair } from "../../lib/attestations/key-file.ts";
import { formatTrustedKeys, keyFolder, readTrustedKeys, trustedKeysFile } from "../../lib/attestations/trusted-keys.ts";
import { UserError } from "../../lib/user-error.ts";
import { today } from "../today.ts";
import { keyFiles, writeKeys, type KeyFiles } from "./create.ts";
import { newPassphrase } from "./passphrase.ts";

/** How long an old public key counts unless somebody says otherwise: time for all stacks to be deployed once. */
const overlapDays = 90;

export interface RotatedKeys extends KeyFiles {
  oldPublicKey: string;
  /** Last day of the old public key. */
  until: string;
  /** The file that says so. */
  trusted: string;
}

/**
 * Replaces a key pair. The public key of the old one stays, for images that were signed with it.
 *
 * @throws UserError if there is no such key, or the date is none or in the past. Then nothing is changed.
 */
export async function rotateKeys(name: string, given: string | undefined): Promise<RotatedKeys> {
  const files = keyFiles(name);
  if (!existsSync(files.publicKey))
    throw new UserError(`${files.publicKey}: does not exist. Run slipway keys create --name ${name} first.`);
  const until = given ?? new Date(Date.now() + overlapDays * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
  if (!z.iso.date().safeParse(until).success || until < today())
    throw new UserError(`--until: must be a date from today on, such as ${today()} (got "${until}").`);
  const known = readTrustedKeys();
  const old = unusedName(name);
  const keys = newKeyPair(await newPassphrase());
  renameSync(files.publicKey, join(keyFolder, old));
  rmSync(files.privateKey, { force: true });
  writeKeys(files, keys);
  const file = basename(files.publicKey);
  const others = known.filter((key) => key.file !== file);
  writeFileSync(trustedKeysFile, formatTrustedKeys([{ file }, ...others, { file: old, until }]));
  return { ...files, oldPublicKey: join(keyFolder, old), until, trusted: trustedKeysFile };
}

/** Two rotations on one day must not overwrite a key. */
function unusedName(name: string): string {
  for (let n = 1; ; n++) {
    const file = `${name}-${today()}${n === 1 ? "" : `-${n}`}.pub`;
    if (!existsSync(join(keyFolder, file))) return file;
  }
}
