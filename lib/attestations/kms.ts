import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../command.ts";
import { redact } from "../redact.ts";
import { UserError } from "../user-error.ts";

// With the AWS CLI, as other calls to AWS: it finds credentials of every kind.

/** The public key of an asymmetric key in AWS KMS. */
export async function kmsPublicKey(key: string): Promise<KeyObject> {
  const { PublicKey } = (await kms(key, ["get-public-key", "--key-id", key])) as { PublicKey: string };
  return createPublicKey({ key: Buffer.from(PublicKey, "base64"), format: "der", type: "spki" });
}

/** The key's usage must be SIGN_VERIFY and its spec ECC_NIST_P256. */
export async function signWithKms(key: string, data: Buffer): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-kms-"));
  try {
    const file = join(folder, "message");
    await writeFile(file, createHash("sha256").update(data).digest());
    const options = ["--message-type", "DIGEST", "--signing-algorithm", "ECDSA_SHA_256"];
    // fileb:// is read as bytes by both versions of the AWS CLI.
    const { Signature } = (await kms(key, ["sign", "--key-id", key, "--message", `fileb://${file}`, ...options])) as { Signature: string };
    return Buffer.from(Signature, "base64");
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function kms(key: string, args: string[]): Promise<unknown> {
  try {
    return JSON.parse(await command("aws", ["kms", ...args, "--output", "json"], { timeoutSeconds: 30, lines: 3 }));
  } catch (error) {
    throw new UserError(
      `${redact(key)}: the key in AWS KMS cannot be used. It must be an asymmetric key with the spec ECC_NIST_P256 and the usage SIGN_VERIFY, and the credentials need kms:GetPublicKey and kms:Sign.\n${redact((error as Error).message)}`,
    );
  }
}
