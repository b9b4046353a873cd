import type { LogLine } from "../../logs/log.ts";
import type { EventStream } from "../http/stream.ts";
import { later } from "../later.ts";
import type { NumberedLine } from "../page/model.ts";
import { LogBuffer } from "./log-buffer.ts";

/** Milliseconds in which lines are gathered before they are sent. */
const gatherMs = 100;

/** Lines in one event. A page asks for those between two events that were left out. */
const linesInEvent = 2000;

/** Gathers log lines, and sends them in batches. */
export class LogBatches {
  readonly buffer = new LogBuffer();
  private waiting: NumberedLine[] = [];
  private readonly stream: EventStream;
  private readonly sendLater = later(gatherMs, () => {
    if (this.waiting.length > 0) this.stream.send("logs", this.waiting.slice(-linesInEvent));
    this.waiting = [];
  });

  constructor(stream: EventStream) {
    this.stream = stream;
  }

  add(line: LogLine): void {
    const numbered = this.buffer.add(line);
    this.waiting.push(numbered);
    if (this.waiting.length > 2 * linesInEvent) this.waiting = this.waiting.slice(-linesInEvent);
    this.sendLater();
  }
}
