import type { ServerResponse } from "node:http";

/** Milliseconds between comments that keep a quiet connection open. */
const heartbeatMs = 15_000;

/** Bytes that wait for a page that does not read them. Then the connection is closed: the page connects again, and gets the newest state. */
const maxWaiting = 8 * 2 ** 20;

/** How many pages may be open. */
const maxClients = 20;

/** Sends server-sent events to all open pages: https://html.spec.whatwg.org/multipage/server-sent-events.html. */
export class EventStream {
  private readonly clients = new Set<ServerResponse>();
  private readonly heartbeat = setInterval(() => this.write(":\n\n"), heartbeatMs).unref();

  /** How many pages are open. */
  get size(): number {
    return this.clients.size;
  }

  /** Adds a page, and sends it the first events. False if too many are open. */
  add(response: ServerResponse, first: [event: string, data: unknown][]): boolean {
    if (this.clients.size >= maxClients) return false;
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(first.map(([event, data]) => message(event, data)).join(""));
    this.clients.add(response);
    response.on("close", () => this.clients.delete(response));
    return true;
  }

  send(event: string, data: unknown): void {
    if (this.clients.size > 0) this.write(message(event, data));
  }

  close(): void {
    clearInterval(this.heartbeat);
    for (const response of this.clients) response.destroy();
  }

  private write(text: string): void {
    for (const response of this.clients) {
      if (response.writableLength > maxWaiting) response.destroy();
      else response.write(text);
    }
  }
}

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
