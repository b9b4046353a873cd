import { bundleFromJSON, isBundleWithDsseEnvelope, type Bundle } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import type { RegistryAccess } from "../registry-access.ts";
import { referrersOf, type Referrer } from "../registry-client.ts";
import { shortDigest } from "../image-reference.ts";
import { attestationTypes, bundleMediaType } from "./attach.ts";
import { Requirement } from "./requirement.ts";
import { PredicateType, statement as statementSchema, inTotoMediaType, type Statement } from "./statement.ts";
import type { Trust } from "./trust.ts";

const predicateTypes: Record<Requirement, PredicateType[]> = {
  signature: [PredicateType.Signature],
  provenance: [PredicateType.Provenance],
  sbom: [PredicateType.CycloneDx, PredicateType.Spdx],
  vulnerabilities: [PredicateType.OpenVex],
};

/** An attestation of an image, and whether it counts. */
export interface Attestation {
  digest: string;
  /** The image that it is about. */
  image: string;
  statement?: Statement;
  /** Who has signed it. Only if it counts. */
  signer?: string;
  /** Why it does not count. */
  problem?: string;
  /** Whether somebody has changed it, or put it to another image. */
  isTampered?: boolean;
}

export interface Verified {
  attestations: Attestation[];
  /** Why the image is rejected. Empty if it is accepted. */
  problems: string[];
}

/** An image with the digests of its images for the platforms. */
export interface VerifiedImage {
  repository: string;
  digest: string;
  images: string[];
}

/**
 * Reads what refers to an image, and checks signatures, signers and what they are about.
 *
 * @param today the date on which keys must count.
 */
export async function verifyAttestations(
  { repository, digest, images }: VerifiedImage,
  trust: Trust,
  { require, today }: { require: Requirement[]; today: string },
  access: Record<string, RegistryAccess> = {},
): Promise<Verified> {
  const subjects = [...new Set([digest, ...images])];
  const lists = subjects.map(async (subject) => {
    const found = await referrersOf(`${repository}@${subject}`, { artifactTypes: attestationTypes, contents: true }, access);
    return found.map((referrer) => judge(referrer, subject, trust, today));
  });
  const attestations = (await Promise.all(lists)).flat();
  const tampered = attestations.filter(({ isTampered }) => isTampered).map((one) => `${nameOf(one)}: ${one.problem}`);
  const missing = require.flatMap((requirement) => missingIn(requirement, attestations, digest, images));
  return { attestations, problems: [...tampered, ...missing] };
}

/** A bill of materials is about an image for a platform, or about the index with all of them. */
function missingIn(requirement: Requirement, attestations: Attestation[], digest: string, images: string[]): string[] {
  const types: string[] = predicateTypes[requirement];
  const ofType = attestations.filter(({ statement }) => statement !== undefined && types.includes(statement.predicateType));
  const isMet = (image: string) => ofType.some((one) => one.signer !== undefined && (one.image === image || one.image === digest));
  const unmet = (requirement === Requirement.Sbom ? images : [digest]).filter((image) => !isMet(image));
  return unmet.map((image) => {
    const of = image === digest ? "" : ` for ${shortDigest(image)}`;
    const others = ofType.filter((one) => one.image === image && one.signer === undefined && !one.isTampered);
    if (others.length === 0) return `${requirement}: is missing${of}`;
    return `${requirement}: none counts${of}: ${others.map((one) => `${shortDigest(one.digest)} ${one.problem}`).join("; ")}`;
  });
}

function nameOf({ digest, statement }: Attestation): string {
  const kind = Object.entries(predicateTypes).find(([, types]) => (types as string[]).includes(statement?.predicateType ?? ""))?.[0];
  return `${kind ?? "bundle"} ${shortDigest(digest)}`;
}

function judge(referrer: Referrer, image: string, trust: Trust, today: string): Attestation {
  const { digest, artifactType, problem, content = "" } = referrer;
  const one = { digest, image };
  if (problem !== undefined) return { ...one, problem: `is damaged (${problem})`, isTampered: true };
  const text = Buffer.from(content, "base64").toString();
  if (artifactType === inTotoMediaType) return { ...one, ...statementIn(text), problem: "is not signed" };
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(JSON.parse(text));
  } catch (error) {
    return { ...one, problem: `is no ${bundleMediaType} (${(error as Error).message})`, isTampered: true };
  }
  if (!isBundleWithDsseEnvelope(bundle)) return { ...one, problem: "has no statement" };
  const { statement } = statementIn(bundle.content.dsseEnvelope.payload.toString());
  if (statement === undefined) return { ...one, problem: "has no in-toto statement", isTampered: true };
  const isAbout = statement.subject.some((subject) => `sha256:${subject.digest["sha256"]}` === image);
  if (!isAbout) return { ...one, statement, problem: "is about another image", isTampered: true };
  return { ...one, statement, ...signerOf(bundle, trust, today) };
}

function statementIn(text: string): { statement?: Statement } {
  try {
    return { statement: statementSchema.parse(JSON.parse(text)) };
  } catch {
    return {};
  }
}

type Signer = Pick<Attestation, "signer" | "problem" | "isTampered">;

function signerOf(bundle: Bundle, trust: Trust, today: string): Signer {
  const { content } = bundle.verificationMaterial;
  return content.$case === "publicKey" ? keyOf(bundle, content.publicKey.hint, trust, today) : identityOf(bundle, trust);
}

function keyOf(bundle: Bundle, hint: string, { keys }: Trust, today: string): Signer {
  const named = keys.find((key) => key.hint === hint);
  const signed = (named ? [named] : keys).find(({ key }) => isSignedWith(bundle, key));
  if (signed === undefined)
    return named
      ? { problem: `has a signature that does not match ${named.file}`, isTampered: true }
      : { problem: `is signed with an unknown key (${hint})` };
  if (signed.until !== undefined && signed.until < today)
    return { problem: `is signed with ${signed.file}, which ended on ${signed.until}` };
  return { signer: signed.file };
}

function isSignedWith(bundle: Bundle, publicKey: Trust["keys"][number]["key"]): boolean {
  const nothing = TrustedRoot.fromJSON({});
  const material = toTrustMaterial(nothing, () => ({ publicKey, validFor: () => true }));
  return isValid(() =>
    new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle)),
  );
}

function identityOf(bundle: Bundle, { identities, root }: Trust): Signer {
  if (root === undefined) return { problem: "is signed with an identity, and no trusted root is set" };
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)));
  const entity = toSignedEntity(bundle);
  let signer;
  try {
    signer = verifier.verify(entity);
  } catch (error) {
    return { problem: `has a signature or certificate that is not valid (${(error as Error).message})`, isTampered: true };
  }
  const subject = signer.identity?.subjectAlternativeName ?? "nobody";
  const issuer = signer.identity?.extensions?.issuer;
  const isTrusted = identities.some((one) => one.subject === subject && one.issuer === issuer);
  const who = `${subject} (${issuer})`;
  return isTrusted ? { signer: who } : { problem: `is signed by ${who}, who is not trusted` };
}

function isValid(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false;
  }
}
