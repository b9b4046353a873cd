/** What an image must have, signed by somebody who is trusted. */
export const Requirement = { Signature: "signature", Provenance: "provenance", Sbom: "sbom", Vulnerabilities: "vulnerabilities" } as const;
export type Requirement = (typeof Requirement)[keyof typeof Requirement];
