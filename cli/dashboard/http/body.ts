import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

const unzip = promisify(gunzip);

/** A body that is too large, or cannot be read. */
export class BodyError extends Error {
  readonly status: 400 | 413 | 415;
  constructor(status: 400 | 413 | 415, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * The body of a request, unpacked.
 *
 * @param max Bytes, before and after unpacking.
 * @throws BodyError if it is larger, or packed in another way than gzip.
 */
export async function readBody(request: IncomingMessage, max: number): Promise<Buffer> {
  const tooLarge = () => new BodyError(413, `The body has more than ${max} bytes.`);
  if (Number(request.headers["content-length"] ?? 0) > max) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max) throw tooLarge();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const { "content-encoding": encoding = "identity" } = request.headers;
  if (encoding === "identity") return body;
  if (encoding !== "gzip") throw new BodyError(415, `Content-Encoding: must be gzip or none (got "${encoding}").`);
  return unzip(body, { maxOutputLength: max }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ERR_BUFFER_TOO_LARGE" ? tooLarge() : new BodyError(400, "The body is no gzip data.");
  });
}
