import { CIContextProvider, DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from "@sigstore/sign";
import { bundleToJSON, type SerializedBundle } from "@sigstore/bundle";
import { UserError } from "../user-error.ts";
import { sigstore, type KeylessSettings } from "./sign-settings.ts";
import { inTotoMediaType } from "./statement.ts";

/**
 * Signs with a key that lives only for this signature, and a certificate that says which CI job has it.
 *
 * @throws UserError if the job has no identity, or a service does not answer.
 */
export async function signKeyless(statement: Buffer, { fulcio, rekor, timestampAuthority }: KeylessSettings): Promise<SerializedBundle> {
  const signer = new FulcioSigner({ fulcioBaseURL: fulcio ?? sigstore.fulcio, identityProvider: new CIContextProvider("sigstore") });
  const witnesses = [
    new RekorWitness({ rekorBaseURL: rekor ?? sigstore.rekor }),
    ...(timestampAuthority === undefined ? [] : [new TSAWitness({ tsaBaseURL: timestampAuthority })]),
  ];
  try {
    return bundleToJSON(await new DSSEBundleBuilder({ signer, witnesses }).create({ data: statement, type: inTotoMediaType }));
  } catch (error) {
    const { code, message, cause } = error as Error & { code?: string };
    if (code === "IDENTITY_TOKEN_READ_ERROR")
      throw new UserError(
        "slipway:supplyChain.sign.keyless: this machine has no identity of a CI job. On GitHub, give the job the permission id-token: write; on GitLab, set id_tokens with SIGSTORE_ID_TOKEN and the audience sigstore; elsewhere, sign with a key.",
      );
    throw new UserError(
      `slipway:supplyChain.sign.keyless: ${message}${cause instanceof Error ? ` (${cause.message})` : ""}. Check that this machine reaches the services of Sigstore.`,
    );
  }
}
