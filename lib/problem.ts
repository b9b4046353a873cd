import { formatPath, type Path } from "./property-path.ts";
import { UserError } from "./user-error.ts";

/** A rule that a value violates. */
export interface Problem {
  /** Where the value is: keys of maps and indices of lists. */
  path: Path;
  /** The rule with the value, and the remedy: `must be at least 1 (got 0). Set …`. Without a full stop at its end. */
  message: string;
}

/** Takes a problem, if there is one. */
export type Report = (path: Path, message: string | undefined | false) => void;

/** Calls a checker and returns what it reports. */
export function collect(check: (report: Report) => void): Problem[] {
  const problems: Problem[] = [];
  check((path, message) => {
    if (message) problems.push({ path, message });
  });
  return problems;
}

/** `services.web.port: must be between 1024 and 65535 (got 80).` */
export function formatProblem({ path, message }: Problem): string {
  const text = path.length === 0 ? message : `${formatPath(path)}: ${message}`;
  return /[.…?]$/.test(text) ? text : `${text}.`;
}

/**
 * Reports several problems as one error, so that all can be corrected at once.
 *
 * @throws UserError with the headline and a line for each problem, if there are any.
 */
export function throwIfAny(problems: (Problem | string)[], headline: string): void {
  if (problems.length === 0) return;
  const lines = problems.map((problem) => (typeof problem === "string" ? problem : formatProblem(problem)));
  throw new UserError([headline, ...lines.map((line) => `  - ${line.replaceAll("\n", "\n    ")}`)].join("\n"));
}

/** The largest number that Kubernetes accepts in most of its fields. */
const int32 = 2 ** 31 - 1;

/** What is wrong with a whole number. A value that is only known later is not checked. */
export function problemWithNumber(value: unknown, minimum: number, maximum = int32): string | undefined {
  if (typeof value !== "number") return undefined;
  if (!Number.isInteger(value)) return `must be a whole number (got ${value})`;
  if (value >= minimum && value <= maximum) return undefined;
  if (maximum < int32) return `must be between ${minimum} and ${maximum} (got ${value})`;
  return value > maximum ? `must be at most ${maximum} (got ${value})` : `must be at least ${minimum} (got ${value})`;
}

/** What is wrong with a text. A value that is only known later is not checked. */
export function ifKnown(value: unknown, problemWith: (text: string) => string | undefined): string | undefined {
  return typeof value === "string" ? problemWith(value) : undefined;
}

export function prefixed(prefix: string, message: string | undefined): string | undefined {
  return message && `${prefix} ${message}`;
}
