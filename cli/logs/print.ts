import { styleText } from "node:util";
import parseDuration from "parse-duration";
import { UserError } from "../../lib/user-error.ts";
import type { LogLine } from "./log.ts";

/** Colours of the names of pods and containers on a terminal. */
const colours = ["cyan", "green", "yellow", "magenta", "blue"] as const;

export interface Format {
  json: boolean;
  timestamps: boolean;
}

/** Prints lines with the name of the pod or container before each, aligned as far as the names are known. */
export class LogPrinter {
  private readonly format: Format;
  private readonly names: string[] = [];
  private width = 0;

  constructor(format: Format) {
    this.format = format;
  }

  print(line: LogLine): void {
    if (this.format.json) {
      process.stdout.write(`${JSON.stringify(line)}\n`);
      return;
    }
    const { time, from, text } = line;
    if (!this.names.includes(from)) this.names.push(from);
    this.width = Math.max(this.width, from.length);
    const colour = colours[this.names.indexOf(from) % colours.length]!;
    const name = styleText(colour, from.padEnd(this.width), { stream: process.stdout });
    process.stdout.write(`${name}  ${this.format.timestamps ? `${time}  ` : ""}${printable(text)}\n`);
  }
}

/** Without what would control the terminal. */
function printable(text: string): string {
  return text.replace(/[^\P{C}\t]/gu, "");
}

/**
 * The time that `--since` names: `10m` is ten minutes ago.
 *
 * @throws UserError if it is no such time.
 */
export function sinceOf(text: string, now = Date.now()): Date {
  if (/^\d+[smhd]$/.test(text)) return new Date(now - parseDuration(text)!);
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new UserError(`--since: must be a time such as 10m, 2h or 2026-11-28T10:00:00Z (got "${text}").`);
  return new Date(time);
}
