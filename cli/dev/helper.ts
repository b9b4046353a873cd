import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { StreamAgent } from "../../lib/stream-agent.ts";

// What components/helper/develop/control.go serves.

/** Which program a helper runs. */
export interface HelperStatus {
  /** Digest of the layer with the program; empty for the program of the image. */
  digest: string;
  /** Whether the program answers. */
  serving: boolean;
  /** CPU architecture, as Go names it. */
  architecture: string;
  /** Whether requests wait while the program is replaced. */
  holds: boolean;
  /** Who replaces the program. */
  session?: Holder;
}

/** How a replacement ended. */
export interface Replacement {
  result: "ready" | "crashed";
  /** Why the new program does not run. */
  reason?: string;
  /** What the new program printed, if it does not run. */
  output?: string;
  /** Whether a program answers now: the new one, or the previous one. */
  serving: boolean;
}

/** A program for a helper. */
export interface SentProgram {
  /** Digest of the layer with the program. */
  digest: string;
  /** The layer's blob. */
  file: string;
  /** Whether it runs in the debugger. */
  isDebugged: boolean;
}

/** What a helper reports. */
export type HelperEvent =
  | { type: "log"; text?: string }
  | { type: "crashed"; text: string; output?: string }
  | { type: "restarted" }
  | { type: "telemetry"; signal: "traces" | "metrics" | "logs"; contentType: string; encoding?: string; body?: string }
  | { type: "lost"; count: number };

/** Who replaces the program of a container, and since when. */
export interface Holder {
  by: string;
  since: string;
}

/** Another session replaces the program. */
export class TakenError extends Error {
  readonly holder: Holder | null;
  constructor(holder: Holder | null) {
    super(holder === null ? "the session has ended" : `taken by ${holder.by} since ${holder.since}`);
    this.holder = holder;
  }
}

/** The helper in a container, which runs the program of a service. */
export class Helper {
  private readonly agent: StreamAgent;

  /** @param open connects to the port of the helper. */
  constructor(open: () => Promise<Duplex>) {
    this.agent = new StreamAgent(open);
  }

  async status(): Promise<HelperStatus> {
    return JSON.parse(await text(await this.send({ path: "/status" }))) as HelperStatus;
  }

  /**
   * Calls `begun` once the session has begun, and `seen` for each event, until the connection or the signal ends.
   *
   * @param by who replaces the program; undefined for one who only looks.
   * @throws TakenError if somebody else replaces it.
   */
  async events(by: string | undefined, begun: () => Promise<void>, seen: (event: HelperEvent) => void, signal: AbortSignal): Promise<void> {
    const query = by === undefined ? "" : `?${new URLSearchParams({ by }).toString()}`;
    const answer = await this.send({ path: `/events${query}`, signal });
    if (answer.statusCode === 409) throw new TakenError(JSON.parse(await text(answer)) as Holder);
    try {
      await begun();
      for await (const line of createInterface({ input: answer })) {
        const event = JSON.parse(line) as HelperEvent | { type?: never };
        // Without a type, it only keeps the connection.
        if (event.type !== undefined) seen(event);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /**
   * Runs the program of a layer instead of the current one.
   *
   * @throws TakenError if the session of `by` has ended, or Error if the layer does not arrive whole.
   */
  async replace(by: string, { digest, file, isDebugged }: SentProgram, signal: AbortSignal): Promise<Replacement> {
    const query = new URLSearchParams({ by, digest, ...(isDebugged && { debug: "1" }) });
    const { statusCode, body } = await this.put(`/program?${query.toString()}`, file, signal);
    if (statusCode === 409) throw new TakenError(JSON.parse(body) as Holder | null);
    if (statusCode !== 200) throw new Error(body.trim());
    return JSON.parse(body) as Replacement;
  }

  /** Gives the helper the debugger. */
  async takeDebugger(file: string, signal: AbortSignal): Promise<void> {
    const { statusCode, body } = await this.put("/debugger", file, signal);
    if (statusCode !== 200) throw new Error(body.trim());
  }

  private async put(path: string, file: string, signal: AbortSignal): Promise<{ statusCode: number | undefined; body: string }> {
    const { size } = await stat(file);
    const answer = await this.send({ method: "PUT", path, headers: { "content-length": size }, signal }, file);
    return { statusCode: answer.statusCode, body: await text(answer) };
  }

  close(): void {
    this.agent.destroy();
  }

  private send(options: RequestOptions, file?: string): Promise<IncomingMessage> {
    return new Promise((answered, failed) => {
      const asked = request({ agent: this.agent, host: "helper", ...options }, answered).on("error", failed);
      if (file === undefined) asked.end();
      else
        createReadStream(file, { highWaterMark: 1 << 20 })
          .on("error", failed)
          .pipe(asked);
    });
  }
}
