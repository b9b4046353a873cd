import { z } from "zod";
import { Requirement } from "../../lib/attestations/requirement.ts";
import { sigstore } from "../../lib/attestations/sign-settings.ts";
import { ExceptionStatus, Justification } from "../../lib/vulnerabilities/exceptions.ts";
import { Severity } from "../../lib/vulnerabilities/finding.ts";
import { required, setting } from "./setting.ts";

const text = z.string().min(1);
const url = z.url({ protocol: /^https?$/, error: "must be a URL such as https://fulcio.example" });

const attestSettings = z.strictObject({
  sbom: setting(z.boolean(), {
    meaning: "Whether a bill of materials is attached to each image, as CycloneDX and as SPDX",
    without: "true, except for a registry on this machine",
    example: false,
  }),
  provenance: setting(z.boolean(), {
    meaning: "Whether SLSA provenance is attached to each image: source, builder and parameters of the build",
    without: "true, except for a registry on this machine",
    example: false,
  }),
  vulnerabilities: setting(z.boolean(), {
    meaning: "Whether each image has an OpenVEX statement: which known vulnerabilities affect its program, and which do not",
    without: "true, except for a registry on this machine. Without a vulnerability database (`slipway scan --update`), none is attached",
    example: false,
  }),
});

const vulnerabilityException = z
  .strictObject({
    id: required(text, { meaning: "ID of the vulnerability: GO-…, CVE-… or GHSA-…", example: "GO-2026-6603" }),
    services: setting(z.array(text).min(1), { meaning: "Services and jobs that the exception is for", without: "all", example: ["web"] }),
    reason: required(text, {
      meaning: "Why the vulnerability is accepted, or what is done about it",
      example: "the proxy in front limits trailers",
    }),
    until: required(z.iso.date("must be a date such as 2026-12-31"), { meaning: "Last day of the exception", example: "2026-12-31" }),
    status: setting(z.enum(ExceptionStatus), {
      meaning:
        "Whether the vulnerability affects the service, in the OpenVEX statement: affected, with the reason as action statement, or not_affected",
      default: ExceptionStatus.Affected,
      example: ExceptionStatus.NotAffected,
    }),
    justification: setting(z.enum(Justification), {
      meaning: "Why the vulnerability does not affect the service, in the terms of OpenVEX. Only with the status not_affected",
      without: "the reason alone says it",
      example: Justification.NotControllable,
    }),
  })
  .refine(({ status, justification }) => justification === undefined || status === ExceptionStatus.NotAffected, {
    path: ["justification"],
    message: "needs the status not_affected",
  });

const vulnerabilitySettings = z.strictObject({
  scan: setting(z.boolean(), {
    meaning:
      "Whether the stack requires scans: previews, impact and gate look for vulnerabilities that the change makes reachable, slipway up records what is reachable, and slipway setup gets the database",
    without: "false, unless maxSeverity is set",
    example: true,
  }),
  exceptions: setting(z.array(vulnerabilityException), {
    meaning: "Vulnerabilities that are accepted until a day",
    without: "none",
    example: [{ id: "GO-2026-6603", reason: "the proxy in front limits trailers", until: "2026-12-31" }],
  }),
});

const keylessSettings = z.strictObject({
  fulcio: setting(url, {
    meaning: "URL of Fulcio, which certifies the identity of the CI job",
    default: sigstore.fulcio,
    example: "https://fulcio.example",
  }),
  rekor: setting(url, { meaning: "URL of Rekor, which logs signatures", default: sigstore.rekor, example: "https://rekor.example" }),
  timestampAuthority: setting(url, {
    meaning: "URL of a timestamp authority",
    without: "none",
    example: "https://timestamp.example/api/v1/timestamp",
  }),
});

const signSettings = z
  .strictObject({
    key: setting(text, {
      meaning:
        "File with the private key, relative to the project, as `slipway keys create` writes it. `$SLIPWAY_KEY_PASSPHRASE` opens it. The public key is next to it",
      example: "keys/slipway.key",
    }),
    kms: setting(text, {
      meaning: "ID, ARN or alias of an asymmetric key in AWS KMS with the spec ECC_NIST_P256, used with the AWS CLI",
      example: "alias/slipway",
    }),
    keyless: setting(keylessSettings, {
      meaning: "Signs with the identity of the CI job instead of a key. `{}` uses the public services of Sigstore",
    }),
  })
  .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, "must have one of key, kms and keyless");

const trustedKey = z.strictObject({
  file: required(text, { meaning: "File with a public key, relative to the project", example: "keys/slipway.pub" }),
  until: setting(z.iso.date("must be a date such as 2026-12-31"), {
    meaning: "Last day on which signatures with the key count",
    without: "no end",
    example: "2026-12-31",
  }),
});

const trustedIdentity = z.strictObject({
  issuer: required(url, { meaning: "Who vouches for the identity", example: "https://token.actions.githubusercontent.com" }),
  subject: required(text, {
    meaning: "The identity, such as the URL of a workflow with its branch",
    example: "https://github.com/acme/shop/.github/workflows/deploy.yml@refs/heads/main",
  }),
});

/** What checks images in a cluster when pods are created. */
export const AdmissionEngine = { Kyverno: "kyverno", PolicyController: "policy-controller" } as const;
export type AdmissionEngine = (typeof AdmissionEngine)[keyof typeof AdmissionEngine];

const admissionSettings = z.strictObject({
  engine: required(z.enum(AdmissionEngine), {
    meaning: "What the cluster has for it: `kyverno`, or sigstore's `policy-controller`, which checks signatures of identities only",
    example: "kyverno",
  }),
  except: setting(z.array(text).min(1), {
    meaning:
      "Images that are not checked, by the start of their names: containers that others add to pods, such as those of a service mesh",
    without: "none",
    example: ["docker.io/istio/"],
  }),
});

/** `slipway:supplyChain`: what is attached to images and how they are signed, see docs/SUPPLY-CHAIN.md. */
export const supplyChainSettings = z
  .strictObject({
    attest: setting(attestSettings, { meaning: "What is attached to the images that are built" }),
    sign: setting(signSettings, {
      meaning: "How these images and what is attached to them are signed",
      without: "they are not signed",
    }),
    require: setting(z.array(z.enum(Requirement)).min(1), {
      meaning:
        "What every image must have, signed by somebody who is trusted: signature, provenance, sbom, vulnerabilities. Existing and promoted images are checked before anything changes; images that are built must be signed with `sign`",
      without: "nothing",
      example: ["signature", "provenance", "sbom"],
    }),
    keys: setting(z.array(trustedKey), {
      meaning: "Public keys whose signatures count",
      without: "those in keys/trusted.yaml",
      example: [{ file: "keys/slipway.pub" }],
    }),
    identities: setting(z.array(trustedIdentity), {
      meaning: "Identities of CI jobs whose signatures count",
      without: "none",
    }),
    trustedRoot: setting(text, {
      meaning: "File with the certificates and logs of Sigstore that vouch for identities, as cosign trusted-root create writes it",
      without: "none; `identities` need it",
      example: "keys/sigstore.json",
    }),
    vulnerabilities: setting(vulnerabilitySettings, { meaning: "Known vulnerabilities in the images" }),
    maxSeverity: setting(z.enum(Severity), {
      meaning:
        "The highest severity that vulnerabilities of an image may have, also if they were there before: worse ones close the gate, and an image that cannot be scanned. A reachable vulnerability of unknown severity, as in all of Go's database, is above every maximum",
      without: "only what a change makes reachable closes the gate, if `vulnerabilities.scan` is true",
      example: Severity.High,
    }),
    admission: setting(admissionSettings, {
      meaning:
        "Deploys policies with the stack, with which the cluster itself rejects images that lack the signature or provenance that `require` asks for. Only for the platform kubernetes",
      without: "none",
    }),
  })
  .prefault({})
  .describe("What is attached to images, how they are signed, and what they must have.");

export type SupplyChainSettings = z.infer<typeof supplyChainSettings>;
