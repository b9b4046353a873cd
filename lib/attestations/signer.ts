import { createPublicKey, sign as signData } from "node:crypto";
import { bundleToJSON, toDSSEBundle, type SerializedBundle } from "@sigstore/bundle";
import { dsse } from "@sigstore/core";
import { keyHint, openPrivateKey } from "./key-file.ts";
import { kmsPublicKey, signWithKms } from "./kms.ts";
import type { SignSettings } from "./sign-settings.ts";
import { inTotoMediaType, type Statement } from "./statement.ts";

/** Signs a statement. */
export type Sign = (statement: Statement) => Promise<SerializedBundle>;

/** @throws UserError if the key cannot be opened, or no identity is available. */
export async function signerFor({ key, kms, keyless = {} }: SignSettings): Promise<Sign> {
  if (key !== undefined) {
    const privateKey = openPrivateKey(key);
    const hint = keyHint(createPublicKey(privateKey));
    return async (statement) => withKey(statement, hint, async (data) => signData("sha256", data, privateKey));
  }
  if (kms !== undefined) {
    const hint = keyHint(await kmsPublicKey(kms));
    return (statement) => withKey(statement, hint, (data) => signWithKms(kms, data));
  }
  const { signKeyless } = await import("./keyless.ts");
  return (statement) => signKeyless(encode(statement), keyless);
}

async function withKey(statement: Statement, hint: string, sign: (data: Buffer) => Promise<Buffer>): Promise<SerializedBundle> {
  const artifact = encode(statement);
  const signature = await sign(dsse.preAuthEncoding(inTotoMediaType, artifact));
  const bundle = toDSSEBundle({ artifact, artifactType: inTotoMediaType, signature, keyHint: hint });
  // sigstore-go refuses an envelope whose key ID is not the one that it expects. Which key it is, the verification material says.
  bundle.content.dsseEnvelope.signatures[0]!.keyid = "";
  return bundleToJSON(bundle);
}

function encode(statement: Statement): Buffer {
  return Buffer.from(JSON.stringify(statement));
}
