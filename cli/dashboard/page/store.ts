import { useEffect, useState } from "preact/hooks";
import { Connection, takeToken } from "./connection.ts";
import type { Figures, NumberedLine, Sample, State, Telemetry } from "./model.ts";

/** Lines that are kept, as on the server. */
const maxLines = 100_000;

/** Samples of a service that are kept, as on the server. */
const maxSamples = 360;

/** All that the server has sent. Components that use it are drawn again when it changes, at most once a frame. */
class Store {
  readonly connection = new Connection(takeToken());
  state: State | undefined;
  figures: Figures = { samples: {} };
  telemetry: Telemetry = { traces: [], metrics: [], received: { traces: 0, metrics: 0, logs: 0 }, dropped: 0 };
  lines: NumberedLine[] = [];
  /** Grows when lines are removed from the beginning, so that a filter begins again. */
  trimmed = 0;
  isLive = false;
  rejected: string | undefined;
  private readonly listeners = new Set<() => void>();
  private isScheduled = false;
  private isCatchingUp = false;
  /** Number of the newest line that the server has told of. */
  private newest = 0;

  start(): void {
    const handlers = {
      state: (state: State) => void (this.state = state),
      figures: (figures: Figures) => void (this.figures = merged(this.figures, figures)),
      telemetry: (telemetry: Telemetry) => void (this.telemetry = telemetry),
      logs: (lines: NumberedLine[]) => this.addLines(lines),
    };
    const announced = Object.fromEntries(
      Object.entries(handlers).map(([event, handle]) => [event, (data: never) => (handle(data), this.changed())]),
    ) as typeof handlers;
    void this.connection.receive(announced, (isLive, rejected) => {
      this.isLive = isLive;
      this.rejected = rejected;
      // A server that was started again has other lines and figures.
      if (isLive) [this.lines, this.newest, this.figures, this.trimmed] = [[], 0, { samples: {} }, this.trimmed + 1];
      this.changed();
    });
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private changed(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Frames are not drawn while the page is in the background.
    setTimeout(() => {
      this.isScheduled = false;
      for (const listener of this.listeners) listener();
    }, 16);
  }

  private addLines(lines: NumberedLine[]): void {
    const last = this.lines.at(-1)?.number ?? 0;
    const isFirst = lines.length === 0;
    this.newest = Math.max(this.newest, lines.at(-1)?.number ?? 0);
    const hasGap = lines.length > 0 && lines[0]!.number > last + 1;
    if (isFirst || hasGap) return void this.catchUp();
    if (!this.isCatchingUp) this.append(lines);
  }

  /** Asks for the lines that the server had before this page, or left out in a flood. */
  private async catchUp(): Promise<void> {
    if (this.isCatchingUp) return;
    this.isCatchingUp = true;
    try {
      for (;;) {
        const lines = await this.connection.linesAfter(this.lines.at(-1)?.number ?? 0);
        this.append(lines);
        this.changed();
        // Events that come meanwhile are not appended.
        if (lines.length < 1000 && (this.lines.at(-1)?.number ?? 0) >= this.newest) return;
      }
    } catch {
      // The stream is opened again, and asks again.
    } finally {
      this.isCatchingUp = false;
    }
  }

  private append(lines: NumberedLine[]): void {
    const last = this.lines.at(-1)?.number ?? 0;
    for (const line of lines) if (line.number > last) this.lines.push(line);
    // Not at each new line, because that would begin the filter again.
    if (this.lines.length <= 1.1 * maxLines) return;
    this.lines = this.lines.slice(-maxLines);
    this.trimmed++;
  }
}

function merged(before: Figures, { samples, ...rest }: Figures): Figures {
  const all: Record<string, Sample[]> = { ...before.samples };
  for (const [service, added] of Object.entries(samples)) {
    const known = all[service] ?? [];
    const last = known.at(-1)?.time ?? 0;
    all[service] = [...known, ...added.filter(({ time }) => time > last)].slice(-maxSamples);
  }
  return { samples: all, ...rest };
}

export const store = new Store();

/** The store; draws the component again when it changes. */
export function useStore(): Store {
  const [, draw] = useState(0);
  useEffect(() => store.listen(() => draw((n) => n + 1)), []);
  return store;
}
