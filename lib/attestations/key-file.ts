import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { UserError } from "../user-error.ts";

/** The variable with the passphrase of the private key. */
export const passphraseVariable = "SLIPWAY_KEY_PASSPHRASE";

/** OpenSSL derives the encryption key with 2,048 rounds only, so a short passphrase could be guessed. */
export const shortestPassphrase = 12;

/** A new key pair in PEM form. The private key is encrypted PKCS #8, which OpenSSL and Go can read too. */
export function newKeyPair(passphrase: string): { privateKey: string; publicKey: string } {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}

/** The file with the public key of a private key: `slipway.pub` next to `slipway.key`. */
export function publicKeyFile(privateKeyFile: string): string {
  return `${privateKeyFile.replace(/\.(key|pem)$/, "")}.pub`;
}

/**
 * Opens a private key.
 *
 * @throws UserError if the file is missing, is no P-256 key, or the passphrase is missing or wrong. The message has neither of them.
 */
export function openPrivateKey(file: string, passphrase: string | undefined = process.env[passphraseVariable]): KeyObject {
  const text = readKeyFile(file);
  if (text.includes("ENCRYPTED PRIVATE KEY") && !passphrase)
    throw new UserError(
      `${file}: the private key is encrypted, and ${passphraseVariable} is not set. Set it to the passphrase of the key.`,
    );
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, format: "pem", ...(passphrase && { passphrase }) });
  } catch {
    throw new UserError(
      `${file}: the private key cannot be opened. It must be a PKCS #8 key in PEM form, and ${passphraseVariable} its passphrase. Run slipway keys create for a new one.`,
    );
  }
  return p256(key, file);
}

/** @throws UserError if the file is missing or is no P-256 key. */
export function openPublicKey(file: string): KeyObject {
  const text = readKeyFile(file);
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw new UserError(`${file}: must be a public key in PEM form. Take the .pub file that slipway keys create wrote.`);
  }
  return p256(key, file);
}

function readKeyFile(file: string): string {
  if (!existsSync(file)) throw new UserError(`${file}: does not exist. Run slipway keys create, or set the path of another key.`);
  return readFileSync(file, "utf8");
}

function p256(key: KeyObject, file: string): KeyObject {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== "prime256v1")
    throw new UserError(
      `${file}: must be an ECDSA key on the curve P-256 (got ${curve ?? key.asymmetricKeyType}). Run slipway keys create for one.`,
    );
  return key;
}

/** Identifies a public key in bundles, as cosign does: the hash of its DER form. */
export function keyHint(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("base64");
}
