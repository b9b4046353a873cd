/** The printable lines of a log. Docker puts a header of eight bytes before each chunk; its last four bytes are the chunk's length. */
export function linesOf(logs: Buffer): string[] {
  const header = 8;
  let text = "";
  for (let at = 0; at + header <= logs.length;) {
    const end = at + header + logs.readUInt32BE(at + 4);
    text += logs.toString("utf8", at + header, end);
    at = end;
  }
  const printable = text.replace(/[^\P{C}\n\t]/gu, "");
  return printable.split("\n").filter((line) => line.trim() !== "");
}
