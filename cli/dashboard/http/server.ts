import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../../../lib/user-error.ts";
import { ActionError } from "../actions/runner.ts";
import type { Action, ActionRun, NumberedLine, Span } from "../page/model.ts";
import { requests, type Signal } from "../otlp/messages.ts";
import { maxRequest, OtlpError } from "../otlp/store.ts";
import { contentSecurityPolicy, readAssets, type Asset } from "./assets.ts";
import { BodyError, readBody } from "./body.ts";
import { Guard, type Rejection } from "./guard.ts";
import type { EventStream } from "./stream.ts";

export const loopback = "127.0.0.1";

/** Lines in one answer. */
const linesAtOnce = 10_000;

/** Bytes of an action. */
const maxAction = 4096;

/** Requests of exporters that are read at the same time. More are asked to come back. */
const maxExports = 8;

/** What the server answers with. */
export interface Backend {
  stream: EventStream;
  /** The first events for a page. */
  firstEvents(): [event: string, data: unknown][];
  linesAfter(number: number, max: number): NumberedLine[];
  spans(traceId: string): Span[] | undefined;
  /** @throws ActionError */
  start(action: Action): ActionRun;
  /** @throws OtlpError */
  ingest(signal: Signal, contentType: string, body: Uint8Array): void;
}

/** The server of the page and of the OTLP receiver. */
export class DashboardServer {
  private readonly backend: Backend;
  private readonly server: Server;
  private readonly assets: Map<string, Asset>;
  private guard!: Guard;
  private exports = 0;

  constructor(backend: Backend) {
    this.backend = backend;
    this.assets = readAssets();
    this.server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, (request, response) => {
      this.answer(request, response).catch((error: Error) => fail(response, error));
    });
    this.server.maxConnections = 200;
  }

  /** @throws UserError if the port is in use. */
  async listen(port: number): Promise<{ port: number; token: string }> {
    await new Promise<void>((done, failed) => {
      this.server.once("error", (error: NodeJS.ErrnoException) => failed(portProblem(error, port))).listen(port, loopback, done);
    });
    const { port: actual } = this.server.address() as AddressInfo;
    this.guard = new Guard(actual);
    return { port: actual, token: this.guard.token };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.server.close(() => done()));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const foreign = this.guard.rejectForeign(request);
    if (foreign) return reject(response, foreign);
    const { pathname, searchParams } = new URL(request.url ?? "/", `http://${loopback}`);
    const { method = "GET" } = request;
    if (pathname.startsWith("/v1/")) return this.receive(request, response, pathname.slice("/v1/".length));
    const asset = method === "GET" && this.assets.get(pathname);
    // The files of the page are those of the package: there is nothing to protect in them.
    if (asset) return void response.writeHead(200, { "Content-Type": asset.type, "Cache-Control": "no-cache" }).end(asset.content);
    const unknown = this.guard.rejectUnknown(request);
    if (unknown) return reject(response, unknown);
    return this.api(request, response, `${method} ${pathname}`, searchParams);
  }

  private async api(request: IncomingMessage, response: ServerResponse, call: string, query: URLSearchParams): Promise<void> {
    const { backend } = this;
    const [, trace] = /^GET \/api\/traces\/([0-9a-f]{32})$/.exec(call) ?? [];
    if (call === "GET /api/stream") {
      if (!backend.stream.add(response, backend.firstEvents())) json(response, 429, { message: "Too many pages are open. Close one." });
    } else if (call === "GET /api/logs") {
      json(response, 200, { lines: backend.linesAfter(Number(query.get("after") ?? 0) || 0, linesAtOnce) });
    } else if (trace !== undefined) {
      const spans = backend.spans(trace);
      json(response, spans ? 200 : 404, spans ? { spans } : { message: "The trace was dropped." });
    } else if (call === "POST /api/actions") {
      const body = await readBody(request, maxAction);
      json(response, 202, backend.start(parsed(body) as Action));
    } else json(response, 404, { message: "Not found." });
  }

  /** OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. */
  private async receive(request: IncomingMessage, response: ServerResponse, signal: string): Promise<void> {
    const browser = this.guard.rejectBrowsers(request);
    if (browser) return reject(response, browser);
    if (!(signal in requests)) return json(response, 404, { message: "Not found." });
    if (request.method !== "POST") return json(response, 405, { message: "Method: must be POST." });
    if (this.exports >= maxExports) {
      response.setHeader("Retry-After", "1");
      return json(response, 429, { message: "Too many requests at the same time." });
    }
    this.exports++;
    try {
      const type = request.headers["content-type"] ?? "";
      this.backend.ingest(signal as Signal, type, await readBody(request, maxRequest));
      const isJson = type.startsWith("application/json");
      response.writeHead(200, { "Content-Type": isJson ? "application/json" : "application/x-protobuf" }).end(isJson ? "{}" : "");
    } finally {
      this.exports--;
    }
  }
}

const securityHeaders = {
  "Content-Security-Policy": contentSecurityPolicy,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
};

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new BodyError(400, "The body is no JSON.");
  }
}

function json(response: ServerResponse, status: number, data: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" }).end(JSON.stringify(data));
}

function reject(response: ServerResponse, { status, message }: Rejection): void {
  // The rest of the body is not read.
  response.setHeader("Connection", "close");
  json(response, status, { message });
}

function fail(response: ServerResponse, error: Error): void {
  if (response.headersSent) return void response.destroy();
  const isKnown = error instanceof BodyError || error instanceof OtlpError || error instanceof ActionError;
  if (!isKnown) process.stderr.write(`warning: the dashboard could not answer: ${error.message}\n`);
  response.setHeader("Connection", "close");
  json(response, isKnown ? error.status : 500, { message: isKnown ? error.message : "The dashboard could not answer." });
}

function portProblem(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new UserError(`--port: ${port} is in use, perhaps by another dashboard. Choose another port, or 0 for any free one.`);
  if (error.code === "EACCES")
    return new UserError(`--port: ${port} needs the rights of root. Choose one from 1024, or 0 for any free one.`);
  return error;
}
