const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A time span in its largest unit of which there are at least two, rounded down: `36 h`, `3 d`, `90 s`. */
export function formatSpan(milliseconds: number): string {
  const [name, size] = units.find(([unit, length]) => milliseconds >= 2 * length || unit === "s")!;
  return `${Math.max(0, Math.floor(milliseconds / size))} ${name}`;
}
