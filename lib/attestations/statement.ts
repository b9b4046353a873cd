import { z } from "zod";

/** Media type of an in-toto statement, https://github.com/in-toto/attestation/blob/main/spec/v1/envelope.md. */
export const inTotoMediaType = "application/vnd.in-toto+json";

/** What an attestation says, by the type of its predicate. */
export const PredicateType = {
  /** https://cyclonedx.org/specification/overview/ */
  CycloneDx: "https://cyclonedx.org/bom",
  /** https://spdx.dev/ */
  Spdx: "https://spdx.dev/Document",
  /** https://slsa.dev/spec/v1.2/provenance */
  Provenance: "https://slsa.dev/provenance/v1",
  /** https://github.com/openvex/spec/blob/main/ATTESTING.md */
  OpenVex: "https://openvex.dev/ns/v0.2.0",
  /** The signature of an image, as cosign 3 stores it: https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md. */
  Signature: "https://sigstore.dev/cosign/sign/v1",
} as const;
export type PredicateType = (typeof PredicateType)[keyof typeof PredicateType];

const statementType = "https://in-toto.io/Statement/v1";

export const statement = z.object({
  _type: z.literal(statementType),
  subject: z.array(z.object({ name: z.string().optional(), digest: z.record(z.string(), z.string()) })).min(1),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()).default({}),
});

/** A statement about images, https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. */
export type Statement = z.infer<typeof statement>;

/** @param digests `sha256:…`, of manifests and indexes. */
export function statementOn(
  repository: string,
  digests: string[],
  predicateType: PredicateType,
  predicate: Statement["predicate"],
): Statement {
  const subject = digests.map((digest) => ({ name: repository, digest: { sha256: digest.slice("sha256:".length) } }));
  return { _type: statementType, subject, predicateType, predicate };
}
