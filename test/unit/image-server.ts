import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { OciImage } from "../../lib/oci.ts";

/** A registry on this machine with one image, `<host>/base`. It has no login, and nothing can be pushed. */
export interface ImageServer extends Disposable {
  host: string;
  /** Requests since it was created, such as `blobs sha256:…`. */
  asked: string[];
  /** Status of every answer. @default 200 */
  status: number;
}

export async function serveImage({ blobs }: OciImage): Promise<ImageServer> {
  const state = { asked: [] as string[], status: 200 };
  const server = createServer((request, response) => {
    const [, kind, digest = ""] = /^\/v2\/base\/(manifests|blobs)\/(.+)$/.exec(request.url ?? "") ?? [];
    if (kind !== undefined) state.asked.push(`${kind} ${digest}`);
    const blob = blobs.get(digest);
    if (kind === undefined) return void response.writeHead(200).end("{}");
    if (state.status !== 200 || !blob) return void response.writeHead(state.status === 200 ? 404 : state.status).end();
    const { mediaType = "application/octet-stream" } = kind === "manifests" ? JSON.parse(Buffer.from(blob).toString()) : {};
    response.writeHead(200, { "content-type": mediaType, "docker-content-digest": digest, "content-length": blob.length });
    response.end(request.method === "HEAD" ? "" : blob);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  server.unref();
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, { host, [Symbol.dispose]: () => void server.close() });
}
