import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Mozilla's root certificates as PEM, so that programs in minimal images can verify TLS. They are part of the repository, so an image's
 * digest does not depend on the machine. `npm run certificate-authorities` updates them.
 */
export function readCertificateAuthorities(): string {
  return readFileSync(join(import.meta.dirname, "certificate-authorities.pem"), "utf8");
}
