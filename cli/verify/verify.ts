import { Requirement } from "../../lib/attestations/requirement.ts";
import { verifyAttestations, type Attestation } from "../../lib/attestations/verify.ts";
import { readTrust, type TrustSettings } from "../../lib/attestations/trust.ts";
import { checkImage } from "../../lib/registry-client.ts";
import { shortDigest } from "../../lib/image-reference.ts";
import { UserError } from "../../lib/user-error.ts";
import { today } from "../today.ts";

export interface VerifyOptions {
  key: string[];
  identity: string | undefined;
  issuer: string | undefined;
  trustedRoot: string | undefined;
  require: string[];
}

/** What `slipway verify` found. */
export interface VerifyResult {
  image: string;
  digest: string;
  attestations: Attestation[];
  /** Why the image is rejected. Empty if it is accepted. */
  problems: string[];
}

/** @throws UserError if the image cannot be read, or the options are wrong. */
export async function verifyImage(image: string, options: VerifyOptions): Promise<VerifyResult> {
  const require = requirements(options.require);
  const trust = readTrust(trustIn(options));
  const { digest, images, damages } = await checkImage(image);
  const damaged = damages.map((one) => `${one.part} ${shortDigest(one.digest)}: is damaged (${one.message})`);
  const repository = image.replace(/@.*$/, "").replace(/:[\w][\w.-]*$/, "");
  const { attestations, problems } = await verifyAttestations({ repository, digest, images }, trust, { require, today: today() });
  return { image, digest, attestations, problems: [...damaged, ...problems] };
}

/** An image has a statement on vulnerabilities only if there was a database when it was built. */
const requiredByDefault: Requirement[] = [Requirement.Signature, Requirement.Provenance, Requirement.Sbom];

function requirements(given: string[]): Requirement[] {
  const all: string[] = Object.values(Requirement);
  const unknown = given.filter((one) => !all.includes(one));
  if (unknown.length > 0) throw new UserError(`--require: must be ${all.join(", ")} (got ${unknown.join(", ")}).`);
  return given.length > 0 ? (given as Requirement[]) : requiredByDefault;
}

function trustIn({ key, identity, issuer, trustedRoot }: VerifyOptions): TrustSettings {
  if ((identity === undefined) !== (issuer === undefined))
    throw new UserError(`--identity and --issuer belong together: ${identity === undefined ? "--identity" : "--issuer"} is missing.`);
  const byIdentity = identity !== undefined && issuer !== undefined;
  return {
    ...(key.length > 0 && { keys: key.map((file) => ({ file })) }),
    // An identity alone means that no key counts.
    ...(byIdentity && { identities: [{ subject: identity, issuer }], ...(key.length === 0 && { keys: [] }) }),
    ...(trustedRoot !== undefined && { trustedRoot }),
  };
}
