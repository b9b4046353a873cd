import { createHash } from "node:crypto";

// Records of changes that are appended to a file: a line `+<bytes of the text> <checksum> <text>` for each. A line of formatted JSON never starts
// with a plus.

const mark = "+";

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** A text without line breaks, as a line of a journal. */
export function journalRecord(text: string): string {
  return `${mark}${Buffer.byteLength(text)} ${checksum(text)} ${text}\n`;
}

/** A file that starts with a document, and may end with a journal. */
export interface Journaled {
  document: string;
  /** The texts of the records. */
  records: string[];
  /** Whether the last record is incomplete, because the process was killed, or the machine stopped, while it was written. It is not among them. */
  isTorn: boolean;
}

/**
 * Reads a file with a journal. A last record of which not everything was written is left out: whoever wrote it did not go on before it was.
 *
 * @throws Error if a record was changed.
 */
export function readJournal(content: string): Journaled {
  const start = content.startsWith(mark) ? 0 : content.indexOf(`\n${mark}`) + 1;
  if (start === 0 && !content.startsWith(mark)) return { document: content, records: [], isTorn: false };
  const records: string[] = [];
  // What was appended may be there only in part, or as zeros.
  const lines = content.slice(start).split("\n");
  const rest = lines.pop()!;
  for (const [i, line] of lines.entries()) {
    const text = textIn(line);
    const isLast = i === lines.length - 1 && rest === "";
    if (text === undefined && isLast && line.includes("\0")) return { document: content.slice(0, start), records, isTorn: true };
    if (text === undefined) throw new Error(`record ${i + 1} of the journal at its end is damaged`);
    records.push(text);
  }
  return { document: content.slice(0, start), records, isTorn: rest !== "" };
}

/** The text of a record. Undefined if the line is not what was written. */
function textIn(line: string): string | undefined {
  const [, bytes, sum, text] = /^\+(\d+) ([0-9a-f]{16}) (.*)$/s.exec(line) ?? [];
  return text !== undefined && Buffer.byteLength(text) === Number(bytes) && checksum(text) === sum ? text : undefined;
}
