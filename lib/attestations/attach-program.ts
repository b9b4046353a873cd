import { text } from "node:stream/consumers";
import ociName from "@sigstore/oci/dist/name.js";
import { UserError } from "../user-error.ts";
import { attest, type AttestRequest } from "./attach.ts";

// A program: the provider of the push, which Pulumi runs from its state, starts it. It reads a request from standard input, and prints what went
// wrong as JSON.

/** What the push knows of the registry and the image, and what is attached. */
interface Request {
  repository: string;
  digest: string;
  blobs: string;
  username?: string;
  password?: string;
  ca?: string;
  plainHttp?: boolean;
  attest: AttestRequest;
}

const { repository, digest, blobs, attest: request, ...access } = JSON.parse(await text(process.stdin)) as Request;
try {
  const { registry } = ociName.parseImageName(repository);
  await attest({ repository, digest, blobs, access: { [registry]: access } }, request);
  process.stdout.write("{}\n");
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`${JSON.stringify({ problem: error.message })}\n`);
}
