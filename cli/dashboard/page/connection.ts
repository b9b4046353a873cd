import type { Action, Figures, NumberedLine, Span, State, Telemetry } from "./model.ts";

/** What the server sends, by the name of the event. */
export interface Events {
  state: State;
  figures: Figures;
  telemetry: Telemetry;
  logs: NumberedLine[];
}

export type Handlers = { [K in keyof Events]: (data: Events[K]) => void };

/** Milliseconds until a lost connection is opened again: at first, and at most. */
const firstRetryMs = 500;
const lastRetryMs = 5000;

const storageKey = "slipway-dashboard-token";

/** The token is in the fragment of the printed URL, which browsers send to no server. It stays in this tab, and leaves the address bar. */
export function takeToken(): string {
  const [, fromUrl] = /^#token=([\w-]+)$/.exec(location.hash) ?? [];
  if (fromUrl !== undefined) {
    sessionStorage.setItem(storageKey, fromUrl);
    history.replaceState(null, "", "#/");
  }
  return sessionStorage.getItem(storageKey) ?? "";
}

/** An answer that is no success, with the server's message. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class Connection {
  private readonly token: string;

  constructor(token: string) {
    this.token = token;
  }

  /** Receives events until the page is closed. `live` tells whether the connection is open, or why it never will be. */
  async receive(handlers: Handlers, live: (live: boolean, rejected?: string) => void): Promise<void> {
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, lastRetryMs)) {
      try {
        const response = await this.request("/api/stream");
        live(true);
        retryMs = firstRetryMs;
        await read(response.body!, handlers);
      } catch (error) {
        // Another try has the same token.
        if (error instanceof ApiError && error.status === 401) return live(false, error.message);
      }
      live(false);
      await new Promise((done) => setTimeout(done, retryMs));
    }
  }

  async linesAfter(number: number): Promise<NumberedLine[]> {
    const response = await this.request(`/api/logs?after=${number}`);
    return ((await response.json()) as { lines: NumberedLine[] }).lines;
  }

  async spans(traceId: string): Promise<Span[]> {
    return ((await (await this.request(`/api/traces/${traceId}`)).json()) as { spans: Span[] }).spans;
  }

  async start(action: Action): Promise<void> {
    await this.request("/api/actions", { method: "POST", body: JSON.stringify(action), headers: { "Content-Type": "application/json" } });
  }

  private async request(path: string, options: RequestInit = {}): Promise<Response> {
    const headers = { ...(options.headers as Record<string, string>), Authorization: `Bearer ${this.token}` };
    const response = await fetch(path, { ...options, headers, cache: "no-store" });
    if (response.ok) return response;
    const { message } = (await response.json().catch(() => ({}))) as { message?: string };
    throw new ApiError(response.status, message ?? `HTTP ${response.status}`);
  }
}

/** Reads server-sent events. EventSource cannot send the token. */
async function read(body: ReadableStream<Uint8Array>, handlers: Handlers): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (rest + value).split("\n\n");
    rest = messages.pop()!;
    for (const message of messages) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(message) ?? [];
      if (event !== undefined && data !== undefined) handlers[event as keyof Events]?.(JSON.parse(data) as never);
    }
  }
}
