import type { Configuration } from "../../config/settings.ts";
import { isAbove, Level, type Severity } from "../../lib/vulnerabilities/finding.ts";
import { Cause, causeOf, type VulnerabilityRecord } from "../../lib/vulnerabilities/record.ts";
import { describeFinding } from "./format.ts";
import type { ServiceFinding, StackScan } from "./scan-stack.ts";

/** A vulnerability that the program calls, and where it comes from. */
export interface CausedFinding {
  service: string;
  finding: ServiceFinding;
  cause: Cause;
}

/** What a change does to the vulnerabilities of a stack. */
export interface VulnerabilityReview {
  scan: StackScan;
  /** The reachable ones in what Go builds, also those that are accepted. */
  reachable: CausedFinding[];
  /** Why the gate is closed. */
  problems: string[];
}

/** What the last deployment has recorded. */
export interface LastDeployment {
  records: Record<string, VulnerabilityRecord>;
  /** Images by service and job. */
  images: Record<string, string>;
}

/**
 * Whether a vulnerability is more than the stack allows. A reachable one of unknown severity is above every maximum, because nobody has said that
 * it is harmless. One that the program does not call, or that an exception accepts, is never too much.
 *
 * @param max The highest severity that is allowed. Without it, only what is reachable counts.
 */
export function isTooMuch({ level, severity, exception }: ServiceFinding, max: Severity | undefined): boolean {
  if (exception || level === Level.Imported || level === Level.Required) return false;
  if (max === undefined) return level === Level.Reachable;
  return severity === undefined || isAbove(severity, max);
}

/** Judges what was found: what a change makes reachable closes the gate, and what was there before only above `maxSeverity`. */
export function judgeVulnerabilities(
  scan: StackScan,
  { supplyChain: { maxSeverity } }: Pick<Configuration, "supplyChain">,
  { records, images }: LastDeployment,
): VulnerabilityReview {
  const reachable = scan.services.flatMap(({ service, findings }) =>
    findings
      .filter(({ level }) => level === Level.Reachable)
      .map((finding): CausedFinding => ({ service, finding, cause: causeOf(finding, records[service], images[service] !== undefined) })),
  );
  const introduced = reachable.filter(({ cause }) => cause === Cause.Introduced);
  const closing = introduced.filter(({ finding }) => isTooMuch(finding, maxSeverity));
  const known = new Set(closing.map(({ finding }) => finding));
  const above =
    maxSeverity === undefined
      ? []
      : scan.services.flatMap(({ service, findings }) =>
          findings.filter((finding) => isTooMuch(finding, maxSeverity) && !known.has(finding)).map((finding) => ({ service, finding })),
        );
  // What Go builds is scanned without anything else on this machine, so the stack can rely on it.
  const notScanned = scan.services.filter(({ scanner, isBuiltByGo }) => !scanner && (isBuiltByGo || maxSeverity !== undefined));
  return {
    scan,
    reachable,
    problems: [
      ...closing.map(({ service, finding }) => `${service}: this change makes ${describeFinding(finding)}`),
      ...above.map(({ service, finding }) => `${service}: above maxSeverity ${maxSeverity}: ${describeFinding(finding)}`),
      ...notScanned.map(
        ({ service, notScanned: reason }) =>
          `${service}: was not scanned for vulnerabilities, which the stack requires (slipway:supplyChain): ${reason}.`,
      ),
    ],
  };
}
