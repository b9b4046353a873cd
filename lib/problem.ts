/** A rule that a value breaks: where, and the rule with the value and the way out. */
export interface Problem {
  path: (string | number)[];
  message: string;
}

/** Takes a problem, if there is one. */
export type Report = (path: Problem["path"], message: string | undefined | false) => void;

/** The greatest number that Kubernetes takes for most of its fields. */
const int32 = 2 ** 31 - 1;

/** What is wrong with a number, or nothing. One that is known only later is not looked at. */
export function problemWithNumber(value: unknown, least: number, most = int32): string | undefined {
  if (typeof value !== "number" || (Number.isInteger(value) && value >= least && value <= most)) return undefined;
  if (most < int32) return `must be from ${least} to ${most}, got ${value}`;
  return value > most ? `must be at most ${most}, got ${value}` : `must be at least ${least}, got ${value}`;
}

/** What is wrong with a text, or nothing. One that is known only later is not looked at. */
export function ifKnown(value: unknown, problemWith: (text: string) => string | undefined): string | undefined {
  return typeof value === "string" ? problemWith(value) : undefined;
}

export function prefixed(prefix: string, message: string | undefined): string | undefined {
  return message && `${prefix} ${message}`;
}

/** Problems as lines. */
export function formatProblems(problems: Problem[]): string[] {
  return problems.map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")} ${message}`));
}
