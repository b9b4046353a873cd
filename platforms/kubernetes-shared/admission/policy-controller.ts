import * as pulumi from "@pulumi/pulumi";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { Requirement } from "../../../lib/attestations/requirement.ts";
import { sigstore } from "../../../lib/attestations/sign-settings.ts";
import { PredicateType } from "../../../lib/attestations/statement.ts";
import { UserError } from "../../../lib/user-error.ts";
import type { AdmissionArgs, PolicyObject } from "./admission.ts";

/** Policies call them by a name, and policy-controller finds them by the types of their predicates. */
const attestations = {
  [Requirement.Signature]: { name: "signature", predicateType: PredicateType.Signature },
  [Requirement.Provenance]: { name: "provenance", predicateType: PredicateType.Provenance },
} as const;

/**
 * The policies for sigstore's policy-controller, https://docs.sigstore.dev/policy-controller/overview/. They are of the whole cluster, so they only
 * concern the stack's repositories, in namespaces with the label `policy.sigstore.dev/include`. It checks bundles of identities only:
 * https://github.com/sigstore/policy-controller/issues/1958.
 *
 * @throws UserError if the identities are not those of the public Sigstore services.
 */
export function sigstorePolicies({ name, repositories, except, require, trust, labels }: AdmissionArgs): PolicyObject[] {
  // It takes the certificates of the public services from their TUF repository. Given in a TrustRoot, it looks for the transparency log under an ID
  // that bundles do not have (ConvertTransparencyLogInstance in version 0.13.1).
  if (!TrustedRoot.fromJSON(trust.root).certificateAuthorities.some(({ uri }) => uri === sigstore.fulcio))
    throw new UserError(
      `slipway:supplyChain.trustedRoot: must be that of ${sigstore.fulcio} for policy-controller, which cannot check bundles of other services. Set the engine kyverno.`,
    );
  const version = { apiVersion: "policy.sigstore.dev/v1beta1", kind: "ClusterImagePolicy" };
  const images: PolicyObject = {
    resource: "image-policy",
    ...version,
    metadata: { name, labels },
    spec: {
      mode: "enforce",
      images: repositories.map((repository) => ({ glob: pulumi.output(repository).apply((of) => `${qualified(of)}@*`) })),
      authorities: [
        {
          name: "identities",
          signatureFormat: "bundle",
          keyless: { url: sigstore.fulcio, identities: trust.identities.map(({ issuer, subject }) => ({ issuer, subject })) },
          ctlog: { url: sigstore.rekor },
          // The signature is a statement like the others: policy-controller looks for signatures only in the older format.
          attestations: [attestations.signature, ...(require.includes(Requirement.Provenance) ? [attestations.provenance] : [])],
        },
      ],
    },
  };
  const unchecked: PolicyObject = {
    resource: "unchecked-images",
    ...version,
    metadata: { name: `${name}-unchecked`, labels },
    spec: { images: except.map((start) => ({ glob: `${start}**` })), authorities: [{ name: "none", static: { action: "pass" } }] },
  };
  return [images, ...(except.length > 0 ? [unchecked] : [])];
}

/** Patterns are compared with the full name, such as index.docker.io/library/nginx. */
function qualified(repository: string): string {
  const [first = "", ...rest] = repository.split("/");
  if (rest.length === 0) return `index.docker.io/library/${repository}`;
  if (first === "docker.io") return `index.docker.io/${rest.length === 1 ? "library/" : ""}${rest.join("/")}`;
  return /[.:]|^localhost$/.test(first) ? repository : `index.docker.io/${repository}`;
}
