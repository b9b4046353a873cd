import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Root certificates for images made from nothing, so that programs in them can verify TLS. Mozilla's, pinned by being in
 * this repository; `make certificate-authorities` renews the file.
 */
export const certificateAuthorities = readFileSync(join(import.meta.dirname, "certificate-authorities.pem"), "utf8");
