import { createCipheriv, createDecipheriv, pbkdf2, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { UserError } from "./user-error.ts";

const nonceSize = 12;
const tagSize = 16;

/** Encrypts bytes with AES-256-GCM: nonce, ciphertext and tag. */
export function sealBytes(key: Buffer, bytes: Buffer): Buffer {
  const nonce = randomBytes(nonceSize);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Decrypts bytes that `sealBytes` encrypted.
 *
 * @throws Error if the key is another one, or the bytes were changed.
 */
export function openBytes(key: Buffer, sealed: Buffer): Buffer {
  const body = sealed.subarray(nonceSize);
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceSize)).setAuthTag(body.subarray(-tagSize));
  return Buffer.concat([decipher.update(body.subarray(0, -tagSize)), decipher.final()]);
}

/** Encrypts a text in Pulumi's form `v1:<nonce>:<ciphertext and tag>` (pulumi, sdk/go/common/resource/config/crypt.go). */
export function seal(key: Buffer, text: string): string {
  const sealed = sealBytes(key, Buffer.from(text));
  return ["v1", sealed.subarray(0, nonceSize).toString("base64"), sealed.subarray(nonceSize).toString("base64")].join(":");
}

/**
 * Decrypts a text that `seal` encrypted.
 *
 * @throws Error if the key is another one.
 */
export function open(key: Buffer, sealed: string): string {
  const [, nonce = "", body = ""] = sealed.split(":");
  return openBytes(key, Buffer.concat([Buffer.from(nonce, "base64"), Buffer.from(body, "base64")])).toString();
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

const iterations = 1_000_000;
const keyBytes = 32;

function idOf(passphrase: string, salt: Buffer): string {
  return JSON.stringify([passphrase, salt.toString("base64")]);
}

/** Derives a key once per process, because that takes 0.2 s, and a command reads each secret of a stack file several times. */
function derivedKey(passphrase: string, salt: Buffer): Buffer {
  const id = idOf(passphrase, salt);
  const key = derivedKeys.get(id) ?? pbkdf2Sync(passphrase, salt, iterations, keyBytes, "sha256");
  derivedKeys.set(id, key);
  return key;
}

/** Derives the key that `passphraseKey` will return, while this process goes on. If there is no passphrase, `passphraseKey` reports it. */
export async function preparePassphraseKey(salt: string): Promise<void> {
  const passphrase = passphraseIn(process.env) ?? localPassphrase();
  if (!passphrase) return;
  const bytes = saltBytes(salt);
  const id = idOf(passphrase, bytes);
  if (!derivedKeys.has(id)) derivedKeys.set(id, await promisify(pbkdf2)(passphrase, bytes, iterations, keyBytes, "sha256"));
}

/** The salt itself in Pulumi's form `v1:<salt>:<check>`. */
function saltBytes(salt: string): Buffer {
  return Buffer.from(salt.split(":")[1] ?? "", "base64");
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
  const [, , ...check] = salt.split(":");
  const key = derivedKey(passphrase, saltBytes(salt));
  try {
    open(key, check.join(":"));
    return key;
  } catch {
    throw new UserError(`${file}: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were encrypted with. Set the right one.`);
  }
}
