import { z } from "zod";
import { sigstore } from "../../lib/attestations/sign-settings.ts";
import { setting } from "./setting.ts";

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

/** `slipway:supplyChain`: what is attached to images and how they are signed, see docs/SUPPLY-CHAIN.md. */
export const supplyChainSettings = z
  .strictObject({
    attest: setting(attestSettings, { meaning: "What is attached to the images that the builder go builds" }),
    sign: setting(signSettings, {
      meaning: "How these images and what is attached to them are signed",
      without: "they are not signed",
    }),
  })
  .prefault({})
  .describe("What is attached to images, and how they are signed.");

export type SupplyChainSettings = z.infer<typeof supplyChainSettings>;
