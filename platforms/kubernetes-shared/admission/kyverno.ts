import { Requirement } from "../../../lib/attestations/requirement.ts";
import { PredicateType } from "../../../lib/attestations/statement.ts";
import type { AdmissionArgs, PolicyObject } from "./admission.ts";

/**
 * The policy for Kyverno, https://kyverno.io/docs/policy-types/image-validating-policy/. It is namespaced, so nobody needs rights for the cluster,
 * and it concerns all images in the namespace: also those that somebody else deploys there.
 */
export function kyvernoPolicy({ name, namespace, except, require, trust, plainHttp, labels }: AdmissionArgs): PolicyObject {
  const keys = trust.keys.map(({ key }, i) => ({
    name: `key${i + 1}`,
    // Signatures with a key are in no transparency log.
    cosign: { key: { data: String(key.export({ type: "spki", format: "pem" })) }, ctlog: { insecureIgnoreTlog: true } },
  }));
  const identities = trust.identities.map(({ issuer, subject }, i) => ({
    name: `identity${i + 1}`,
    cosign: { keyless: { identities: [{ issuer, subject }] }, trustedRoot: { value: JSON.stringify(trust.root) } },
  }));
  const attestors = [...keys, ...identities];
  const signers = `[${attestors.map((one) => `attestors.${one.name}`).join(", ")}]`;
  const check = (call: string) =>
    `(images.containers + images.initContainers + images.ephemeralContainers).map(image, ${call}).all(count, count > 0)`;
  const hasProvenance = require.includes(Requirement.Provenance);
  return {
    resource: "image-policy",
    apiVersion: "policies.kyverno.io/v1",
    kind: "NamespacedImageValidatingPolicy",
    metadata: { name, namespace, labels },
    spec: {
      validationActions: ["Deny"],
      // Digests are in the objects already.
      validationConfigurations: { mutateDigest: false, verifyDigest: true, required: true },
      matchConstraints: {
        resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE", "UPDATE"] }],
      },
      matchImageReferences: [
        except.length === 0 ? { glob: "*" } : { expression: `!${JSON.stringify(except)}.exists(start, ref.startsWith(start))` },
      ],
      ...(plainHttp && { credentials: { allowInsecureRegistry: true } }),
      attestors,
      ...(hasProvenance && { attestations: [{ name: "provenance", intoto: { type: PredicateType.Provenance } }] }),
      validations: [
        {
          expression: check(`verifyImageSignatures(image, ${signers})`),
          message: "an image is not signed by anybody whom slipway:supplyChain trusts",
        },
        ...(hasProvenance
          ? [
              {
                expression: check(`verifyAttestationSignatures(image, attestations.provenance, ${signers})`),
                message: "an image has no provenance from anybody whom slipway:supplyChain trusts",
              },
            ]
          : []),
      ],
    },
  };
}
