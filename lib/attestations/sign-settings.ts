import { UserError } from "../user-error.ts";
import { keyHint, openPublicKey, publicKeyFile } from "./key-file.ts";

/** How attestations are signed. One of them. */
export interface SignSettings {
  /** File with the private key. */
  key?: string;
  /** ID, ARN or alias of a key in AWS KMS. */
  kms?: string;
  /** With a certificate for the identity of the CI job. */
  keyless?: KeylessSettings;
}

export interface KeylessSettings {
  fulcio?: string;
  rekor?: string;
  timestampAuthority?: string;
}

/** Public instances of the Sigstore project, https://docs.sigstore.dev/about/tooling/. */
export const sigstore = { fulcio: "https://fulcio.sigstore.dev", rekor: "https://rekor.sigstore.dev" } as const;

/** Identifies who signs, without opening a private key: a change of it is a change of the signature. */
export async function signerName({ key, kms, keyless }: SignSettings): Promise<string> {
  if (key !== undefined) return keyHint(openPublicKey(publicKeyFile(key)));
  if (kms !== undefined) return `kms:${kms}`;
  return `keyless:${keyless?.fulcio ?? sigstore.fulcio}`;
}

/** @throws UserError unless exactly one way of signing is set. */
export function checkSignSettings(settings: SignSettings, where: string): void {
  const set = Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (set.length !== 1)
    throw new UserError(
      `${where}: must have one of key, kms and keyless (got ${set.length === 0 ? "none" : set.join(", ")}). Remove the others, or set one.`,
    );
}
