import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/**
 * Serves the bare repositories in a folder with git's own server (https://git-scm.com/docs/git-http-backend), for reading.
 *
 * @returns its URL
 */
export async function startGitServer(folder: string, port: number): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => void answer(folder, request, response));
  await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Runs the program as a CGI script, https://www.rfc-editor.org/rfc/rfc3875. */
async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? "/", "http://git");
  const env = {
    PATH: process.env["PATH"],
    GIT_PROJECT_ROOT: folder,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method,
    PATH_INFO: pathname,
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: request.headers["content-type"] ?? "",
    HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
    GIT_PROTOCOL: [request.headers["git-protocol"]].flat().join(),
  };
  const child = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "ignore"] });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n");
  const headers = all.subarray(0, end).toString().split("\r\n");
  const named = headers.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()] as const);
  const status = named.find(([name]) => name === "Status")?.[1] ?? "200";
  response.writeHead(Number.parseInt(status), Object.fromEntries(named.filter(([name]) => name !== "Status")));
  response.end(all.subarray(end + 4));
}
