import { Level, type Frame } from "../../lib/vulnerabilities/finding.ts";
import { shownVersion } from "../../lib/vulnerabilities/upgrade.ts";
import type { VulnerabilityReview } from "./judge.ts";
import { Cause } from "../../lib/vulnerabilities/record.ts";
import type { ServiceFinding } from "./scan-stack.ts";

/** The way from the program to the vulnerable function. Of a long one, only the beginning, where it leaves the program, and the end. */
export function formatCalls(calls: Frame[]): string {
  const own = calls.flatMap(({ position }, i) => (position === undefined ? [] : [i]));
  const left = (own.at(-1) ?? -1) + 1;
  const kept = new Set([own[0], ...own.slice(-2), left, calls.length - 1]);
  // One call is as long as the dots for it.
  const isKept = (i: number) => kept.has(i) || (kept.has(i - 1) && kept.has(i + 1));
  const shown = calls.flatMap((frame, i) => (isKept(i) ? [formatFrame(frame)] : isKept(i - 1) ? ["…"] : []));
  return shown.join(" → ");
}

function formatFrame({ function: name, position }: Frame): string {
  return position === undefined ? name : `${name} (${position})`;
}

/** `golang.org/x/text v0.3.5, fixed in v0.3.7`. */
export function formatModule({ module, version, fixed }: ServiceFinding): string {
  const fix = fixed === undefined ? "no version without it" : `fixed in ${shownVersion(module, fixed)}`;
  return `${module} ${shownVersion(module, version)}, ${fix}`;
}

/** `GO-2026-6603 (CVE-2026-78659)`. */
export function formatIds({ id, aliases }: Pick<ServiceFinding, "id" | "aliases">): string {
  return aliases.length === 0 ? id : `${id} (${aliases.join(", ")})`;
}

/** A vulnerability in one sentence, for the gate. */
export function describeFinding(finding: ServiceFinding): string {
  const { calls = [], level, severity, summary, upgrade } = finding;
  const how = level === Level.Reachable ? "reachable" : (severity ?? "unknown severity");
  const path = calls.length === 0 ? "" : ` ${formatCalls(calls)}.`;
  const remedy = upgrade === undefined ? "" : ` Upgrade: ${upgrade}.`;
  return `${formatIds(finding)} ${how}: ${summary}.${path} ${formatModule(finding)}.${remedy}`;
}

const causes: Partial<Record<Cause, string>> = {
  [Cause.Introduced]: "this change makes it reachable",
  [Cause.Published]: "published since the last deployment",
};

/** What a change does to the vulnerabilities of a stack, as `slipway preview` and `slipway impact` print it. */
export function formatVulnerabilities({ scan, reachable, problems }: VulnerabilityReview): string {
  const notable = reachable.filter(({ cause }) => causes[cause] !== undefined);
  const count = (cause: Cause) => reachable.filter((one) => one.cause === cause).length;
  const counts = [
    `${count(Cause.Introduced)} introduced`,
    ...(count(Cause.Published) > 0 ? [`${count(Cause.Published)} published since the last deployment`] : []),
    `${count(Cause.Existing)} existing`,
    ...(count(Cause.Unknown) > 0 ? [`${count(Cause.Unknown)} that may be existing: the last deployment has not recorded any`] : []),
  ];
  const lines = notable.flatMap(({ service, finding, cause }) => [
    `  ${finding.exception ? "✓" : cause === Cause.Introduced ? "✗" : "!"} ${service}: ${formatIds(finding)}  ${finding.summary}`,
    `      ${causes[cause]}: ${formatCalls(finding.calls ?? [])}`,
    `      ${formatModule(finding)}${finding.upgrade === undefined ? "" : `: ${finding.upgrade}`}`,
    ...(finding.exception ? [`      accepted until ${finding.exception.until}: ${finding.exception.reason}`] : []),
  ]);
  const skipped = scan.services.flatMap(({ service, notScanned }) =>
    notScanned === undefined ? [] : [`  ${service}: not scanned: ${notScanned}`],
  );
  const others = problems.filter((problem) => !/: this change makes |: was not scanned /.test(problem)).map((problem) => `  ✗ ${problem}`);
  return [
    `reachable vulnerabilities: ${counts.join(", ")}`,
    ...lines,
    ...others,
    ...skipped,
    ...scan.warnings.map((warning) => `  warning: ${warning}`),
  ].join("\n");
}

/** The same for `slipway impact --json`. */
export function vulnerabilitiesAsJson({ scan, reachable, problems }: VulnerabilityReview): object {
  return {
    database: scan.database,
    reachable: reachable.map(({ service, cause, finding }) => ({ service, cause, ...finding })),
    notScanned: scan.services.flatMap(({ service, notScanned }) => (notScanned === undefined ? [] : [{ service, reason: notScanned }])),
    problems,
    warnings: scan.warnings,
  };
}
