import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { UserError } from "./user-error.ts";

/** A secret in Pulumi's form, `v1:<nonce>:<ciphertext and tag>`: AES-256-GCM (pulumi, sdk/go/common/resource/config/crypt.go). */
export function seal(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return ["v1", nonce.toString("base64"), sealed.toString("base64")].join(":");
}

/** @throws Error where the key is not the one that it was sealed with. */
export function open(key: Buffer, sealed: string): string {
  const [, nonce = "", body = ""] = sealed.split(":");
  const bytes = Buffer.from(body, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64")).setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(0, -16)).toString("utf8") + decipher.final("utf8");
}

let key: Buffer | undefined;

/** The key of the checkpoints on this machine, made at first use, for its owner alone. */
export function localKey(file = ".slipway/key"): Buffer {
  if (key) return key;
  if (!existsSync(file)) {
    mkdirSync(".slipway", { recursive: true });
    writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  }
  return (key = Buffer.from(readFileSync(file, "utf8"), "hex"));
}

/** The key of a stack file's secrets, by Pulumi's passphrase provider: PBKDF2 over the passphrase and the file's salt. */
export function passphraseKey(salt: string | undefined, file: string): Buffer {
  const { PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile } = process.env;
  const passphrase = given || (passphraseFile && readFileSync(passphraseFile, "utf8").trim());
  if (!salt || !passphrase) {
    throw new UserError(`${file}: holds secrets. Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to read them.`);
  }
  const [, saltText = "", ...check] = salt.split(":");
  const key = pbkdf2Sync(passphrase, Buffer.from(saltText, "base64"), 1_000_000, 32, "sha256");
  try {
    open(key, check.join(":"));
    return key;
  } catch {
    throw new UserError(`${file}: PULUMI_CONFIG_PASSPHRASE is not the passphrase that its secrets were written with.`);
  }
}
