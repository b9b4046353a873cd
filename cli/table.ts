import Table from "cli-table3";

const sides = ["top", "bottom", "left", "right"].flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`]);
const noBorders = { ...Object.fromEntries([...sides, "mid", "mid-mid"].map((side) => [side, ""])), middle: "  " };

/** Columns without borders, as kubectl prints them. */
export function table(head: string[], rows: string[][]): string {
  const style = { head: [], border: [], "padding-left": 0, "padding-right": 0 };
  const output = new Table({ head, chars: noBorders, style });
  output.push(...rows);
  return output.toString().replaceAll(/ +$/gm, "") + "\n";
}

/** The age in the largest unit that fits, as kubectl prints it. */
export function age(since: Date): string {
  return span(Date.now() - since.getTime());
}

/** Milliseconds in the largest unit that fits. */
export function span(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  const [unit, size] = (
    [
      ["d", 86_400],
      ["h", 3600],
      ["m", 60],
    ] as const
  ).find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)}${unit}`;
}
