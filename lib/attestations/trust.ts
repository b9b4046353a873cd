import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyObject } from "node:crypto";
import { UserError } from "../user-error.ts";
import { keyHint, openPublicKey } from "./key-file.ts";
import { keyFolder, readTrustedKeys } from "./trusted-keys.ts";

/** Whose signatures count. */
export interface TrustSettings {
  /** Files with public keys. @default - those in keys/trusted.yaml */
  keys?: { file: string; until?: string | undefined }[];
  /** Identities of CI jobs. */
  identities?: Identity[];
  /** File with the certificates and logs of the Sigstore services that vouch for identities. */
  trustedRoot?: string;
}

/** Who signs without a key. */
export interface Identity {
  /** URL of who vouches for it, such as https://token.actions.githubusercontent.com. */
  issuer: string;
  /** Such as https://github.com/acme/shop/.github/workflows/deploy.yml@refs/heads/main. */
  subject: string;
}

/** A public key whose signatures count until a day. */
export interface KnownKey {
  file: string;
  key: KeyObject;
  hint: string;
  until: string | undefined;
}

export interface Trust {
  keys: KnownKey[];
  identities: Identity[];
  /** Content of the trusted root. */
  root: unknown;
}

/** @throws UserError if nobody is trusted, or a file cannot be read. */
export function readTrust({ keys, identities = [], trustedRoot }: TrustSettings): Trust {
  const files = keys ?? readTrustedKeys().map(({ file, until }) => ({ file: join(keyFolder, file), until }));
  const known = files.map(({ file, until }) => {
    const key = openPublicKey(file);
    return { file, key, hint: keyHint(key), until };
  });
  if (identities.length > 0 && trustedRoot === undefined)
    throw new UserError("identities: need trustedRoot, the file with the certificates of Sigstore. cosign trusted-root create writes it.");
  if (known.length === 0 && identities.length === 0)
    throw new UserError("No signer is trusted. Run slipway keys create, or name public keys or identities.");
  return { keys: known, identities, root: trustedRoot === undefined ? undefined : readRoot(trustedRoot) };
}

function readRoot(file: string): unknown {
  if (!existsSync(file)) throw new UserError(`${file}: does not exist. cosign trusted-root create writes it.`);
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new UserError(`${file}: must be a trusted root of Sigstore in JSON. cosign trusted-root create writes it.`);
  }
}
