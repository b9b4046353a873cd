import type { LogLine } from "../../logs/log.ts";
import type { NumberedLine } from "../page/model.ts";

/** Lines and characters that are kept: the lines that a page can scroll through, and a bound on memory. */
const maxLines = 100_000;
const maxCharacters = 32 * 2 ** 20;

/** Characters of a line that are kept. */
const maxLineLength = 16_384;

/** The newest log lines. */
export class LogBuffer {
  private lines: NumberedLine[] = [];
  /** Index of the oldest line. Those before it are removed now and then, because removing one moves all others. */
  private first = 0;
  private characters = 0;
  private next = 1;

  add(line: LogLine): NumberedLine {
    const text = line.text.length > maxLineLength ? `${line.text.slice(0, maxLineLength)}…` : line.text;
    const numbered = { ...line, text, number: this.next++ };
    this.lines.push(numbered);
    this.characters += lengthOf(numbered);
    while (this.lines.length - this.first > maxLines || this.characters > maxCharacters) {
      this.characters -= lengthOf(this.lines[this.first]!);
      this.first++;
    }
    if (this.first > maxLines / 10) {
      this.lines = this.lines.slice(this.first);
      this.first = 0;
    }
    return numbered;
  }

  /** At most `max` lines after the one with a number. */
  after(number: number, max: number): NumberedLine[] {
    const oldest = this.lines[this.first]?.number ?? this.next;
    const start = this.first + Math.max(0, number + 1 - oldest);
    return this.lines.slice(start, start + max);
  }

  /** Number of the newest line; 0 if there was none. */
  get newest(): number {
    return this.next - 1;
  }
}

function lengthOf({ text, from, service, time }: NumberedLine): number {
  return text.length + from.length + service.length + time.length;
}
