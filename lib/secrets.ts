import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "./user-error.ts";

/** Encrypts a text in Pulumi's form `v1:<nonce>:<ciphertext and tag>`: AES-256-GCM (pulumi, sdk/go/common/resource/config/crypt.go). */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return ["v1", nonce.toString("base64"), sealed.toString("base64")].join(":");
}

/**
 * Decrypts a text that `seal` encrypted.
 *
 * @throws Error if the key is another one.
 */
export function open(key: Buffer, sealed: string): string {
  const [, nonce = "", body = ""] = sealed.split(":");
  const bytes = Buffer.from(body, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64")).setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(0, -16)).toString("utf8") + decipher.final("utf8");
}

/** Keys that have been read, by file. */
const keys = new Map<string, Buffer>();

/** The key for the checkpoints of this checkout. It is created at first use; only its owner can read the file. */
export function localKey(): Buffer {
  const file = resolve(".slipway/key");
  const known = keys.get(file);
  if (known) return known;
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  }
  const key = Buffer.from(readFileSync(file, "utf8"), "hex");
  keys.set(file, key);
  return key;
}

function passphraseIn({ PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file }: NodeJS.ProcessEnv): string | undefined {
  return given || (file ? readFileSync(file, "utf8").trim() : undefined);
}

const passphraseFile = ".slipway/passphrase";

/** The passphrase of this checkout, for stacks without a given one. Undefined before it is created. */
function localPassphrase(): string | undefined {
  return existsSync(passphraseFile) ? readFileSync(passphraseFile, "utf8").trim() : undefined;
}

/**
 * A new key for the secrets of a stack file: from the passphrase in the environment, otherwise from the one of this checkout, which is
 * created if necessary. Only its owner can read the file.
 */
export function newPassphraseKey(): { key: Buffer; salt: string; isLocal: boolean } {
  const given = passphraseIn(process.env);
  const passphrase = given ?? localPassphrase() ?? randomBytes(24).toString("base64url");
  if (given === undefined && !existsSync(passphraseFile)) {
    mkdirSync(dirname(passphraseFile), { recursive: true });
    writeFileSync(passphraseFile, passphrase, { mode: 0o600 });
  }
  const bytes = randomBytes(8);
  const key = derivedKey(passphrase, bytes);
  return { key, salt: `v1:${bytes.toString("base64")}:${seal(key, "pulumi")}`, isLocal: given === undefined };
}

/** Keys that have been derived, by passphrase and salt. */
const derivedKeys = new Map<string, Buffer>();

/** Derives a key once per process, because that takes 0.1 s, and a command reads each secret of a stack file several times. */
function derivedKey(passphrase: string, salt: Buffer): Buffer {
  const id = JSON.stringify([passphrase, salt.toString("base64")]);
  const known = derivedKeys.get(id);
  if (known) return known;
  const key = pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256");
  derivedKeys.set(id, key);
  return key;
}

/**
 * The key for the secrets of a stack file, derived as Pulumi's passphrase provider does: PBKDF2 of the passphrase and the file's salt.
 *
 * @throws UserError if the passphrase is missing or wrong.
 */
export function passphraseKey(salt: string | undefined, file: string): Buffer {
  const passphrase = passphraseIn(process.env) ?? localPassphrase();
  if (!salt || !passphrase) {
    throw new UserError(`${file}: contains secrets. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to decrypt them.`);
  }
  const [, saltText = "", ...check] = salt.split(":");
  const key = derivedKey(passphrase, Buffer.from(saltText, "base64"));
  try {
    open(key, check.join(":"));
    return key;
  } catch {
    throw new UserError(`${file}: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were encrypted with. Set the right one.`);
  }
}
