import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

/** A request as the Docker API receives it. */
export interface ApiRequest {
  /** `POST /containers/create`. */
  call: string;
  query: Record<string, string>;
  /** The JSON body, or the bytes of another one. */
  body: any; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests know what they send
  /** The credentials of the `X-Registry-Auth` header. */
  credentials?: unknown;
}

/** An answer other than 200 with a JSON body. */
export class Answer {
  readonly status: number;
  readonly body: string;
  constructor(status: number, body: string) {
    this.status = status;
    this.body = body;
  }
}

/** An error of the Docker API. */
export const apiError = (status: number, message: string) => new Answer(status, JSON.stringify({ message }));

/**
 * A Docker API that gives the answers of a test, and 404 to all other requests. It records every request. It proves what is sent, and not
 * what Docker does with it: the integration tests do.
 */
export class DockerApi {
  readonly requests: ApiRequest[] = [];
  /** Answers by request: `GET /containers/web/json`. A function is called for each request. */
  answers: Record<string, unknown> = {};
  private readonly folder = mkdtempSync(join(tmpdir(), "slipway-docker-"));
  private readonly server = createServer((request, response) => void this.answer(request, response));

  /** The value for `DOCKER_HOST`. */
  get host(): string {
    return `unix://${join(this.folder, "docker.sock")}`;
  }

  /** The requests that change something, without those that only read. */
  get changes(): ApiRequest[] {
    return this.requests.filter(({ call }) => !call.startsWith("GET "));
  }

  async open(): Promise<this> {
    await new Promise<void>((listening) => this.server.listen(join(this.folder, "docker.sock"), listening));
    return this;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  private async answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url!, "http://docker");
    const bytes = await buffer(incoming);
    const isJson = incoming.headers["content-type"]?.includes("json") === true;
    const header = incoming.headers["x-registry-auth"];
    const request: ApiRequest = {
      call: `${incoming.method} ${url.pathname}`,
      query: Object.fromEntries(url.searchParams),
      body: isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : bytes,
      ...(header && { credentials: JSON.parse(Buffer.from(String(header), "base64").toString()) }),
    };
    this.requests.push(request);
    const found = this.answers[request.call] ?? apiError(404, `no such thing: ${request.call}`);
    const answer = typeof found === "function" ? found(request) : found;
    const { status, body } = answer instanceof Answer ? answer : { status: 200, body: JSON.stringify(answer) };
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  }
}
