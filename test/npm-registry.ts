import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A package as a registry has it: its package.json, and its tarball. */
interface Published {
  description: { name: string; version: string } & Record<string, unknown>;
  /** Path of the tarball. @default - it cannot be downloaded */
  tarball?: string;
}

/**
 * A registry with a few versions of one package, as npm asks it
 * (https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md).
 */
export class NpmRegistry implements AsyncDisposable {
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** @param status of every answer. @default - 200, and 404 for other packages */
  static async start(versions: Published[], { status }: { status?: number } = {}): Promise<NpmRegistry> {
    const server = createServer((request, response) => {
      const [, name = "", file] = /^\/([^/?]+)(?:\/-\/([^?]+))?/.exec(request.url ?? "") ?? [];
      const found = versions.filter(({ description }) => description.name === name);
      const tarball = found.find(({ description }) => file === `${name}-${description.version}.tgz`)?.tarball;
      const isThere = file === undefined ? found.length > 0 : tarball !== undefined;
      response.writeHead(status ?? (isThere ? 200 : 404), {
        "content-type": file === undefined ? "application/json" : "application/octet-stream",
      });
      if (!isThere || status !== undefined) response.end("{}");
      else if (tarball !== undefined) response.end(readFileSync(tarball));
      else response.end(JSON.stringify(metadata(name, found, `http://${request.headers.host}`)));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new NpmRegistry(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/** The last version is the latest one. */
function metadata(name: string, versions: Published[], origin: string): object {
  const all = versions.map(({ description, tarball }) => {
    const integrity = tarball && `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
    return { ...description, dist: { tarball: `${origin}/${name}/-/${name}-${description.version}.tgz`, integrity } };
  });
  return {
    name,
    "dist-tags": { latest: versions.at(-1)!.description.version },
    versions: Object.fromEntries(all.map((one) => [one.version, one])),
  };
}
