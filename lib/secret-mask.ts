/** A function that replaces secret values in a message: strings anywhere, numbers where they stand alone. */
export function secretMask(secrets: unknown[]): (message: string) => string {
  const leaves = secrets.flatMap(leavesOf);
  const texts = leaves.filter((leaf) => typeof leaf === "string" && leaf !== "") as string[];
  const numbers = leaves.filter((leaf) => typeof leaf === "number");
  // The longest first: otherwise the rest of a longer secret would remain.
  const alternatives = [
    ...texts.sort((a, b) => b.length - a.length).map(escape),
    ...numbers.map((number) => `(?<![\\w.])${escape(String(number))}(?![\\w.])`),
  ];
  if (alternatives.length === 0) return (message) => message;
  const pattern = new RegExp(alternatives.join("|"), "g");
  return (message) => message.replace(pattern, "[secret]");
}

function leavesOf(value: unknown): unknown[] {
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(leavesOf) : [value];
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
