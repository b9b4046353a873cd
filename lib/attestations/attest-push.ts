import ociName from "@sigstore/oci/dist/name.js";
import { attest, type AttestRequest } from "./attach.ts";

// The provider of the push loads this file by its path: Pulumi keeps the code of providers in its state, so it should be short.

/** What the push knows of the registry and the image. */
interface Pushed {
  repository: string;
  digest: string;
  /** @default - the image is read from the registry */
  blobs?: string;
  username?: string;
  password?: string;
  ca?: string;
  plainHttp?: boolean;
}

/**
 * Attaches to a pushed image what is missing there.
 *
 * @param request as JSON.
 */
export async function attestPush({ repository, digest, blobs, username, password, ca, plainHttp }: Pushed, request: string): Promise<void> {
  const { registry } = ociName.parseImageName(repository);
  const access = { [registry]: { username, password, ca, plainHttp } };
  await attest({ repository, digest, ...(blobs !== undefined && { blobs }), access }, JSON.parse(request) as AttestRequest);
}
