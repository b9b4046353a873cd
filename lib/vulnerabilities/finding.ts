/** How a program concerns a vulnerability, the worst first. */
export const Level = {
  /** It calls the vulnerable function. */
  Reachable: "reachable",
  /** It imports the package, and does not call the function. */
  Imported: "imported",
  /** It needs the module, and does not import the package. */
  Required: "required",
  /** The image has the package. Nobody has looked whether it is called. */
  Present: "present",
} as const;
export type Level = (typeof Level)[keyof typeof Level];

const levels: Level[] = Object.values(Level);

/** A call on the way to a vulnerable function. */
export interface Frame {
  /** `http.Server.Serve`. */
  function: string;
  /** `app/main.go:42`, relative to the project. Only in modules of the project. */
  position?: string;
}

/** A vulnerability that concerns an image. */
export interface Finding {
  /** `GO-2026-6603`, `CVE-2026-1234`. */
  id: string;
  /** Other names of it. */
  aliases: string[];
  summary: string;
  url: string;
  /** Module, or package of a distribution. `stdlib` is Go's standard library. */
  module: string;
  version: string;
  /** The first version without it. @default - no version is without it yet */
  fixed?: string;
  level: Level;
  /** How bad it is. Go's database does not say. @default - unknown */
  severity?: Severity;
  /** The shortest way from the program to the vulnerable function. Only if it is reachable. */
  calls?: Frame[];
}

/** The mildest first. */
export const Severity = { Negligible: "negligible", Low: "low", Medium: "medium", High: "high", Critical: "critical" } as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

const severities: Severity[] = Object.values(Severity);

export function isAbove(severity: Severity, max: Severity): boolean {
  return severities.indexOf(severity) > severities.indexOf(max);
}

/** The worse of two findings of the same vulnerability: for several platforms, or from several messages. */
export function worse(one: Finding, other: Finding): Finding {
  const [a, b] = [levels.indexOf(one.level), levels.indexOf(other.level)];
  if (a !== b) return a < b ? one : other;
  return (other.calls?.length ?? Infinity) < (one.calls?.length ?? Infinity) ? other : one;
}

/** The reachable ones first, then by id. */
export function sorted(findings: Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) => levels.indexOf(a.level) - levels.indexOf(b.level) || a.id.localeCompare(b.id, "en", { numeric: true }),
  );
}
