import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

/** A request as the API receives it. */
export interface ApiRequest {
  /** `POST /containers/create`. */
  call: string;
  query: Record<string, string>;
  /** The JSON body, or the bytes of another one. */
  body: any; // oxlint-disable-line typescript/no-explicit-any -- tests know what they send
  /** The credentials of the `X-Registry-Auth` header. */
  credentials?: unknown;
  /** The `Authorization` header. */
  authorization?: string;
}

/** An answer other than 200 with a JSON body. */
export class Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly headers: Record<string, string>;
  constructor(status: number, body: string | Uint8Array = "", headers: Record<string, string> = { "content-type": "application/json" }) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** An error of the Docker or Kubernetes API. */
export const apiError = (status: number, message: string) => new Answer(status, JSON.stringify({ message }));

/**
 * A Docker or Kubernetes API that gives the answers of a test, and 404 to all other requests. It records every request. It proves what is
 * sent, and not what is done with it: the integration tests do.
 */
export class HttpApi implements Disposable {
  readonly requests: ApiRequest[] = [];
  /** Answers by request: `GET /containers/web/json`. A function is called for each request. */
  answers: Record<string, unknown> = {};
  private readonly folder = mkdtempSync(join(tmpdir(), "slipway-api-"));
  private readonly server = createServer((request, response) => void this.answer(request, response));

  /** The address: a Unix socket as in `DOCKER_HOST`, or `http://127.0.0.1:…`. */
  get host(): string {
    const address = this.server.address();
    return address !== null && typeof address === "object" ? `http://127.0.0.1:${address.port}` : `unix://${join(this.folder, "api.sock")}`;
  }

  /** The requests that change something, without those that only read. */
  get changes(): ApiRequest[] {
    return this.requests.filter(({ call }) => !call.startsWith("GET "));
  }

  async open(over: "socket" | "tcp" = "socket"): Promise<this> {
    if (over === "socket") this.server.listen(join(this.folder, "api.sock"));
    else this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return this;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url!, "http://api");
    const bytes = await buffer(incoming);
    const isJson = incoming.headers["content-type"]?.includes("json") === true;
    const header = incoming.headers["x-registry-auth"];
    const request: ApiRequest = {
      call: `${incoming.method} ${url.pathname}`,
      query: Object.fromEntries(url.searchParams),
      body: isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : bytes,
      ...(header && { credentials: JSON.parse(Buffer.from(String(header), "base64").toString()) }),
      ...(incoming.headers.authorization && { authorization: incoming.headers.authorization }),
    };
    this.requests.push(request);
    const found = this.answers[request.call] ?? apiError(404, `no such thing: ${request.call}`);
    const answer = typeof found === "function" ? await found(request) : found;
    const { status, body, headers } = answer instanceof Answer ? answer : new Answer(200, JSON.stringify(answer));
    response.writeHead(status, headers).end(body);
  }
}
