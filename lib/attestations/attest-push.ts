import ociName from "@sigstore/oci/dist/name.js";
import { attesting, type AttestRequest } from "./attach.ts";

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
 * Prepares what is attached to an image that is pushed meanwhile.
 *
 * @param request as JSON.
 * @returns a function that attaches what is missing, once the image is in the registry.
 */
export function attestingPush(
  { repository, digest, blobs, username, password, ca, plainHttp }: Pushed,
  request: string,
): () => Promise<unknown> {
  const { registry } = ociName.parseImageName(repository);
  const access = { [registry]: { username, password, ca, plainHttp } };
  return attesting({ repository, digest, ...(blobs !== undefined && { blobs }), access }, JSON.parse(request) as AttestRequest);
}
