import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { newKeyPair, publicKeyFile } from "../../lib/attestations/key-file.ts";
import { formatTrustedKeys, keyFolder, readTrustedKeys, trustedKeysFile } from "../../lib/attestations/trusted-keys.ts";
import { UserError } from "../../lib/user-error.ts";
import { newPassphrase } from "./passphrase.ts";

/** Paths of a key pair. */
export interface KeyFiles {
  privateKey: string;
  publicKey: string;
}

/** @throws UserError if the name cannot be one of a file. */
export function keyFiles(name: string): KeyFiles {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(name) || /\.(key|pub)$/.test(name))
    throw new UserError(`--name: must have only lower-case letters, digits, dots and hyphens, and no ending (got "${name}").`);
  const privateKey = join(keyFolder, `${name}.key`);
  return { privateKey, publicKey: publicKeyFile(privateKey) };
}

/**
 * Creates a key pair, and lets signatures with it count.
 *
 * @throws UserError if there is a key of that name, or no passphrase.
 */
export async function createKeys(name: string): Promise<KeyFiles> {
  const files = keyFiles(name);
  for (const file of Object.values(files))
    if (existsSync(file)) throw new UserError(`${file}: exists already. Run slipway keys rotate to replace it, or set another --name.`);
  const keys = newKeyPair(await newPassphrase());
  mkdirSync(keyFolder, { recursive: true });
  writeKeys(files, keys);
  writeFileSync(trustedKeysFile, formatTrustedKeys([...readTrustedKeys(), { file: basename(files.publicKey) }]));
  return files;
}

/** Only the owner can read the private key. */
export function writeKeys(files: KeyFiles, keys: { privateKey: string; publicKey: string }): void {
  writeFileSync(files.privateKey, keys.privateKey, { mode: 0o600, flag: "wx" });
  writeFileSync(files.publicKey, keys.publicKey);
}
