import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { request } from "node:https";
import { once } from "node:events";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { ApiServer } from "./api-server.ts";

/** A request that changes a state in the cluster, before it is sent on or after it was answered. */
export interface StateWrite {
  method: string;
  path: string;
  moment: "before" | "after";
  /** What is written. */
  body: string;
}

/** A way to a Kubernetes API that sees every write of a state. */
export class StateApi implements AsyncDisposable {
  /** Called for each write. It may stop whoever writes. */
  onWrite: (write: StateWrite) => void = () => {};
  private readonly server: Server;
  private readonly target: URL;
  private readonly token: string;
  private readonly certificate: string;

  private constructor(api: ApiServer) {
    const { clusters, users } = JSON.parse(readFileSync(join(api.folder, "kubeconfig.yaml"), "utf8")) as {
      clusters: { cluster: { server: string } }[];
      users: { user: { token: string } }[];
    };
    this.target = new URL(clusters[0]!.cluster.server);
    this.token = users[0]!.user.token;
    this.certificate = api.certificate;
    this.server = createServer((incoming, outgoing) => void this.forward(incoming, outgoing));
  }

  static async start(api: ApiServer): Promise<StateApi> {
    const started = new StateApi(api);
    started.server.listen(0, "127.0.0.1");
    await once(started.server, "listening");
    return started;
  }

  /** A kubeconfig with the context `state`. */
  get kubeconfig(): string {
    const { port } = this.server.address() as { port: number };
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      contexts: [{ name: "state", context: { cluster: "state", user: "state" } }],
      clusters: [{ name: "state", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "state", user: {} }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = incoming;
    const isWrite = method !== "GET" && url.includes("/secrets");
    const body = await buffer(incoming);
    if (isWrite) this.onWrite({ method, path: url, moment: "before", body: String(body) });
    const headers = { ...incoming.headers, host: this.target.host, authorization: `Bearer ${this.token}` };
    const forwarded = request(new URL(url, this.target), { method, headers, ca: this.certificate }, (response) => {
      if (isWrite) this.onWrite({ method, path: url, moment: "after", body: String(body) });
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    forwarded.end(body);
  }
}
